"""A blog of somebody else, on an origin of its own: pages that hold the widget, under a policy as strict as can be."""

from dataclasses import dataclass, field, replace
from typing import Any

from flask import Flask, Response

from engagement.domain.moderation import Actor, Verdict
from engagement.services import moderation, sites
from engagement.services.ports import Toolbox

ARTICLE = (
    "<main><h1>Un articolo</h1><p>Poche righe, che si leggono in un momento.</p>{0}</main><footer>In fondo</footer>"
)
SHELL = """<!doctype html><html lang="{lang}" dir="{dir}"><head><meta charset="utf-8"><title>Un articolo</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">
<link rel="stylesheet" href="/blog.css"><script src="{service}/{script}" {attributes} defer></script></head><body>{body}</body></html>"""
STYLE = """body{margin:0 auto;padding:1rem;max-width:40rem;font:18px/1.5 Georgia,serif;color:#2a1a0a;background:#fffdf7}
@media(prefers-color-scheme:dark){body{color:#eee6d8;background:#16130f}}
.long{height:4000px} .kept{display:block;min-height:40rem} engagement-comments.kept{min-height:90rem}
input,textarea{font:inherit}"""


@dataclass
class Service:
    """The service under way at ``url``, and what others do there meanwhile."""

    app: Flask
    url: str

    @property
    def tools(self) -> Toolbox:
        tools: Toolbox = self.app.extensions["engagement"]
        return tools

    def comment(self, url: str, body: str, parent: str | None = None, author: str = "Ugo") -> str:
        """Somebody's published comment; its id."""
        given = {"page_url": url, "author": author, "body": body, "parent": parent}
        answer = self.app.test_client().post("/api/v1/sites/demo/comments", json=given)
        assert answer.status_code == 201, answer.text
        return str(answer.get_json()["comment"]["id"])

    def listed(self, url: str) -> list[dict[str, Any]]:
        answer = self.app.test_client().get("/api/v1/sites/demo/comments", query_string={"page_url": url})
        found: list[dict[str, Any]] = answer.get_json()["comments"]
        return found

    def rule(self, **rules: Any) -> None:
        with self.app.app_context():
            site = sites.find_site("demo")
            sites.save_site(self.tools, replace(site, rules=replace(site.rules, **rules)))

    def decide(self, comment_id: str, verdict: Verdict) -> None:
        with self.app.app_context():
            moderation.settle(self.tools, comment_id, verdict, actor=Actor.MODERATOR, who="m@x.example", version=None)


@dataclass
class Blog:
    """Pages by path; ``url`` is its origin, ``service`` where the widget comes from."""

    url: str
    service: str
    pages: dict[str, str] = field(default_factory=dict)

    def app(self) -> Flask:
        app = Flask("blog")
        app.add_url_rule("/blog.css", "style", lambda: Response(STYLE, content_type="text/css"))
        app.add_url_rule("/words.json", "words", lambda: Response(self.pages["words"], content_type="application/json"))
        app.add_url_rule("/<name>", "page", self._page)
        return app

    def page(self, name: str, body: str, **given: str) -> str:
        """Put a page there; its address."""
        wanted = {"lang": "it", "dir": "ltr", "script": "embed.js", "attributes": ""} | given
        self.pages[name] = SHELL.format(body=ARTICLE.format(body), service=self.service, **wanted)
        return f"{self.url}/{name}"

    def _page(self, name: str) -> Response:
        answer = Response(self.pages[name], content_type="text/html; charset=utf-8")
        answer.headers["Content-Security-Policy"] = (
            f"default-src 'none'; script-src {self.service}; style-src 'self'; img-src data:; base-uri 'none'; "
            f"connect-src {self.service} 'self'; form-action 'self' {self.service}; frame-src {self.service}; "
            "require-trusted-types-for 'script'; trusted-types engagement"
        )
        return answer


def element(url: str, more: str = "") -> str:
    """The widget as an element of its own."""
    return f'<engagement-comments site="demo" page-url="{url}" {more}></engagement-comments>'


def plain_form(blog: Blog, url: str) -> str:
    """A plain form as README.md shows it, with the widget around it."""
    return f"""<div data-engagement data-site="demo" data-page-url="{url}"><div data-thread class="kept"></div>
<form method="post" action="{blog.service}/sites/demo/comments"><input type="hidden" name="page_url" value="{url}">
<label>Nome <input name="author" required></label> <label>Email <input name="email" type="email"></label>
<label>Commento <textarea name="body" required></textarea></label> <button type="submit">Invia commento</button></form></div>"""
