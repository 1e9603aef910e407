"""``/embed.js``: the widget that enhances the plain form under an article."""

from pathlib import Path

from flask import Flask, Response

from engagement.services.ports import Toolbox
from engagement.web.pages.assets import serve

_SCRIPT = Path(__file__).with_name("embed.js")


def register(app: Flask, tools: Toolbox) -> None:
    app.add_url_rule("/embed.js", "embed_script", _script)


def _script() -> Response:
    """The script, for any origin: blogs load it from theirs."""
    answer = serve(_SCRIPT, "text/javascript")
    answer.headers["Access-Control-Allow-Origin"] = "*"
    answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return answer
