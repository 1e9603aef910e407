"""``/api/v1/moderation``: keys, queue, verdict, log."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from engagement.domain.desk.moderators import Scope
from engagement.services.desk import keys
from engagement.services.discussion.explaining import explain_held
from tests.fakes import FixedScreener

API = "/api/v1/moderation"


def key(client: FlaskClient, scope: Scope = Scope.MODERATE) -> dict[str, str]:
    with client.application.app_context():
        made = keys.add(client.application.extensions["engagement"], scope.value, "demo", scope)
    return {"Authorization": f"Bearer {made}"}


def hold(client: FlaskClient, screener: FixedScreener) -> str:
    screener.toxicity = 0.7
    body = {"page_url": "https://blog.example/a", "author": "Anna", "body": "Parole da leggere."}
    return str(client.post("/api/v1/sites/demo/comments", json=body).get_json()["comment"]["id"])


def test_without_the_right_key_nothing_is_shown(client: FlaskClient) -> None:
    for headers in ({}, {"Authorization": "Bearer falsa"}, {"Authorization": "Basic abc"}):
        answer = client.get(f"{API}/queue", headers=headers)
        assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert client.get(f"{API}/queue", headers=key(client, Scope.ANALYZE)).status_code == 403
    assert client.get(f"{API}/queue?site=altro", headers=key(client)).status_code == 403


def test_queue_verdict_log(client: FlaskClient, screener: FixedScreener) -> None:
    headers, comment = key(client), hold(client, screener)
    [item] = client.get(f"{API}/queue?site=demo", headers=headers).get_json()["items"]
    assert item["comment"]["id"] == comment
    assert item["reasons"][0]["text"] == "tossicità 0,70, soglia 0,60"
    body = {"verdict": "approve", "note": "bene", "version": item["comment"]["version"]}
    answer = client.post(f"{API}/comments/{comment}/verdict", json=body, headers=headers)
    assert answer.get_json()["comment"]["status"] == "published"
    again = client.post(f"{API}/comments/{comment}/verdict", json=body, headers=headers)
    assert again.status_code == 409
    assert again.get_json(force=True)["type"].endswith("/problems/already-settled")
    log = client.get(f"{API}/comments/{comment}/log", headers=headers).get_json()["log"]
    assert [(line["what"], line["who"]) for line in log] == [("hold", ""), ("approve", "key:moderate")]
    assert log[0]["model"] == "fixed@1"


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, {"/verdict", "/version"}),
        ({"verdict": ["approve"], "version": True}, {"/verdict", "/version"}),
        ({"verdict": "spam", "version": 1, "note": 3, "altro": 1}, {"/note", "/altro"}),
    ],
)
def test_all_mistakes_are_named(client: FlaskClient, body: dict[str, Any], pointers: set[str]) -> None:
    answer = client.post(f"{API}/comments/x/verdict", json=body, headers=key(client))
    assert answer.status_code == 422
    assert {e["pointer"] for e in answer.get_json(force=True)["errors"]} == pointers


def test_bad_questions_are_refused(client: FlaskClient) -> None:
    headers = key(client)
    for query in ("limit=0", "limit=x", "status=altro", "order=caso", "after=falso", "altro=1"):
        assert client.get(f"{API}/queue?{query}", headers=headers).status_code == 422, query
    assert client.get(f"{API}/comments/nulla/log", headers=headers).status_code == 404


def test_an_empty_value_asks_for_the_usual(client: FlaskClient, screener: FixedScreener) -> None:
    comment = hold(client, screener)
    answer = client.get(f"{API}/queue?site=&status=&order=&limit=&after=", headers=key(client))
    assert [item["comment"]["id"] for item in answer.get_json()["items"]] == [comment]


def test_words_that_moved_the_score_come_with_their_places(client: FlaskClient, screener: FixedScreener) -> None:
    headers, screener.toxicity = key(client), 0.7
    body = {"page_url": "https://blog.example/a", "author": "Anna", "body": "🙂 Sei un idiota."}
    client.post("/api/v1/sites/demo/comments", json=body)
    [item] = client.get(f"{API}/queue", headers=headers).get_json()["items"]
    assert (item["highlights"], item["spanScores"]) == ([], [])
    with client.application.app_context():
        assert explain_held(client.application.extensions["engagement"]) == 1
    [item] = client.get(f"{API}/queue", headers=headers).get_json()["items"]
    strongest = max(item["spanScores"], key=lambda span: span["score"])
    assert (strongest["begin"], strongest["end"], strongest["label"]) == (10, 16, "toxicity")
    assert "idiota" in item["highlights"]


def test_answers_have_the_shapes_that_the_document_gives_them(client: FlaskClient, screener: FixedScreener) -> None:
    spec = client.get("/api/openapi.json").get_json()
    shapes = spec["components"]["schemas"]
    for path in ("queue", "comments/{comment_id}/verdict", "comments/{comment_id}/log"):
        (operation,) = [v for k, v in spec["paths"][f"/api/v1/moderation/{path}"].items() if k in {"get", "post"}]
        assert {"200", "401", "429"} <= set(operation["responses"])
        assert operation["security"] == [{"apiKey": []}]
    hold(client, screener)
    headers = key(client)
    (item,) = client.get("/api/v1/moderation/queue", headers=headers).get_json()["items"]
    assert set(item) == set(shapes["QueueItem"]["properties"])
    assert set(item["comment"]) == set(shapes["ModeratedComment"]["properties"])
    assert set(item["reasons"][0]) == set(shapes["Reason"]["properties"])
    url = f"/api/v1/moderation/comments/{item['comment']['id']}/log"
    (line,) = client.get(url, headers=headers).get_json()["log"]
    assert set(line) == set(shapes["LogLine"]["properties"])


def test_a_verdict_with_a_key_is_answered_again_and_given_once(client: FlaskClient, screener: FixedScreener) -> None:
    headers, comment = key(client) | {"Idempotency-Key": "k1"}, hold(client, screener)
    url, body = f"{API}/comments/{comment}/verdict", {"verdict": "approve", "version": 1}
    first = client.post(url, json=body, headers=headers)
    again = client.post(url, json=body, headers=headers)
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.get_json() == first.get_json()
    for other in (body | {"verdict": "spam"}, body | {"version": 2}):
        answer = client.post(url, json=other, headers=headers)
        assert answer.get_json(force=True)["type"].endswith("/problems/idempotency-key-reused")
    log = client.get(f"{API}/comments/{comment}/log", headers=headers).get_json()["log"]
    assert [line["what"] for line in log] == ["hold", "approve"]


@pytest.mark.parametrize("after", ["newest~x", "risk~nan~" + "a" * 20, "risk~0.5~x"])
def test_a_hostile_cursor_is_422(client: FlaskClient, after: str) -> None:
    order = after.partition("~")[0]
    answer = client.get(f"{API}/queue?order={order}&after={after}", headers=key(client))
    assert [e["pointer"] for e in answer.get_json(force=True)["errors"]] == ["/after"]


def test_what_no_database_keeps_is_refused(client: FlaskClient, screener: FixedScreener) -> None:
    headers, comment = key(client), hold(client, screener)
    assert client.get(f"{API}/comments/%00/log", headers=headers).status_code == 400
    body = {"verdict": "spam", "version": 1, "note": "a\0b", "reason": "\0"}
    answer = client.post(f"{API}/comments/{comment}/verdict", json=body, headers=headers)
    assert {e["pointer"] for e in answer.get_json(force=True)["errors"]} == {"/note", "/reason"}


def test_calls_are_counted_by_key_and_wrong_keys_by_address(make_client: Callable[..., FlaskClient]) -> None:
    client = make_client(limits__enabled="true", limits__api_key="2 per minute")
    good, elsewhere = key(client), {"REMOTE_ADDR": "192.0.2.9"}

    def ask(headers: dict[str, str], **environ: str) -> int:
        return client.get(f"{API}/queue", headers=headers, environ_overrides=environ).status_code

    assert [ask(good), ask(good, **elsewhere), ask(good)] == [200, 200, 429]
    assert [ask({}), ask({}), ask({})] == [401, 401, 429]
    assert ask({}, **elsewhere) == 401
