"""A reader on the demo blog, in a real Chromium."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, Page, expect

from engagement.domain.screening import NotScreened
from tests.fakes import FixedScreener

pytestmark = pytest.mark.browser


@dataclass
class Visit:
    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)

    def fill(self, author: str, body: str) -> None:
        self.page.get_by_label("Nome").fill(author)
        self.page.get_by_label("Commento", exact=True).fill(body)

    def send(self) -> None:
        self.page.get_by_role("button", name="Invia commento").click()


@pytest.fixture(params=["script", "plain"])
def script(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "script")


@pytest.fixture
def visit(browser: Browser, address: str, script: bool) -> Iterator[Visit]:
    context = browser.new_context(java_script_enabled=script, viewport={"width": 390, "height": 844})
    visit = Visit(context.new_page(), f"{address}/demo/")
    visit.page.on("console", lambda m: visit.complaints.append(m.text) if m.type == "error" else None)
    visit.page.on("pageerror", lambda e: visit.complaints.append(str(e)))
    visit.page.goto(visit.url)
    yield visit
    assert visit.complaints == []
    context.close()


def test_a_reader_comments_and_sees_it(visit: Visit) -> None:
    visit.fill("Ada Rossi", "Proverò *anch’io*, grazie!")
    visit.send()
    expect(visit.page.locator(".eng-comment")).to_contain_text("Proverò anch’io, grazie!")
    visit.page.reload()
    expect(visit.page.locator(".eng-comment")).to_contain_text("Ada Rossi")
    expect(visit.page.locator("#comments")).to_have_text("1 commento" if _scripted(visit) else "Un commento")


def test_a_held_comment_shows_the_notice(visit: Visit, screener: FixedScreener) -> None:
    screener.toxicity = NotScreened("missing")
    visit.fill("Ada Rossi", "Un dubbio sul consumo")
    visit.send()
    expect(visit.page.get_by_text("Il tuo commento è in attesa di moderazione").last).to_be_visible()


def test_a_reader_writes_to_the_author(visit: Visit) -> None:
    role = "button" if _scripted(visit) else "link"
    visit.page.get_by_role(role, name="Scrivimi").click()
    form = visit.page.locator("form[data-contact]")
    form.get_by_label("Nome").fill("Lia")
    form.get_by_label("Email").fill("lia@posta.example")
    form.get_by_label("Messaggio").fill("Una domanda sul portatile")
    form.get_by_role("button", name="Invia messaggio").click()
    expect(visit.page.locator("#scrivimi")).to_contain_text("Grazie, il tuo messaggio è in viaggio.")
    assert visit.page.url.startswith(visit.url)


@pytest.mark.parametrize("script", ["script"], indirect=True)
def test_a_message_that_was_not_taken_is_kept_and_a_lost_answer_makes_no_second(visit: Visit) -> None:
    visit.page.get_by_role("button", name="Scrivimi").click()
    form = visit.page.locator("form[data-contact]")
    expect(form.get_by_label("Nome")).to_be_focused()
    keys: list[str] = []
    visit.page.on(
        "request", lambda r: keys.append(r.headers.get("idempotency-key", "")) if r.method == "POST" else None
    )
    form.get_by_label("Nome").fill("Lia")
    form.get_by_label("Messaggio").fill("Una domanda")
    form.get_by_role("button", name="Invia messaggio").click()
    expect(visit.page.locator("#contact-email-error")).to_contain_text("indirizzo e-mail")
    expect(form.get_by_label("Email")).to_be_focused()
    form.get_by_label("Email").fill("lia@posta.example")
    visit.page.route(re.compile("/messages$"), lambda route: route.abort())
    form.get_by_role("button", name="Invia messaggio").click()
    expect(form).to_contain_text("Il messaggio non è partito")
    visit.page.unroute(re.compile("/messages$"))
    form.get_by_role("button", name="Invia messaggio").click()
    expect(form).to_contain_text("Grazie")
    assert keys[0] != keys[1] == keys[2]
    visit.complaints.clear()  # the browser itself reports both refusals


def test_the_page_fits_a_small_screen(visit: Visit) -> None:
    if _scripted(visit):
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("script", ["script"], indirect=True)
def test_an_empty_form_shows_its_errors_in_place(visit: Visit) -> None:
    visit.send()
    expect(visit.page.locator("#eng-author-error")).to_have_text("Scrivi il tuo nome.")
    expect(visit.page.locator("#eng-body-error")).to_have_text("Scrivi il tuo commento.")
    expect(visit.page.locator(".eng-summary")).to_be_focused()


@pytest.mark.parametrize("script", ["script"], indirect=True)
def test_a_reader_answers_with_the_keyboard(visit: Visit) -> None:
    visit.fill("Ada", "Una prima voce")
    visit.send()
    reply = visit.page.get_by_role("button", name="Rispondi a Ada")
    reply.focus()
    visit.page.keyboard.press("Enter")
    expect(visit.page.get_by_label("Commento", exact=True)).to_be_focused()
    visit.fill("Ugo", "Una risposta")
    visit.send()
    expect(visit.page.locator(".eng-depth-1")).to_contain_text("in risposta a Ada")


@pytest.mark.parametrize("script", ["script"], indirect=True)
def test_a_rejected_text_stays_and_a_lost_answer_makes_no_second_comment(visit: Visit, screener: FixedScreener) -> None:
    visit.fill("Ada", "Parole da rileggere")
    keys: list[str] = []
    visit.page.on(
        "request", lambda r: keys.append(r.headers.get("idempotency-key", "")) if r.url.endswith("/comments") else None
    )
    visit.page.route(re.compile("/comments$"), lambda route: route.abort())
    visit.send()
    expect(visit.page.locator(".eng-summary")).to_contain_text("L’invio non è riuscito")
    visit.page.unroute(re.compile("/comments$"))
    screener.toxicity = 0.97
    visit.send()
    visit.page.get_by_role("button", name="Invia comunque").click()
    expect(visit.page.locator(".eng-summary")).to_contain_text("non è stato pubblicato")
    expect(visit.page.get_by_label("Commento", exact=True)).to_have_value("Parole da rileggere")
    assert keys[0]
    assert keys[0] == keys[1]
    visit.complaints.clear()  # the browser itself reports both refusals


@pytest.mark.parametrize("script", ["script"], indirect=True)
def test_a_preview_that_fails_holds_no_comment_back(visit: Visit) -> None:
    visit.page.route("**/comments/preview", lambda route: route.abort())
    visit.fill("Ada", "Una voce tra le altre")
    visit.send()
    expect(visit.page.locator(".eng-comment")).to_contain_text("Una voce tra le altre")
    visit.complaints.clear()  # the browser itself reports the preview


def _scripted(visit: Visit) -> bool:
    return visit.page.locator("form.eng-form").evaluate("form => form.noValidate") is True
