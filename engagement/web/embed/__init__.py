"""``/embed.js``: the widget that enhances the plain form under an article.

``parts/`` and ``words/`` are its sources, ``script`` puts them together. Under ``/embed.<hash>.js`` the bytes never
change, so that a page can name their hash.
"""

from flask import Flask, Response, abort

from engagement.services.ports import Toolbox
from engagement.web.embed.script import script
from engagement.web.pages.assets import kept

_YEAR = 31_536_000  # seconds


def register(app: Flask, tools: Toolbox) -> None:
    app.extensions["engagement-embed"] = script()  # the command line tells its name
    app.add_url_rule("/embed.js", "embed_script", _script)
    app.add_url_rule("/embed.<digest>.js", "embed_named_script", _named)


def _script() -> Response:
    """The script, for any origin: blogs load it from theirs."""
    return _for_all(kept(script().text, "text/javascript"))


def _named(digest: str) -> Response:
    """The same under its own name, which no other text will ever have."""
    if f"embed.{digest}.js" != script().name:
        abort(404)
    answer = kept(script().text, "text/javascript")
    answer.headers["Cache-Control"] = f"public, max-age={_YEAR}, immutable"
    return _for_all(answer)


def _for_all(answer: Response) -> Response:
    answer.headers["Access-Control-Allow-Origin"] = "*"
    answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return answer
