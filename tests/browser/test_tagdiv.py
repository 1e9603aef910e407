"""A page of a theme such as tagDiv's Newspaper, at its own origin: only its form's ``action`` is changed.

The blog includes the thread on its side, as a theme's ``comments.php`` would.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, Response, expect

from engagement.services import comments, sites
from engagement.services.discussion.posts import map_posts
from tests.browser.conftest import _demo, _free, _served
from tests.fakes import FixedScreener

pytestmark = pytest.mark.browser

HTML = Path(__file__).with_name("pages").joinpath("tagdiv.html").read_text("utf-8")
ACTION = 'action="https://gazzetta.example/wp-comments-post.php"'
TEXT = "Il pane di quel forno sa di domenica."


@dataclass
class Blog:
    """The blog's own server, and what stands in the service's database."""

    app: Flask
    service: str
    url: str = ""

    @property
    def article(self) -> str:
        return f"{self.url}/2026/11/il-forno-di-quartiere/"

    def html(self) -> bytes:
        """The theme's page; the service is named in the form's action and asked for the thread."""
        assert HTML.count(ACTION) == HTML.count("<!-- comments -->") == 1
        query = urlencode({"page_url": self.article, "fragment": "1", "form": "0"})
        with urlopen(f"{self.service}/sites/demo/thread?{query}", timeout=20) as answer:
            thread = answer.read().decode()
        action = f'action="{self.service}/sites/demo/wp-comments-post.php"'
        return HTML.replace(ACTION, action).replace("<!-- comments -->", thread).encode()

    def kept(self) -> int:
        with self.app.app_context():
            thread = comments.read_thread(sites.find_site("demo"), self.article, sort="oldest", limit=9, after=None)
        return thread.count


@pytest.fixture
def blog(make_app: Callable[..., Flask]) -> Iterator[Blog]:
    service = _free()
    blog = Blog(_demo(make_app, service, limits__flood_per_minute="2"), service)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = blog.html()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    blog.url = f"http://127.0.0.1:{server.server_port}"
    with blog.app.app_context():
        site = sites.find_site("demo")
        sites.save_site(blog.app.extensions["engagement"], replace(site, origins=(*site.origins, blog.url)))
        map_posts(site := sites.find_site("demo"), [(42, blog.article, "Il forno di quartiere")])
    thread = Thread(target=server.serve_forever)
    thread.start()
    with _served(blog.app, service):
        yield blog
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(params=["script", "plain"])
def scripted(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "script")


@pytest.fixture
def page(browser: Browser, blog: Blog, scripted: bool) -> Iterator[Page]:
    context = browser.new_context(java_script_enabled=scripted, locale="it-IT")
    page = context.new_page()
    page.goto(blog.article)
    yield page
    context.close()


def fill(page: Page, comment: str = TEXT, author: str = "Ada Rossi", email: str = "ada@lettori.example") -> None:
    for name, value in (("comment", comment), ("author", author), ("email", email)):
        page.locator(f"#{name}").fill(value)


def send(page: Page) -> Response:
    """Press the theme's button; the answer that the form's own request got."""
    with page.expect_response(lambda r: r.request.method == "POST") as got, page.expect_navigation():
        page.locator("#submit").click()
    return got.value


def test_a_comment_comes_back_to_the_article_at_its_place(page: Page, blog: Blog) -> None:
    fill(page)
    assert send(page).status == 303
    assert page.url.startswith(f"{blog.article}#comment-")
    expect(page.locator(f"#{page.url.partition('#')[2]}")).to_contain_text(TEXT)
    expect(page.locator(":target")).to_contain_text("Ada Rossi")


def test_a_held_comment_comes_back_to_the_form(page: Page, blog: Blog, screener: FixedScreener) -> None:
    screener.toxicity = 0.7
    fill(page)
    assert send(page).status == 303
    assert page.url == f"{blog.article}?commento=attesa#respond"
    expect(page.get_by_text(TEXT)).to_have_count(0)


def test_a_duplicate_is_a_page_that_keeps_the_text(page: Page, blog: Blog) -> None:
    fill(page)
    send(page)
    fill(page)
    assert send(page).status == 409
    expect(page.get_by_label("Commento", exact=True)).to_have_value(TEXT)
    expect(page.get_by_role("alert")).to_be_visible()
    assert blog.kept() == 1


def test_a_flood_is_told_to_wait_and_keeps_the_text(page: Page, blog: Blog) -> None:
    for number in range(2):
        fill(page, f"{TEXT} {number}")
        send(page)
    fill(page, f"{TEXT} 3")
    answer = send(page)
    assert (answer.status, int(answer.headers["retry-after"]) > 0) == (429, True)
    expect(page.get_by_label("Commento", exact=True)).to_have_value(f"{TEXT} 3")
    assert blog.kept() == 2


@pytest.mark.parametrize("scripted", ["script"], indirect=True)
@pytest.mark.parametrize(
    ("typed", "field", "warning"),
    [
        ({"comment": "  "}, "comment", "td-warning-comment"),
        ({"author": ""}, "author", "td-warning-author"),
        ({"email": ""}, "email", "td-warning-email"),
        ({"email": "ada@"}, "email", "td-warning-email-error"),
    ],
)
def test_the_theme_s_own_check_still_comes_first(
    page: Page, blog: Blog, typed: dict[str, str], field: str, warning: str
) -> None:
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method))
    fill(page, **typed)
    page.locator("#submit").click()
    expect(page.locator(f".{warning}")).to_be_visible()
    expect(page.locator(".td-warning-shown")).to_have_count(1)
    expect(page.locator(f"#{field}")).to_have_css("border-color", "rgb(255, 122, 122)")
    page.locator(f"#{field}").focus()
    expect(page.locator(f".{warning}")).to_be_hidden()
    assert sent == []
    fill(page)
    assert send(page).status == 303
    assert blog.kept() == 1


@pytest.mark.parametrize("scripted", ["plain"], indirect=True)
@pytest.mark.parametrize(
    ("typed", "label", "words"),
    [
        ({"comment": ""}, "Commento", "Per favore inserisci il tuo commento!"),
        ({"author": ""}, "Nome", "Per favore inserisci il tuo nome qui"),
    ],
)
def test_without_script_the_service_says_the_same_words_and_lets_it_be_put_right(
    page: Page, blog: Blog, typed: dict[str, str], label: str, words: str
) -> None:
    fill(page, **typed)
    assert send(page).status == 200
    expect(page.get_by_text(words).first).to_be_visible()
    assert blog.kept() == 0
    if "comment" not in typed:
        expect(page.get_by_label("Commento", exact=True)).to_have_value(TEXT)
    page.get_by_label(label, exact=True).fill("Adesso c’è.")
    page.get_by_role("button", name="Invia commento").click()
    page.wait_for_url(f"{blog.article}#comment-*")
    expect(page.locator(":target")).to_contain_text("Adesso c’è.")
