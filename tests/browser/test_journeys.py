"""What people do here, each from beginning to end, with scripts and without."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.people import ABUSIVE, EMAIL, PASSWORD, House, Moderator, Reader

pytestmark = pytest.mark.browser
WAITING = "Il tuo commento è in attesa di moderazione"
BLOCKED = "Con questo trucco fai soldi facili, scrivimi."


@pytest.fixture(params=["script", "plain", "thread page"])
def reader(request: pytest.FixtureRequest, browser: Browser, house: House) -> Iterator[Reader]:
    """On the article with scripts, without, and on the thread page that needs none."""
    article = f"{house.url}/demo/"
    start = f"{house.url}/sites/demo/thread?page_url={article}" if request.param == "thread page" else article
    reader = Reader.at(browser, start, scripted=request.param == "script")
    reader.page.goto(start)
    yield reader
    reader.leave()


@pytest.fixture
def moderator(reader: Reader, browser: Browser, house: House) -> Iterator[Moderator]:
    moderator = Moderator.at(browser, house.url, scripted=reader.scripted)
    yield moderator
    moderator.leave()


def test_a_reader_comments_and_sees_it(reader: Reader) -> None:
    reader.write("Ada Rossi", "Proverò *anch’io*, grazie!")
    reader.reads("Proverò anch’io, grazie!")
    reader.page.goto(reader.url)
    reader.reads("Proverò anch’io, grazie!")
    reader.does_not_see("Vuoi rileggerlo")


def test_an_abusive_comment_is_advised_once_and_then_waits(reader: Reader) -> None:
    reader.write("Ada Rossi", ABUSIVE)
    reader.sees("Vuoi rileggerlo prima di inviarlo?")
    reader.still_has(ABUSIVE)
    reader.sends_anyway()
    reader.sees(WAITING)
    if reader.scripted:
        reader.reads(ABUSIVE)  # in its place, for its writer alone
        reader.page.goto(reader.url)
        reader.reads(ABUSIVE)
        reader.sees(WAITING)
        reader.forgets()
    reader.page.goto(reader.url)
    reader.does_not_read(ABUSIVE)


def test_a_writer_who_reads_again_can_say_it_better(reader: Reader) -> None:
    reader.write("Ada Rossi", ABUSIVE)
    reader.sees("Vuoi rileggerlo prima di inviarlo?")
    if reader.scripted:
        reader.press("Rileggi")
        expect(reader.page.get_by_label("Commento", exact=True), "waited for the text to be in hand").to_be_focused()
    reader.page.get_by_label("Commento", exact=True).fill("Non sono d’accordo con i tuoi numeri.")
    reader.press("Invia commento" if reader.scripted else "Invia comunque")
    reader.reads("Non sono d’accordo con i tuoi numeri.")


def test_a_refused_comment_says_why_and_keeps_the_text(reader: Reader) -> None:
    reader.refusals.add(403)
    reader.write("Ada Rossi", BLOCKED)
    reader.sends_anyway()
    reader.sees("Il testo contiene parole che questo sito non pubblica.")
    reader.still_has(BLOCKED)
    again = f"{BLOCKED} Subito!"
    reader.write("Ada Rossi", again)  # once is enough: now the decision comes at once
    reader.still_has(again)
    reader.sees("Il testo contiene parole che questo sito non pubblica.")
    reader.does_not_see("Vuoi rileggerlo prima di inviarlo?")


def test_a_moderator_decides_with_buttons_and_the_reader_sees_it(
    reader: Reader, moderator: Moderator, house: House
) -> None:
    reader.write("Ada Rossi", ABUSIVE)
    reader.sends_anyway()
    reader.sees(WAITING)

    moderator.enters(house.login_address())
    moderator.press("Esci")
    moderator.signs_in()
    card = moderator.card(ABUSIVE)
    expect(card, "waited for the reason in a sentence").to_contain_text("Trattenuto: tossicità")
    card.get_by_role("button", name="Approva").click()
    moderator.sees("Pubblicato: commento di Ada Rossi.")
    moderator.does_not_see(ABUSIVE)
    reader.page.goto(reader.url)
    reader.reads(ABUSIVE)

    moderator.press("Annulla")
    moderator.card(ABUSIVE)
    reader.page.goto(reader.url)
    reader.does_not_read(ABUSIVE)


def test_a_moderator_decides_by_keyboard_alone(reader: Reader, moderator: Moderator, house: House) -> None:
    reader.write("Ada Rossi", ABUSIVE)
    reader.sends_anyway()
    reader.sees(WAITING)

    moderator.page.goto(house.login_address())
    expect(moderator.page.get_by_label("Password"), "waited for the field to have the focus").to_be_focused()
    moderator.page.keyboard.type(PASSWORD)
    moderator.page.keyboard.press("Enter")
    card = moderator.card(ABUSIVE)
    if moderator.scripted:
        moderator.marks(card)
        moderator.page.keyboard.press("a")
    else:
        moderator.tabs_to(card.get_by_role("button", name="Approva"))
        moderator.page.keyboard.press("Enter")
    moderator.sees("Pubblicato: commento di Ada Rossi.")
    reader.page.goto(reader.url)
    reader.reads(ABUSIVE)

    if not moderator.scripted:
        moderator.tabs_to(moderator.page.get_by_role("button", name="Annulla"))
    moderator.page.keyboard.press("u" if moderator.scripted else "Enter")
    moderator.card(ABUSIVE)
    reader.page.goto(reader.url)
    reader.does_not_read(ABUSIVE)


def test_the_desk_shows_each_status_and_keeps_the_language(reader: Reader, moderator: Moderator, house: House) -> None:
    moderator.enters(house.login_address())
    page = moderator.page
    page.get_by_role("link", name="Rifiutati").click()
    expect(moderator.card("soldi facili"), "waited for the reason").to_contain_text("lista delle parole vietate")
    page.get_by_role("link", name="English").click()
    moderator.sees("Rejected:")
    page.get_by_role("link", name="Held", exact=False).click()
    card = page.locator("article.card").first
    card.get_by_role("link", name="Details").click()
    moderator.sees("Every decision about it")
    card.get_by_role("button", name="Reject").click()
    moderator.sees("Rejected: comment of")
    page.get_by_role("link", name="Audit").click()
    moderator.sees("Verdicts of people")
    expect(page.locator("ol.log").first, "waited for the verdict in the log").to_contain_text(EMAIL)
    moderator.press("Sign out")
    expect(page.get_by_role("button", name="Sign in"), "waited for the entrance in English").to_be_visible()


@pytest.mark.parametrize("reader", ["script", "plain"], indirect=True)
def test_who_has_no_link_at_hand_asks_for_one(reader: Reader, house: House) -> None:
    reader.page.goto(f"{house.url}/sites/demo/newsletter/leave")
    reader.page.get_by_label("Il tuo indirizzo e-mail").fill("lettrice@posta.example")
    reader.press("Inviami il link")
    reader.sees("Se questo indirizzo riceve la newsletter")


@pytest.mark.parametrize("reader", ["script", "plain"], indirect=True)
def test_a_newsletter_sign_up_is_confirmed_from_the_mail(reader: Reader, house: House) -> None:
    page = reader.page
    box = page.locator("form[data-newsletter]")
    box.get_by_label("Email").fill("lettrice@posta.example")
    box.get_by_role("checkbox").check()
    box.get_by_role("button", name="Iscriviti").click()
    reader.sees("Ci siamo quasi")

    house.deliver()
    page.goto(f"{house.url}/demo/mails/")
    page.get_by_role("link", name="Conferma l'iscrizione").first.click()
    with page.expect_popup() as opened:  # letters open their links in a page of their own
        page.frame_locator("iframe.letter").get_by_role("link", name="Conferma l'iscrizione").click()
    confirm = opened.value
    confirm.get_by_role("button", name="Conferma l'iscrizione").click()
    done = confirm.get_by_text("La tua iscrizione è avvenuta correttamente.")
    expect(done, "waited for the confirmation").to_be_visible()
