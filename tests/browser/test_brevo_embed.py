"""A page with an embedded form of Brevo's shape, on an address of its own, whose action alone was changed to ours."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import replace as changed
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from flask import Flask, Response
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server

from engagement.services import sites
from engagement.services.audience.wishes import carry_out
from engagement.services.mail import deliver_due
from engagement.storage.tables import ConsentRow, SubscriptionRow
from tests.services.test_newsletter import rows

PAGES = Path(__file__).with_name("pages")
EMAIL = "ada@lettori.example"


@dataclass
class Blog:
    """The blog's page at ``url``, and the service that its form talks to."""

    url: str
    service: Flask
    page: Page
    complaints: list[str]

    def sign_up(self, email: str = EMAIL, name: str = "Ada", agree: bool = True) -> None:
        self.page.fill("#EMAIL", email)
        self.page.fill("#NOME", name)
        self.page.set_checked("#OPT_IN", agree)
        self.page.click("button[form=sib-form]")

    def panel(self, name: str) -> Any:
        return expect(self.page.locator(f"#{name}-message.sib-form-message-panel--active"))

    def kept(self, kind: type[Any]) -> list[Any]:
        with self.service.app_context():
            carry_out(self.service.extensions["engagement"])
            return list(rows(kind))


@contextmanager
def served(app: Any, port: int = 0) -> Iterator[str]:
    server = make_server("127.0.0.1", port, app, threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def blog_page(action: str) -> Flask:
    blog = Flask("blog", static_folder=None)
    page = (PAGES / "brevo.html").read_text("utf-8").replace("ACTION", action)
    blog.add_url_rule("/articolo/", "page", lambda: Response(page, content_type="text/html; charset=utf-8"))
    script = (PAGES / "embed.js").read_text("utf-8")
    blog.add_url_rule("/articolo/embed.js", "script", lambda: Response(script, content_type="text/javascript"))
    return blog


@pytest.fixture
def open_blog(make_app: Callable[..., Flask], browser: Browser) -> Iterator[Callable[..., Blog]]:
    """The blog at a page of Chromium; ``known=False``: the site does not list the blog's address."""
    closing: list[Any] = []

    def build(known: bool = True, scripted: bool = True, **settings: str) -> Blog:
        app = make_app(**settings)
        service = served(app)
        url = service.__enter__()
        closing.append(service)
        place = served(blog_page(f"{url}/f/demo"))
        blog_url = place.__enter__()
        closing.append(place)
        with app.app_context():
            site = sites.find_site("demo")
            if known:
                sites.save_site(app.extensions["engagement"], changed(site, origins=(*site.origins, blog_url)))
        context = browser.new_context(java_script_enabled=scripted)
        page = context.new_page()
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
        page.goto(f"{blog_url}/articolo/")
        closing.append(context)
        return Blog(blog_url, app, page, complaints)

    yield build
    for one in reversed(closing):
        one.close() if hasattr(one, "close") else one.__exit__(None, None, None)


def test_a_sign_up_shows_the_success_panel_with_our_words_and_empties_the_form(open_blog: Callable[..., Blog]) -> None:
    blog = open_blog()
    blog.sign_up()
    blog.panel("success").to_have_text("Ci siamo quasi: apri l'e-mail che ti stiamo inviando e conferma l'iscrizione.")
    expect(blog.page.locator("#EMAIL")).to_have_value("")
    expect(blog.page.locator(".progress-indicator__icon")).to_be_hidden()
    assert [(row.email, row.name, row.state) for row in blog.kept(SubscriptionRow)] == [(EMAIL, "Ada", "pending")]
    assert blog.kept(ConsentRow)[0].form == "demo-1"
    assert blog.complaints == []


def test_errors_stand_at_their_fields_and_go_when_they_are_mended(open_blog: Callable[..., Blog]) -> None:
    blog = open_blog()
    blog.sign_up(email="non un indirizzo", name="x" * 101, agree=False)
    blog.panel("error").to_have_text("La tua iscrizione non può essere convalidata.")
    for field in ("EMAIL", "NOME", "OPT_IN"):
        entry = blog.page.locator(f".form__entry.entry_errored:has([name={field}])")
        expect(entry.locator(".entry__error--primary")).not_to_be_empty()
    assert blog.kept(SubscriptionRow) == []
    blog.sign_up()
    blog.panel("success").to_be_visible()
    expect(blog.page.locator(".entry_errored")).to_have_count(0)
    blog.panel("error").to_have_count(0)
    assert blog.complaints == []


def test_a_known_address_sees_the_same(open_blog: Callable[..., Blog]) -> None:
    blog = open_blog()
    seen = []
    for _ in range(2):
        blog.sign_up()
        blog.panel("success").to_be_visible()
        seen.append(blog.page.inner_text("#sib-form-container"))
        blog.page.reload()
    assert seen[0] == seen[1]
    assert len(blog.kept(SubscriptionRow)) == 1


def test_a_filled_honeypot_looks_like_success_and_keeps_nothing(open_blog: Callable[..., Blog]) -> None:
    blog = open_blog()
    blog.page.evaluate("document.querySelector('[name=email_address_check]').value = 'x'")
    blog.sign_up()
    blog.panel("success").to_be_visible()
    assert blog.kept(SubscriptionRow) == []


def test_too_many_sign_ups_are_a_sentence_and_no_loader_that_turns_for_ever(open_blog: Callable[..., Blog]) -> None:
    blog = open_blog(limits__enabled="true", limits__newsletter="1 per hour")
    blog.sign_up()
    blog.panel("success").to_be_visible()
    blog.sign_up("eva@lettori.example")
    blog.panel("error").to_contain_text("Troppe richieste")
    expect(blog.page.locator(".progress-indicator__icon")).to_be_hidden()
    assert blog.complaints == []


def test_a_request_that_is_too_large_is_a_sentence_too(open_blog: Callable[..., Blog]) -> None:
    blog = open_blog()
    blog.page.evaluate("document.querySelector('#NOME').maxLength = 100000")
    blog.sign_up(name="x" * 20_000)
    blog.panel("error").to_contain_text("La tua iscrizione non può essere convalidata.")
    expect(blog.page.locator(".progress-indicator__icon")).to_be_hidden()


def test_a_blog_that_the_site_does_not_list_cannot_read_the_answer(open_blog: Callable[..., Blog]) -> None:
    """Its loader turns for ever, as it does when the network fails: that is how embeds are."""
    blog = open_blog(known=False)
    with blog.page.expect_event("pageerror"):
        blog.sign_up()
    expect(blog.page.locator(".progress-indicator__icon")).to_be_visible()
    assert blog.kept(SubscriptionRow) == []


def test_without_javascript_the_answer_is_a_page_and_the_mail_s_button_confirms(
    open_blog: Callable[..., Blog],
) -> None:
    blog = open_blog(scripted=False)
    blog.sign_up()
    expect(blog.page.locator("main")).to_contain_text("Ci siamo quasi")
    with blog.service.app_context():
        tools = blog.service.extensions["engagement"]
        carry_out(tools)
        deliver_due(tools)
        [(recipient, _)] = tools.postman.sent
        row = rows(SubscriptionRow)[0]
        link = tools.links.newsletter("confirm", row.id, row.version)
    assert recipient == EMAIL
    service = blog.page.url.partition("/f/")[0]
    blog.page.goto(service + link.removeprefix(tools.settings.server.public_url))
    blog.page.click("main button")
    expect(blog.page.locator("main")).to_contain_text("La tua iscrizione è avvenuta correttamente.")
