"""Coral's external moderation phase: both actions, both formats of a body, signed as Coral signs."""

import hashlib
import hmac
import json
from collections.abc import Callable
from threading import Event
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from engagement.domain.screening import NotScreened
from tests.fakes import FixedScreener

SECRET = "a-signing-secret-that-coral-shows"


@pytest.fixture
def client(make_client: Callable[..., FlaskClient]) -> FlaskClient:
    return make_client(coral__secrets__demo=SECRET)


def request(body: str, action: str = "NEW", **comment: Any) -> dict[str, Any]:
    return {
        "action": action,
        "comment": {"body": body, "parentID": None} | comment,
        "author": {"id": "a1", "role": "COMMENTER"},
        "story": {"id": "s1", "url": "https://blog.example/a"},
        "site": {"id": "x1"},
        "tenantID": "t1",
        "tenantDomain": "coral.example",
    }


def signature(raw: bytes, secret: str = SECRET) -> str:
    return "sha256=" + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()


def send(client: FlaskClient, sent: Any, header: str | None = None) -> TestResponse:
    raw = json.dumps(sent, indent=2).encode()
    signed = signature(raw) if header is None else header
    return client.post("/coral/demo", data=raw, headers={"X-Coral-Signature": signed}, content_type="application/json")


@pytest.mark.parametrize("sent", [request("Buongiorno a tutti"), request("<div>Ciao</div>", "EDIT", parentID="c1")])
def test_a_harmless_comment_is_left_to_coral(sent: dict[str, Any], client: FlaskClient) -> None:
    answer = send(client, sent)
    assert (answer.status_code, answer.data) == (204, b"")


@pytest.mark.parametrize("action", ["NEW", "EDIT"])
@pytest.mark.parametrize("body", ["Una brutta parola.", "<div>Una brutta <b>parola</b>.<br></div>"])
def test_a_toxic_comment_is_withheld_and_flagged(
    action: str, body: str, client: FlaskClient, screener: FixedScreener
) -> None:
    screener.answers = {"Una brutta parola.": 0.7}
    answer = send(client, request(body, action))
    assert (answer.status_code, answer.get_json()) == (
        200,
        {
            "status": "SYSTEM_WITHHELD",
            "actions": [{"actionType": "FLAG", "reason": "COMMENT_DETECTED_TOXIC"}],
        },
    )


def test_what_the_policy_rejects_is_rejected(client: FlaskClient, screener: FixedScreener) -> None:
    screener.toxicity = 0.99
    assert send(client, request("x")).get_json()["status"] == "REJECTED"


@pytest.mark.parametrize(
    "body",
    [
        "https://a.example https://b.example http://c.example",
        '<div><a href="https://a.example">a</a> <a href="https://b.example">b</a> <a href="https://c.example">c</a></div>',
    ],
)
def test_many_links_are_flagged_as_spam(body: str, client: FlaskClient) -> None:
    found = send(client, request(body)).get_json()
    flag = {"actionType": "FLAG", "reason": "COMMENT_DETECTED_SPAM"}
    assert found == {"status": "SYSTEM_WITHHELD", "actions": [flag]}


def test_without_a_score_a_comment_waits_for_a_person(client: FlaskClient, screener: FixedScreener) -> None:
    screener.toxicity = NotScreened("broken")
    assert send(client, request("Ciao")).get_json() == {"status": "PREMOD"}


def test_a_slow_model_does_not_make_us_late(make_app: Callable[..., Flask], screener: FixedScreener) -> None:
    app = make_app(coral__secrets__demo=SECRET, coral__timeout="0.01")
    released = Event()
    quick = screener.screen

    def slow(texts: Any) -> Any:
        released.wait(30)
        return quick(texts)

    screener.screen = slow  # type: ignore[method-assign]
    try:
        assert send(app.test_client(), request("Ciao")).get_json() == {"status": "PREMOD"}
    finally:
        released.set()


def test_a_wrong_signature_is_refused_and_one_of_several_is_enough(client: FlaskClient) -> None:
    sent = request("Ciao")
    raw = json.dumps(sent, indent=2).encode()
    for wrong in ("", "sha256=", "sha256=é", signature(raw + b" "), signature(raw, "an-other-secret-of-coral")):
        assert send(client, sent, wrong).status_code == 401
    both = f"{signature(raw, 'an-other-secret-of-coral')},{signature(raw)}"
    assert send(client, sent, both).status_code == 204


def test_a_site_without_a_secret_has_no_such_door(make_client: Callable[..., FlaskClient]) -> None:
    assert send(make_client(), request("Ciao")).status_code == 404


@pytest.mark.parametrize("sent", [{}, {"action": "NEW", "comment": {}}, {"action": "OLD", "comment": {"body": "x"}}])
def test_another_body_is_no_request(sent: dict[str, Any], client: FlaskClient) -> None:
    assert send(client, sent).status_code == 400


def test_first_comments_are_coral_s_to_judge(make_client: Callable[..., FlaskClient]) -> None:
    client = make_client(coral__secrets__demo=SECRET, policy__hold_first_time="true")
    assert send(client, request("Ciao")).status_code == 204
