"""The newsletter at its doors: one answer for everybody, and links that only act when pressed."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from engagement.services.audience.wishes import carry_out
from engagement.services.ports import Toolbox
from engagement.storage.db import reading
from engagement.storage.tables import ConsentRow, OutboxRow, SubscriptionRow

API = "/api/v1/sites/demo/newsletter"
FORM = "/sites/demo/newsletter"
READER = "lettrice@posta.example"


def ask(client: FlaskClient, email: str = READER, **more: Any) -> TestResponse:
    headers = more.pop("headers", {})
    return client.post(API, json={"email": email, "consent": True} | more, headers=headers)


def path(client: FlaskClient, purpose: Any) -> str:
    tools: Toolbox = client.application.extensions["engagement"]
    row = rows(client, SubscriptionRow)[0]
    address = tools.links.newsletter(purpose, row.id, row.version)
    return address.removeprefix(tools.settings.server.public_url.rstrip("/"))


def carried_out(client: FlaskClient) -> None:
    """As the background does it soon after an answer."""
    with client.application.app_context():
        while carry_out(client.application.extensions["engagement"]):
            pass


def rows(client: FlaskClient, kind: type[Any]) -> Sequence[Any]:
    carried_out(client)
    with client.application.app_context(), reading() as session:
        return session.scalars(select(kind).order_by(kind.id)).all()


def state(client: FlaskClient) -> list[tuple[Any, ...]]:
    found = rows(client, SubscriptionRow)
    return [(r.id, r.email, r.state, r.version, r.confirmed_at, r.left_at) for r in found]


def test_new_pending_confirmed_and_departed_addresses_get_the_same_answer(client: FlaskClient) -> None:
    answers = [ask(client), ask(client)]
    client.post(path(client, "confirm"))
    answers.append(ask(client))
    client.post(path(client, "leave"))
    answers.append(ask(client))
    assert {a.status_code for a in answers} == {202}
    assert len({a.data for a in answers}) == 1
    assert answers[0].get_json()["message"].startswith("Ci siamo quasi")
    assert len({tuple((k, v) for k, v in a.headers if k not in {"Date", "X-Request-Id"}) for a in answers}) == 1


def test_the_proof_holds_the_words_in_the_language_of_the_site(client: FlaskClient) -> None:
    ask(client, source_url="https://blog.example/articolo?utm_source=x")
    asked = rows(client, ConsentRow)[0]
    assert asked.consent_text.startswith("Voglio ricevere per e-mail la newsletter di Il blog di prova")
    assert (asked.form, asked.source_url) == ("api-1", "https://blog.example/articolo")


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({"email": READER}, ["/consent"]),
        ({"email": READER, "consent": False}, ["/consent"]),
        ({"email": READER, "consent": "true"}, ["/consent"]),
        ({"email": READER, "consent": None}, ["/consent"]),
        ({"consent": True}, ["/email"]),
        ({"email": "a@b\r\nBcc: c@d.example", "consent": True}, ["/email"]),
        ({"email": "x" * 300 + "@posta.example", "consent": 1, "colour": 1}, ["/colour", "/consent", "/email"]),
        ({"email": 7, "name": "a\x00b", "source_url": "javascript:1"}, ["/consent", "/email", "/name", "/source_url"]),
    ],
)
def test_every_wrong_field_is_named(client: FlaskClient, body: dict[str, Any], pointers: list[str]) -> None:
    answer = client.post(API, json=body)
    assert answer.status_code == 422
    assert [e["pointer"] for e in answer.get_json()["errors"]] == pointers
    assert rows(client, SubscriptionRow) == []


def test_refusals_come_in_the_order_of_all_doors(client: FlaskClient) -> None:
    assert client.post(API, data="email=x").status_code == 415
    assert client.post(API, data="{", content_type="application/json").status_code == 400
    assert client.post(API.replace("demo", "none"), json={}).status_code == 404
    assert client.post(API, json={}, headers={"Origin": "https://evil.example"}).status_code == 403


def test_one_client_is_limited_and_told_so(make_app: Callable[..., Flask]) -> None:
    client = make_app(limits__enabled="true", limits__newsletter="2 per hour").test_client()
    answers = [ask(client, f"r{n}@posta.example") for n in range(3)]
    assert [a.status_code for a in answers] == [202, 202, 429]
    assert int(answers[-1].headers["Retry-After"]) > 0


def test_a_repeated_request_with_its_key_changes_nothing(client: FlaskClient) -> None:
    headers = {"Idempotency-Key": "abc"}
    assert ask(client, headers=headers).data == ask(client, headers=headers).data
    assert len(rows(client, ConsentRow)) == 2
    reused = ask(client, "altro@posta.example", headers=headers)
    assert reused.status_code == 422
    assert reused.get_json()["type"].endswith("/idempotency-key-reused")


@pytest.mark.parametrize("purpose", ["confirm", "leave"])
def test_looking_changes_nothing_and_the_page_keeps_to_itself(client: FlaskClient, purpose: str) -> None:
    ask(client)
    address, before = path(client, purpose), state(client)
    shown = [client.get(address), client.get(address), client.head(address)]
    assert [a.status_code for a in shown] == [200] * 3
    assert state(client) == before
    page = shown[0]
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["X-Robots-Tag"] == "noindex"
    assert "Set-Cookie" not in page.headers
    assert page.text.count("<button") == page.text.count("<p>") == 1


def test_pressing_confirms_once(client: FlaskClient) -> None:
    ask(client)
    address = path(client, "confirm")
    assert "La tua iscrizione è avvenuta correttamente." in client.post(address).text
    after = state(client)
    assert after[0][2] == "confirmed"
    assert client.post(address).status_code == client.get(address).status_code == 200
    assert state(client) == after


@pytest.mark.parametrize(
    ("sent", "kind", "method"),
    [
        ({"List-Unsubscribe": "One-Click"}, "application/x-www-form-urlencoded", "one-click"),
        ({"List-Unsubscribe": "One-Click"}, "multipart/form-data", "one-click"),
        ({}, "application/x-www-form-urlencoded", "link"),
    ],
)
def test_leaving_takes_one_request_without_a_cookie(
    client: FlaskClient, sent: dict[str, str], kind: str, method: str
) -> None:
    ask(client)
    client.post(path(client, "confirm"))
    address = path(client, "leave")
    for _ in range(2):
        answer = client.post(address, data=sent, content_type=kind, headers={"Origin": "https://mail.example"})
        assert answer.status_code == 200
    assert state(client)[0][2] == "left"
    assert [r.method for r in rows(client, ConsentRow) if r.what == "left"] == [method]
    assert "Non ricevi più la newsletter" in client.get(address).text


@pytest.mark.parametrize("purpose", ["confirm", "leave"])
def test_a_link_that_is_not_ours_is_a_page_that_says_so(client: FlaskClient, purpose: str) -> None:
    for method in ("get", "post"):
        answer = getattr(client, method)(f"/newsletter/{purpose}/not-a-token")
        assert (answer.status_code, answer.mimetype) == (410, "text/html")
        assert "<p>" in answer.text


def test_a_plain_form_works_and_links_only_to_pages_of_the_site(client: FlaskClient) -> None:
    sent = {"email": READER, "consent": "on", "source_url": "https://blog.example/a", "submit": "Vai"}
    answer = client.post(FORM, data=sent)
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    assert "Ci siamo quasi" in answer.text
    assert 'href="https://blog.example/a"' in answer.text
    assert len(rows(client, OutboxRow)) == 1
    away = client.post(FORM, data=sent | {"source_url": "https://evil.example/"})
    assert "<a " not in away.text
    assert "evil" not in away.text


def test_a_plain_form_says_what_is_missing_as_a_page(client: FlaskClient) -> None:
    sent = {"email": READER}
    answer = client.post(FORM, data=sent)
    assert (answer.status_code, answer.mimetype) == (422, "text/html")
    assert "Per iscriverti devi accettare" in answer.text
    assert client.post(FORM, json={}).status_code == 415
    assert client.post(FORM, data=sent, headers={"Origin": "https://evil.example"}).status_code == 403


def test_a_refused_form_has_a_way_back(client: FlaskClient) -> None:
    wrong, home = {"email": "nessuna", "consent": "true"}, "https://blog.example/articolo"
    for sent in (
        client.post(FORM, data=wrong | {"source_url": home}),
        client.post(FORM, data=wrong, headers={"Referer": home}),
    ):
        assert sent.status_code == 422
        assert f'<a href="{home}">Torna alla pagina</a>' in sent.text
    elsewhere = client.post(FORM, data=wrong | {"source_url": "https://evil.example/"})
    assert "evil.example" not in elsewhere.text
    again = client.post(f"{FORM}/leave", data={"email": "nessuna"})
    assert f'<a href="{FORM}/leave">Torna alla pagina</a>' in again.text


def test_a_link_that_is_none_tells_what_to_do(client: FlaskClient) -> None:
    answer = client.get("/newsletter/confirm/x", headers={"Accept-Language": "en"})
    assert answer.status_code == 410
    assert "open the newest mail" in answer.text


def test_browsers_may_say_where_the_form_without_a_token_stands(client: FlaskClient) -> None:
    """With "no-referrer" they send "Origin: null" with it, which is refused."""
    assert client.get(f"{FORM}/leave").headers["Referrer-Policy"] == "same-origin"
    assert client.get("/newsletter/leave/x").headers["Referrer-Policy"] == "no-referrer"
