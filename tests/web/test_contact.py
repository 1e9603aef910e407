"""Messages to the author at their doors: the order of refusals, one answer, and a form that works without JavaScript."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from engagement.services import sites
from engagement.services.mail import deliver_due
from engagement.services.mailing import contact
from tests.fakes import FixedScreener

API, FORM, WRITE = "/api/v1/sites/demo/messages", "/sites/demo/messages", "/sites/demo/write"
PAGE = "https://blog.example/articolo?id=3"
BODY = {"name": "Lia", "email": "lettrice@posta.example", "subject": "Ciao", "body": "Una domanda."}
TYPED = BODY | {"page_url": PAGE}


def post(client: FlaskClient, headers: dict[str, str] | None = None, **more: Any) -> TestResponse:
    return client.post(API, json=BODY | more, headers=headers or {})


def kept(client: FlaskClient) -> list[str]:
    with client.application.app_context():
        site = sites.find_site("demo")
        return [m.body for m in contact.inbox([site.id], status=None, limit=50, after=None)[0]]


def test_a_message_is_taken_and_mailed_to_the_author_alone(client: FlaskClient) -> None:
    answer = post(client)
    assert (answer.status_code, list(answer.get_json())) == (202, ["message"])
    assert answer.get_json()["message"].startswith("Grazie")
    with client.application.app_context():
        tools = client.application.extensions["engagement"]
        deliver_due(tools)
    assert [to for to, _ in tools.postman.sent] == ["autore@demo.example"]


def test_the_answer_does_not_tell_what_the_check_found(client: FlaskClient, screener: FixedScreener) -> None:
    good = post(client)
    screener.toxicity = 0.97
    bad = post(client, body="Altre parole.")
    assert (good.status_code, good.data) == (bad.status_code, bad.data)
    assert len(kept(client)) == 2


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, ["/body", "/email", "/name"]),
        ({**BODY, "email": "no", "name": " ", "body": "\n"}, ["/body", "/email", "/name"]),
        ({**BODY, "subject": "x" * 201}, ["/subject"]),
        ({**BODY, "subject": "x\x00y"}, ["/subject"]),
        ({**BODY, "email": "a@b.example\r\nBcc: c@d.example"}, ["/email"]),
        ({**BODY, "email": ""}, ["/email"]),
        ({**BODY, "page_url": PAGE, "cc": "x"}, ["/cc", "/page_url"]),
        ({**BODY, "body": 7, "name": None}, ["/body", "/name"]),
        ({**BODY, "body": "x" * 65_526}, ["/body"]),
    ],
)
def test_wrong_fields_are_named_together(client: FlaskClient, body: dict[str, Any], pointers: list[str]) -> None:
    answer = client.post(API, json=body)
    assert answer.status_code == 422
    assert answer.mimetype == "application/problem+json"
    assert [e["pointer"] for e in answer.get_json()["errors"]] == pointers
    assert kept(client) == []


def test_refusals_come_in_the_order_of_the_contract(make_client: Callable[..., FlaskClient]) -> None:
    client = make_client(limits__enabled="true", limits__messages="2 per minute")
    foreign = {"Origin": "https://other.example"}
    assert client.post(API, data="name=x", headers=foreign).status_code == 415
    assert client.post(API, data=b"{" + b" " * 300_000, content_type="application/json").status_code == 413
    assert client.post(API, data="{", content_type="application/json", headers=foreign).status_code == 400
    assert client.post("/api/v1/sites/nessuno/messages", json={}, headers=foreign).status_code == 404
    assert client.post(API, json={}, headers=foreign).status_code == 403
    assert [client.post(API, json={}).status_code for _ in range(3)] == [422, 422, 429]  # field errors are counted
    assert int(post(client).headers["Retry-After"]) > 0
    assert client.get(API).status_code == 405


def test_listed_origins_read_every_answer(client: FlaskClient) -> None:
    origin = {"Origin": "https://blog.example"}
    for answer in (post(client, origin), client.post(API, json={}, headers=origin)):
        assert answer.headers["Access-Control-Allow-Origin"] == "https://blog.example"
        assert "Origin" in answer.headers["Vary"]


def test_a_key_makes_it_once_and_the_same_words_twice_are_a_conflict(client: FlaskClient) -> None:
    key = {"Idempotency-Key": "uno"}
    assert [post(client, key).status_code for _ in range(2)] == [202, 202]
    assert post(client, key, body="Altro.").get_json()["type"].endswith("/idempotency-key-reused")
    assert post(client).get_json()["type"].endswith("/message-duplicate")
    assert kept(client) == ["Una domanda."]


def test_the_document_describes_the_door(client: FlaskClient) -> None:
    spec = client.get("/api/openapi.json").get_json()
    door = spec["paths"]["/api/v1/sites/{site}/messages"]["post"]
    assert {"202", "403", "409", "413", "415", "422", "429"} <= set(door["responses"])
    assert spec["components"]["schemas"]["MessageForm"]["required"] == ["body", "email", "name"]
    assert set(post(client).get_json()) == set(spec["components"]["schemas"]["Thanks"]["properties"])


def test_the_plain_form_leads_back_to_the_page_or_to_a_small_one(client: FlaskClient) -> None:
    answer = client.post(FORM, data=TYPED)
    assert (answer.status_code, answer.location) == (303, PAGE + "&messaggio=inviato#scrivimi")
    answer = client.post(FORM, data=BODY | {"body": "Senza pagina."})
    assert (answer.status_code, answer.location) == (303, f"{WRITE}?messaggio=inviato")
    assert "Grazie, il tuo messaggio" in client.get(answer.location).text
    answer = client.post(FORM, data=TYPED | {"page_url": "https://other.example/x", "body": "Altrove."})
    assert answer.location == f"{WRITE}?messaggio=inviato"
    assert len(kept(client)) == 3


def test_a_refused_form_keeps_what_was_typed(client: FlaskClient) -> None:
    answer = client.post(FORM, data=TYPED | {"email": "non-una-email", "body": "Il mio <b>testo</b>"})
    assert (answer.status_code, answer.mimetype) == (422, "text/html")
    assert 'value="non-una-email"' in answer.text
    assert "Il mio &lt;b&gt;testo&lt;/b&gt;</textarea>" in answer.text
    assert 'aria-describedby="contact-email-error"' in answer.text
    assert 'href="#contact-email"' in answer.text
    assert 'name="page_url" value="https://blog.example/articolo?id=3"' in answer.text
    assert kept(client) == []


def test_other_refusals_of_the_form_are_pages_too(make_client: Callable[..., FlaskClient]) -> None:
    client = make_client(limits__enabled="true", limits__messages="1 per minute")
    refused = {
        403: client.post(FORM, data=TYPED, headers={"Origin": "https://other.example"}),
        415: client.post(FORM, json=TYPED),
        404: client.post("/sites/nessuno/messages", data=TYPED),
    }
    client.post(FORM, data=TYPED)
    refused[429] = client.post(FORM, data=TYPED | {"body": "E ancora una cosa"})
    for status, answer in refused.items():
        assert (answer.status_code, answer.mimetype) == (status, "text/html")
    assert "E ancora una cosa" in refused[429].text
    assert "Retry-After" in refused[429].headers


def test_the_page_fits_an_iframe_of_the_site_and_has_no_script(client: FlaskClient) -> None:
    answer = client.get(WRITE, query_string={"page_url": PAGE})
    assert answer.status_code == 200
    assert f'action="{FORM}" method="post" target="_top"' in answer.text
    assert "<script" not in answer.text
    policy = dict(part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; "))
    assert "https://blog.example" in policy["frame-ancestors"]
    assert "script-src" not in policy
    foreign = client.get(WRITE, query_string={"page_url": "https://other.example/"})
    assert "other.example" not in foreign.text
    assert client.get("/sites/nessuno/write").status_code == 404


def test_looking_at_the_page_changes_nothing(client: FlaskClient) -> None:
    client.get(WRITE, query_string=TYPED)
    client.head(WRITE, query_string=TYPED)
    assert kept(client) == []


def test_the_demo_has_the_button_and_says_thanks(make_client: Callable[..., FlaskClient]) -> None:
    client = make_client(server__demo="true")
    page = client.get("/demo/").text
    link = re.search(r'href="(/sites/demo/write[^"]*)"[^>]*>Scrivimi</a>', page)
    assert link is not None
    assert f'action="{FORM}"' in client.get(link[1]).text
    assert f'action="{FORM}"' in page
    assert client.get("/demo/contact.js").mimetype == "text/javascript"
    sent = client.get("/demo/?messaggio=inviato").text
    assert 'id="scrivimi"' in sent
    assert "il tuo messaggio è in viaggio" in sent
