"""A moderator gives a form its own words; readers see them, and what each of them saw is proved."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from engagement.services.audience.wishes import carry_out
from engagement.storage.db import reading
from engagement.storage.tables import ConsentRow
from tests.browser.people import House, Moderator, Reader

pytestmark = pytest.mark.browser
OURS = "Voglio ricevere per e-mail la newsletter di"


@pytest.fixture
def moderator(browser: Browser, house: House) -> Iterator[Moderator]:
    moderator = Moderator.at(browser, house.url, scripted=True)
    yield moderator
    moderator.leave()


@pytest.fixture(params=[True, False], ids=["script", "plain"])
def reader(request: pytest.FixtureRequest, browser: Browser, house: House) -> Iterator[Reader]:
    reader = Reader.at(browser, house.url, scripted=request.param)
    yield reader
    reader.leave()


def proofs(house: House) -> list[tuple[str, str]]:
    with house.app.app_context():
        carry_out(house.app.extensions["engagement"])
    with house.app.app_context(), reading() as session:
        rows = session.query(ConsentRow).filter(ConsentRow.what == "asked").order_by(ConsentRow.id)
        return [(row.form, row.consent_text) for row in rows]


def test_words_from_the_desk_stand_in_the_box_and_in_the_proof(
    moderator: Moderator, reader: Reader, house: House
) -> None:
    reader.page.goto(f"{house.url}/demo/")  # before the change
    moderator.enters(house.login_address())
    moderator.page.get_by_role("link", name="Moduli").click()
    card = moderator.page.locator("#f-demo")
    card.get_by_label("Titolo").fill("Le lettere del cavo")
    card.get_by_label("Parole di apertura").fill("Una al mese, la domenica.")
    card.get_by_label("Testo accanto").fill("Sì, scrivetemi.")
    card.get_by_label("Che cosa si dice dopo l'iscrizione").fill("Controlla la posta e conferma.")
    card.get_by_role("button", name="Salva il modulo").click()
    moderator.sees("Salvato.")
    expect(card, "waited for the new words").to_contain_text("Le lettere del cavo")

    box = reader.page.locator("form[data-newsletter]")
    expect(box).to_contain_text(OURS)
    _sign_up(reader, "prima@posta.example")
    reader.page.goto(f"{house.url}/demo/")
    reader.sees("Le lettere del cavo")
    expect(box).to_contain_text("Sì, scrivetemi.")
    _sign_up(reader, "dopo@posta.example")
    (first, saw), second = proofs(house)
    assert (first, saw[: len(OURS)], second) == ("demo-1", OURS, ("demo-2", "Sì, scrivetemi."))


def test_the_form_s_own_page_takes_a_sign_up(reader: Reader, house: House) -> None:
    reader.page.goto(f"{house.url}/f/demo")
    reader.page.get_by_label("Email").fill("lettrice@posta.example")
    reader.page.get_by_label("Nome (facoltativo)").fill("Ada")
    reader.page.get_by_role("checkbox").check()
    reader.press("Iscriviti")
    reader.sees("Ci siamo quasi")
    assert [form for form, _ in proofs(house)] == ["demo-1"]


def test_the_page_for_leaving_takes_an_address(reader: Reader, house: House) -> None:
    reader.page.goto(f"{house.url}/sites/demo/newsletter/leave")
    reader.page.get_by_role("textbox").fill("lettrice@posta.example")
    reader.page.get_by_role("button").click()
    reader.sees("Se questo indirizzo riceve la newsletter")


def _sign_up(reader: Reader, email: str) -> None:
    box = reader.page.locator("form[data-newsletter]")
    box.get_by_label("Email").fill(email)
    box.get_by_role("checkbox").check()
    box.get_by_role("button", name="Iscriviti").click()
    reader.sees("Controlla la posta e conferma.")
