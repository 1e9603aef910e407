"""The snippet for plain pages, pasted below an article at an origin of its own."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from engagement.services import sites
from tests.browser.conftest import _demo, _free, _served

pytestmark = pytest.mark.browser
SNIPPET = Path(__file__).resolve().parents[2] / "integrations" / "html" / "comments.html"
HEAD = '<!doctype html><html lang="it"><meta charset="utf-8"><title>Articolo</title><link rel="icon" href="data:,">'


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def article(make_app: Callable[..., Flask], tmp_path: Path) -> Iterator[str]:
    """The address of a page with the snippet, its three names changed as its first line says."""
    service = _free()
    app = _demo(make_app, service)
    (tmp_path / "blog").mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path / "blog")))
    origin = f"http://127.0.0.1:{server.server_port}"
    article = f"{origin}/articolo.html"
    with app.app_context():
        site = sites.find_site("demo")
        sites.save_site(app.extensions["engagement"], replace(site, origins=(*site.origins, origin)))
    text = SNIPPET.read_text("utf-8").partition("\n")[2]
    for old, new in (
        ("https://blog.example/article", article),
        ("https://commenti.example", service),
        ("my-blog", "demo"),
    ):
        text = text.replace(old, new)
    (tmp_path / "blog" / "articolo.html").write_text(f"{HEAD}<h1>Articolo</h1>{text}", "utf-8")
    thread = Thread(target=server.serve_forever)
    thread.start()
    with _served(app, service):
        yield article
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("scripted", [True, False], ids=["script", "plain"])
def test_a_reader_comments_below_a_plain_page(browser: Browser, article: str, scripted: bool) -> None:
    context = browser.new_context(java_script_enabled=scripted, locale="it-IT")
    page: Page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(article)
    page.get_by_label("Nome").fill("Ada Rossi")
    page.get_by_label("Commento", exact=True).fill("Una pagina *semplice*, grazie.")
    page.get_by_role("button", name="Invia commento").click()
    if not scripted:
        page.wait_for_url(f"{article}#comment-*")
        page.get_by_role("link", name="Leggi i commenti").click()
    expect(page.locator(".eng-comment", has_text="Una pagina semplice, grazie.")).to_be_visible()
    assert complaints == []
    context.close()
