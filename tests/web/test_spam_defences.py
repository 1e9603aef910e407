"""Proof of work, form time, traps and learning, through the doors."""

import base64
import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from altcha import Challenge, Payload, solve_challenge
from flask.testing import FlaskClient

from engagement.app import SystemClock
from engagement.domain.moderation import Actor, Verdict
from engagement.services import moderation, sites
from engagement.services.ports import Toolbox
from tests.fakes import FixedScreener, StoppedClock
from tests.web.test_comments_api import PAGE, URL, listed, post
from tests.web.test_thread_page import TYPED, send

CHEAP = {"spam__challenge_cost": "1"}


def demand(client: FlaskClient, mode: str = "always") -> None:
    with client.application.app_context():
        site = sites.find_site("demo")
        sites.save_site(tools_of(client), replace(site, rules=replace(site.rules, challenge=mode)))


def tools_of(client: FlaskClient) -> Toolbox:
    tools: Toolbox = client.application.extensions["engagement"]
    return tools


@pytest.fixture
def today(make_client: Callable[..., FlaskClient], clock: StoppedClock) -> FlaskClient:
    """A client of a service that asks the real clock, as the library that checks challenges does."""
    clock.at = datetime.now(UTC)
    client = make_client(**CHEAP)
    client.application.extensions["engagement"] = replace(tools_of(client), clock=SystemClock())
    return client


def challenge(client: FlaskClient, site: str = "demo") -> dict[str, Any]:
    answer = client.get(f"/api/v1/sites/{site}/challenge")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    found: dict[str, Any] = answer.get_json()
    return found


def solve(asked: dict[str, Any]) -> str:
    made = Challenge.from_dict(asked)
    solution = solve_challenge(made)
    assert solution is not None
    return str(Payload(made, solution).to_base64())


def test_a_challenge_has_altcha_s_second_shape(client: FlaskClient) -> None:
    asked = challenge(client)
    assert set(asked) == {"parameters", "signature"}
    assert asked["parameters"]["algorithm"] == "PBKDF2/SHA-256"
    assert {"nonce", "salt", "cost", "keyLength", "keyPrefix", "expiresAt"} <= set(asked["parameters"])
    assert client.get("/api/v1/sites/ignoto/challenge").status_code == 404


def test_where_a_site_demands_it_a_solved_challenge_lets_in_once(today: FlaskClient) -> None:
    demand(today)
    said = post(today, 422)
    assert [e["pointer"] for e in said["errors"]] == ["/challenge"]
    payload = solve(challenge(today))
    post(today, 201, challenge=payload)
    again = post(today, 422, body="Di nuovo.", challenge=payload)
    assert "già stata usata" in again["errors"][0]["detail"]
    assert listed(today)["count"] == 1


def test_forged_expired_and_foreign_answers_do_not_count(today: FlaskClient) -> None:
    demand(today)
    good = json.loads(base64.b64decode(solve(challenge(today))))
    forged = json.loads(json.dumps(good))
    forged["challenge"]["parameters"]["cost"] = 2
    wrong = json.loads(json.dumps(good))
    wrong["solution"]["counter"] += 1
    with today.application.app_context():
        sites.save_site(tools_of(today), replace(sites.find_site("demo"), id=0, key="altro"))
    foreign = json.loads(base64.b64decode(solve(challenge(today, "altro"))))
    real = tools_of(today)
    past = StoppedClock(datetime(2020, 1, 1, tzinfo=UTC))
    today.application.extensions["engagement"] = replace(real, clock=past)
    expired = json.loads(base64.b64decode(solve(challenge(today))))
    today.application.extensions["engagement"] = real
    for answer in (forged, wrong, foreign, expired, {}, {"challenge": [], "solution": None}):
        post(today, 422, challenge=base64.b64encode(json.dumps(answer).encode()).decode())
    for text in ("x", "=" * 5_000, "\u00e9"):
        post(today, 422, challenge=text)
    assert listed(today)["count"] == 0


def test_a_client_whose_comments_were_bad_is_asked_and_others_are_not(
    make_client: Callable[..., FlaskClient], screener: FixedScreener
) -> None:
    client = make_client(limits__enabled="true", limits__comments="100 per minute", **CHEAP)
    screener.answers = {"brutto": 0.7}
    for n in range(5):
        post(client, 202, body=f"Un commento brutto, numero {n}.")
    assert post(client, 422, body="Adesso gentile.")["errors"][0]["pointer"] == "/challenge"
    other = {"REMOTE_ADDR": "203.0.113.9"}
    body = {"page_url": PAGE, "author": "Bruno", "body": "Anch’io."}
    assert client.post(URL, json=body, environ_base=other).status_code == 201


def test_a_plain_form_that_cannot_solve_is_read_by_a_person(client: FlaskClient) -> None:
    demand(client)
    assert send(client).location.endswith("commento=attesa#respond")
    assert listed(client)["count"] == 0


def hidden(client: FlaskClient) -> str:
    page = client.get("/sites/demo/thread", query_string={"page_url": PAGE}).text
    found = re.search(r'name="form_time" value="([^"]+)"', page)
    assert found
    assert 'name="address2"' in page
    return found[1]


def test_the_form_s_time_and_trap_are_signs_and_a_weak_one_needs_company(
    client: FlaskClient, clock: StoppedClock
) -> None:
    shown = hidden(client)
    clock.move(seconds=1)
    assert "commento=attesa" in send(client, form_time=shown, body="Vedi https://x.example subito").location
    assert "#comment-" in send(client, form_time=shown, body="Veloce ma gentile.").location
    clock.move(seconds=5)
    assert "#comment-" in send(client, form_time=shown, body="Vedi https://x.example con calma").location
    assert "commento=attesa" in send(client, form_time=shown + "x", body="Falso.").location
    assert "commento=attesa" in send(client, form_time=shown, body="Pieno.", address2="x").location
    clock.move(hours=25)
    assert "commento=attesa" in send(client, form_time=shown, body="Vecchio.").location
    assert "#comment-" in client.post("/sites/demo/comments", data=TYPED | {"body": "Senza i nostri campi."}).location


def test_bbcode_is_held_and_the_desk_says_why(client: FlaskClient) -> None:
    given = post(client, 202, body="[url=https://x.example]qui[/url]")
    with client.application.app_context():
        item = moderation.item(given["comment"]["id"])
    (reason,) = [r for r in item.reasons if r.code == "spam-signs"]
    assert reason.facts["signs"] == "bbcode, link"


def settle(client: FlaskClient, comment: str, verdict: Verdict) -> None:
    with client.application.app_context():
        moderation.settle(tools_of(client), comment, verdict, actor=Actor.MODERATOR, who="m", version=None)


def undo(client: FlaskClient, comment: str) -> None:
    with client.application.app_context():
        moderation.undo(tools_of(client), comment, "m", None, None)


def test_a_site_s_own_verdicts_teach_its_filter_after_twenty_of_each(
    make_client: Callable[..., FlaskClient],
) -> None:
    client = make_client(policy__hold_repeats="0")
    bad = [post(client, 201, body=f"Vincite sicure col metodo Zorba, posto {n}.")["comment"]["id"] for n in range(20)]
    good = [post(client, 201, body=f"Articolo utile sul portatile, nota {n}.")["comment"]["id"] for n in range(20)]
    for comment in good:
        settle(client, comment, Verdict.APPROVE)
    for comment in bad[:19]:
        settle(client, comment, Verdict.SPAM)
    post(client, 201, body="Metodo Zorba, vincite sicure, ancora.")
    settle(client, bad[19], Verdict.SPAM)
    post(client, 202, body="Metodo Zorba, vincite sicure, di nuovo.")
    post(client, 201, body="Articolo utile, il portatile mi piace.")
    undo(client, bad[19])
    post(client, 201, body="Metodo Zorba, vincite sicure, una volta in più.")


def test_what_was_answered_under_a_key_needs_no_new_challenge(client: FlaskClient) -> None:
    headers = {"Idempotency-Key": "k"}
    first = post(client, 201, headers=headers)
    demand(client)
    assert post(client, 201, headers=headers) == first
    assert post(client, 422, headers={"Idempotency-Key": "l"})["errors"][0]["pointer"] == "/challenge"
    assert post(client, 422, headers=headers, body="Altro.")["type"].endswith("/problems/idempotency-key-reused")
