"""A form's own texts where readers meet them, and the proof of exactly what each of them saw."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from engagement.domain.newsletter import NewsletterForm
from engagement.services import sites
from engagement.services.audience import forms
from engagement.storage.tables import ConsentRow, SubscriptionRow
from tests.web.test_newsletter import API, FORM, READER, rows

OURS = (
    "Voglio ricevere per e-mail la newsletter di Il blog di prova. Posso annullare l'iscrizione in qualsiasi momento."
)
SHOWN = OURS.replace("'", "&#39;")
TEXTS = {
    "title": "Le lettere & altro",
    "lead": "Una al mese.",
    "consent_text": "Sì, scrivetemi.",
    "success_text": "Ora controlla la posta.",
}


def save(client: FlaskClient, key: str = "demo", **changes: Any) -> NewsletterForm:
    with client.application.app_context():
        tools, site = client.application.extensions["engagement"], sites.find_site("demo")
        known = next((form for form in forms.forms_of(site) if form.key == key), NewsletterForm(key, site.id))
        return forms.save_form(tools, site, replace(known, **changes))


def proofs(client: FlaskClient) -> list[tuple[str, str]]:
    return [(row.form, row.consent_text) for row in rows(client, ConsentRow) if row.what == "asked"]


def by_api(client: FlaskClient, **fields: Any) -> tuple[int, Any]:
    answer = client.post(API, json={"email": READER, "consent": True} | fields)
    return answer.status_code, answer.get_json()


def by_page(client: FlaskClient, **fields: Any) -> tuple[int, str]:
    answer = client.post(FORM, data={"email": READER, "consent": "true"} | fields)
    return answer.status_code, answer.text


def by_form(client: FlaskClient, **fields: Any) -> tuple[int, str]:
    key = fields.pop("form", "demo")
    answer = client.post(f"/f/{key}", data={"EMAIL": READER, "OPT_IN": "1"} | fields)
    return answer.status_code, answer.text


DOORS: tuple[Callable[..., tuple[int, Any]], ...] = (by_api, by_page, by_form)


@pytest.mark.parametrize("door", DOORS)
def test_the_proof_is_of_the_version_that_was_shown(client: FlaskClient, door: Callable[..., tuple[int, Any]]) -> None:
    save(client, consent_text="Sì, scrivetemi.")
    save(client, consent_text="Sì!")
    for number in (1, 2, 3):
        door(client, form="demo", consent_version=number, **_mail(door, f"r{number}@posta.example"))
    door(client, form="demo", **_mail(door, "r4@posta.example"))
    assert proofs(client) == [("demo-1", OURS), ("demo-2", "Sì, scrivetemi."), ("demo-3", "Sì!"), ("demo-3", "Sì!")]


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("version", [0, 2, -1, 2**40])
def test_a_version_that_never_was_is_refused_and_nothing_is_kept(
    client: FlaskClient, door: Callable[..., tuple[int, Any]], version: int
) -> None:
    assert door(client, form="demo", consent_version=version)[0] == 422
    assert rows(client, SubscriptionRow) == []


@pytest.mark.parametrize("version", ["1", 1.5, True, None, [1]])
def test_a_version_is_a_number(client: FlaskClient, version: object) -> None:
    status, said = by_api(client, form="demo", consent_version=version)
    assert (status, [error["pointer"] for error in said["errors"]]) == (422, ["/consent_version"])


def test_a_wrong_form_and_wrong_fields_are_told_together(client: FlaskClient) -> None:
    with client.application.app_context():
        tools = client.application.extensions["engagement"]
        sites.save_site(tools, sites.Site(0, "altro", "Altro", origins=("https://altro.example",)))
    for key in ("ignoto", "altro", "../x", "x" * 300):
        status, said = by_api(client, email="no", form=key)
        assert (status, [error["pointer"] for error in said["errors"]]) == (422, ["/email", "/form"])
    assert by_page(client, form="altro")[0] == 422


def test_without_a_form_all_is_as_it_was(client: FlaskClient) -> None:
    save(client, **TEXTS)
    said = by_api(client)[1]["message"]
    by_page(client, email="altra@posta.example")
    assert said.startswith("Ci siamo quasi")
    assert proofs(client) == [("api-1", OURS), ("page-1", OURS)]


@pytest.mark.parametrize("door", DOORS)
def test_a_reader_is_told_what_the_form_says(client: FlaskClient, door: Callable[..., tuple[int, Any]]) -> None:
    save(client, **TEXTS)
    status, said = door(client, form="demo")
    assert status in {200, 202}
    assert "Ora controlla la posta." in str(said)


def test_the_embed_s_script_is_told_so_too(client: FlaskClient) -> None:
    save(client, **TEXTS)
    said = client.post("/f/demo?isAjax=1", data={"EMAIL": READER, "OPT_IN": "1"}).get_json()
    assert said == {"success": True, "message": "Ora controlla la posta.", "errors": {}}


@pytest.mark.parametrize("door", DOORS)
def test_every_address_hears_the_same_from_a_form_of_its_own(
    client: FlaskClient, door: Callable[..., tuple[int, Any]]
) -> None:
    save(client, **TEXTS)
    assert door(client, form="demo") == door(client, form="demo")


@pytest.mark.parametrize(
    ("origin", "fine"),
    [("https://blog.example", True), ("http://127.0.0.1:8000", True), ("http://localhost", False), (None, True)],
)
def test_a_form_is_taken_from_its_own_origin_and_from_ours(client: FlaskClient, origin: str | None, fine: bool) -> None:
    save(client, "estate", origin="https://blog.example")
    headers = {"Origin": origin} if origin else {}
    sent = {"email": READER, "consent": True, "form": "estate"}
    assert client.post(API, json=sent, headers=headers).status_code == (202 if fine else 403)
    assert client.post(FORM, data=sent | {"consent": "true"}, headers=headers).status_code == (200 if fine else 403)
    embed = client.post("/f/estate?isAjax=1", data={"EMAIL": READER, "OPT_IN": "1"}, headers=headers)
    assert embed.get_json()["success"] is fine


def test_the_page_of_a_form_shows_its_texts_and_works(client: FlaskClient) -> None:
    save(client, name_fields=("PRENOME",), **TEXTS)
    page = client.get("/f/demo")
    assert (page.status_code, page.headers["Cache-Control"]) == (200, "no-store")
    assert "<h1>Le lettere &amp; altro</h1>" in page.text
    assert "<p>Una al mese.</p>" in page.text
    assert "Sì, scrivetemi.</label>" in page.text
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="(\w+)">', page.text))
    assert hidden == {"locale": "it", "consent_version": "2"}
    assert 'name="PRENOME"' in page.text
    sent = hidden | {"EMAIL": READER, "PRENOME": "Ada", "OPT_IN": "1", "email_address_check": ""}
    assert "Ora controlla la posta." in client.post("/f/demo", data=sent).text
    assert proofs(client) == [("demo-2", "Sì, scrivetemi.")]
    assert [row.name for row in rows(client, SubscriptionRow)] == ["Ada"]
    assert client.get("/f/ignoto").status_code == 404


def test_the_page_speaks_both_languages_and_keeps_the_wording_that_is_proved(client: FlaskClient) -> None:
    page = client.get("/f/demo?locale=en").text
    assert '<html lang="en">' in page
    assert "<h1>The newsletter</h1>" in page
    assert f'<label for="consent" lang="it">{SHOWN}</label>' in page
    assert "<h1>La newsletter</h1>" in client.get("/f/demo?locale=xx").text


def test_a_form_without_a_box_shows_its_wording(client: FlaskClient) -> None:
    save(client, consent_needed=False, name_fields=())
    page = client.get("/f/demo").text
    assert (SHOWN in page, "checkbox" in page, "<input" in page) == (True, False, True)
    assert 'id="name"' not in page


def test_the_way_back_is_allowed_to_browsers(client: FlaskClient) -> None:
    assert "form-action 'self'" in client.get("/f/demo").headers["Content-Security-Policy"]
    save(client, redirect_url="https://blog.example/grazie")
    policy = client.get("/f/demo").headers["Content-Security-Policy"]
    assert policy.endswith("form-action 'self' https://blog.example")


def test_the_demo_s_box_shows_the_form_s_texts_and_the_proof_what_stood_there(
    make_client: Callable[..., FlaskClient],
) -> None:
    client = make_client(server__demo="true")
    assert SHOWN in client.get("/demo/").text
    save(client, **TEXTS)
    page = client.get("/demo/").text
    for text in ('<h2 id="newsletter">Le lettere &amp; altro</h2>', "<p>Una al mese.</p>", "Sì, scrivetemi.</label>"):
        assert text in page
    box = page.partition("data-newsletter")[2].partition("</form>")[0]
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]+)">', box))
    assert (hidden["form"], hidden["consent_version"]) == ("demo", "2")
    assert client.post(FORM, data=hidden | {"email": READER, "consent": "true"}).status_code == 200
    assert proofs(client) == [("demo-2", "Sì, scrivetemi.")]
    save(client, consent_needed=False)
    box = client.get("/demo/").text.partition("data-newsletter")[2].partition("</form>")[0]
    assert 'type="hidden" name="consent" value="true"' in box


def _mail(door: object, email: str) -> dict[str, str]:
    return {"EMAIL" if door is by_form else "email": email}
