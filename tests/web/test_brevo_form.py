"""The Brevo drop-in: what an embedded form and its script meet."""

from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from engagement.domain.newsletter import NewsletterForm
from engagement.services import sites
from engagement.services.audience import forms
from engagement.services.ports import Toolbox
from engagement.storage.db import db
from tests.web.test_newsletter import carried_out

FORM = {"EMAIL": "ada@lettori.example", "NOME": "Ada", "OPT_IN": "1", "email_address_check": "", "locale": "it"}
ORIGIN = {"Origin": "https://blog.example"}


def ajax(client: FlaskClient, key: str = "demo", **changes: Any) -> Any:
    data = {k: v for k, v in (FORM | changes).items() if v is not ...}
    answer = client.post(f"/f/{key}?isAjax=1", data=data, headers=ORIGIN, content_type="multipart/form-data")
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    said = answer.get_json()
    assert set(said) == {"success", "message", "errors"}
    assert isinstance(said["errors"], dict)
    return said


def subscriptions(client: FlaskClient) -> list[tuple[str, str]]:
    carried_out(client)
    with client.application.app_context(), db.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text("SELECT email, name FROM subscriptions ORDER BY id"))]


def save(client: FlaskClient, **changes: Any) -> NewsletterForm:
    with client.application.app_context():
        tools: Toolbox = client.application.extensions["engagement"]
        return forms.save_form(tools, sites.find_site("demo"), NewsletterForm("estate", 0, **changes))


def test_a_sign_up_is_taken_and_every_address_hears_the_same(client: FlaskClient) -> None:
    first = ajax(client)
    assert first["success"] is True
    assert "conferma" in first["message"]
    assert ajax(client) == first
    assert subscriptions(client) == [("ada@lettori.example", "Ada")]


def test_every_wrong_field_is_named_as_the_embed_names_it(client: FlaskClient) -> None:
    said = ajax(client, EMAIL="no", OPT_IN=..., NOME="x" * 101)
    assert said["success"] is False
    assert said["message"] == "La tua iscrizione non può essere convalidata."
    assert set(said["errors"]) == {"EMAIL", "OPT_IN", "NOME"}


def test_the_answer_can_be_read_by_the_page_s_script(client: FlaskClient) -> None:
    for data in (FORM, FORM | {"EMAIL": "no"}):
        answer = client.post("/f/demo?isAjax=1", data=data, headers=ORIGIN)
        assert answer.headers["Access-Control-Allow-Origin"] == "https://blog.example"
        assert "Access-Control-Allow-Credentials" not in answer.headers
    foreign = client.post("/f/demo?isAjax=1", data=FORM, headers={"Origin": "https://evil.example"})
    assert foreign.get_json()["success"] is False
    assert "Access-Control-Allow-Origin" not in foreign.headers
    assert client.options("/f/demo", headers=ORIGIN).headers["Access-Control-Allow-Origin"] == "https://blog.example"


def test_a_script_gets_200_and_json_whatever_went_wrong(make_client: Callable[..., FlaskClient]) -> None:
    client = make_client(limits__enabled="true", limits__newsletter="1 per hour")
    assert ajax(client)["success"] is True
    limited = ajax(client, EMAIL="b@lettori.example")
    assert limited["success"] is False
    assert "Troppe richieste" in limited["message"]
    assert ajax(client, key="ignoto")["success"] is False
    assert ajax(client, EMAIL="x" * 20_000)["success"] is False
    typed = client.post("/f/demo?isAjax=1", json=FORM)
    assert (typed.status_code, typed.get_json()["success"]) == (200, False)


def test_the_trap_hears_success_and_nothing_is_kept(client: FlaskClient) -> None:
    assert ajax(client, email_address_check="x") == ajax(client)
    assert len(subscriptions(client)) == 1


def test_without_a_script_the_form_leads_to_a_page(client: FlaskClient) -> None:
    answer = client.post("/f/demo", data=FORM)
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    assert "conferma" in answer.text


def test_without_a_script_a_refusal_is_a_page_that_names_every_field(client: FlaskClient) -> None:
    refused = client.post("/f/demo", data=FORM | {"EMAIL": "no", "OPT_IN": ""})
    assert (refused.status_code, refused.mimetype) == (422, "text/html")
    for said in (
        "La tua iscrizione non può essere convalidata.",
        "indirizzo e-mail valido",
        "devi accettare di ricevere",
    ):
        assert said in unescape(refused.text)
    english = client.post("/f/demo", data=FORM | {"EMAIL": "no", "locale": "en"})
    assert "Your subscription could not be validated." in english.text
    assert client.post("/f/ignoto", data=FORM).status_code == 404


def test_a_limit_is_told_in_the_form_s_language_with_the_time_to_wait(make_client: Callable[..., FlaskClient]) -> None:
    client = make_client(limits__enabled="true", limits__newsletter="1 per hour")
    client.post("/f/demo", data=FORM)
    limited = client.post("/f/demo", data=FORM | {"locale": "en"})
    assert (limited.status_code, limited.mimetype) == (429, "text/html")
    assert int(limited.headers["Retry-After"]) > 0
    assert "Too many requests." in limited.text
    assert ajax(client, locale="en")["message"].endswith("Please wait a little and try again.")


def test_a_form_of_one_s_own_has_its_wording_version_fields_and_way_back(client: FlaskClient) -> None:
    made = save(
        client, consent_text="Sì, scrivetemi.", name_fields=("PRENOME",), redirect_url="https://blog.example/grazie"
    )
    assert made.version == 1
    assert (
        save(client, consent_text="Sì, scrivetemi.", name_fields=("PRENOME",), redirect_url=made.redirect_url).version
        == 1
    )
    assert save(client, consent_text="Sì!", name_fields=("PRENOME",), redirect_url=made.redirect_url).version == 2
    answer = client.post("/f/estate", data=FORM | {"PRENOME": "Adele"})
    assert (answer.status_code, answer.location) == (303, "https://blog.example/grazie")
    assert subscriptions(client) == [("ada@lettori.example", "Adele")]
    with client.application.app_context(), db.engine.connect() as connection:
        proof = connection.execute(text("SELECT form, consent_text FROM consents WHERE what = 'asked'")).one()
    assert tuple(proof) == ("estate-2", "Sì!")


def test_a_form_without_a_box_needs_none(client: FlaskClient) -> None:
    save(client, consent_needed=False)
    assert ajax(client, key="estate", OPT_IN=...)["success"] is True


def test_the_form_s_own_language_counts(client: FlaskClient) -> None:
    assert ajax(client, EMAIL="no", locale="en")["message"] == "Your subscription could not be validated."
    assert "convalidata" in ajax(client, EMAIL="no", locale="de")["message"]


@pytest.mark.parametrize(("method", "status"), [("get", 200), ("head", 200), ("put", 405), ("delete", 405)])
def test_looking_changes_nothing(client: FlaskClient, method: str, status: int) -> None:
    assert getattr(client, method)("/f/demo", query_string=FORM).status_code == status
    assert subscriptions(client) == []
