"""What readers may do with a comment: change, delete, vote, report."""

from collections.abc import Callable
from email import message_from_bytes, policy
from typing import Any

import pytest
from flask.testing import FlaskClient

from engagement.domain.moderation import Actor, Verdict
from engagement.domain.screening import NotScreened
from engagement.services import moderation
from engagement.services.mail import deliver_due
from engagement.services.operations.upkeep import tidy
from engagement.services.ports import Toolbox
from engagement.services.screening import screen_waiting
from tests.fakes import FixedScreener, StoppedClock
from tests.web.test_comments_api import PAGE, URL, listed, post
from tests.web.test_desk import decide, enter


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def change(client: FlaskClient, given: Any, body: str, expect: int, **more: Any) -> Any:
    token = more.pop("token", given["edit_token"])
    headers = bearer(token) if token else {}
    answer = client.patch(f"{URL}/{given['comment']['id']}", json={"body": body} | more, headers=headers)
    assert answer.status_code == expect, answer.text
    return answer.get_json(force=True)


def delete(client: FlaskClient, given: Any, expect: int) -> None:
    answer = client.delete(f"{URL}/{given['comment']['id']}", headers=bearer(given["edit_token"]))
    assert answer.status_code == expect, answer.text


def vote(client: FlaskClient, given: Any, value: Any, expect: int = 200, **headers: str) -> Any:
    answer = client.put(f"{URL}/{given['comment']['id']}/vote", json={"value": value}, headers=headers)
    assert answer.status_code == expect, answer.text
    return answer.get_json(force=True)


def report(client: FlaskClient, given: Any, expect: int = 202, *, key: str = "", **fields: Any) -> Any:
    body = {
        "reason": "harassment",
        "explanation": "Parla di me.",
        "name": "Bruno",
        "email": "bruno@lettori.example",
        "good_faith": True,
    } | fields
    headers = {"Idempotency-Key": key} if key else {}
    url = f"{URL}/{given['comment']['id']}/reports"
    answer = client.post(url, json={k: v for k, v in body.items() if v is not ...}, headers=headers)
    assert answer.status_code == expect, answer.text
    return answer.get_json(force=True)


def tools_of(client: FlaskClient) -> Toolbox:
    tools: Toolbox = client.application.extensions["engagement"]
    return tools


def settle(client: FlaskClient, given: Any, verdict: Verdict) -> None:
    with client.application.app_context():
        moderation.settle(
            tools_of(client), given["comment"]["id"], verdict, actor=Actor.MODERATOR, who="m", version=None
        )


def sent_mails(client: FlaskClient) -> list[tuple[str, str]]:
    """Recipient and subject of every mail sent so far."""
    tools = tools_of(client)
    with client.application.app_context():
        deliver_due(tools)
    found = []
    for recipient, raw in tools.postman.sent:  # type: ignore[attr-defined] # the memory postman's
        found.append((recipient, str(message_from_bytes(raw, policy=policy.default)["Subject"])))
    return found


def test_an_author_changes_a_comment(client: FlaskClient, clock: StoppedClock) -> None:
    given = post(client, 201)
    tag = client.get(URL, query_string={"page_url": PAGE}).headers["ETag"]
    clock.move(minutes=5)
    changed = change(client, given, "Un articolo *chiarissimo*.", 200)
    assert changed["comment"]["body"] == "Un articolo *chiarissimo*."
    assert changed["message"] == "Il tuo commento è stato modificato."
    (shown,) = listed(client)["comments"]
    assert shown["body_html"] == "<p>Un articolo <em>chiarissimo</em>.</p>"
    assert shown["edited_at"].startswith("2026-11-25T12:05")
    assert "body" not in shown
    answer = client.get(URL, query_string={"page_url": PAGE}, headers={"If-None-Match": tag})
    assert answer.status_code == 200


def test_the_source_is_shown_to_its_author_alone(client: FlaskClient, screener: FixedScreener) -> None:
    screener.toxicity = 0.7
    given = post(client, 202)
    one = f"{URL}/{given['comment']['id']}"
    assert client.get(one).status_code == 404
    own = client.get(one, headers=bearer(given["edit_token"]))
    assert own.get_json()["body"] == "Un articolo molto chiaro."
    assert own.headers["Cache-Control"] == "no-store"


def test_a_token_is_needed_and_must_fit(client: FlaskClient, clock: StoppedClock) -> None:
    given, other = post(client, 201), post(client, 201, body="Un altro commento.")
    change(client, given, "Nuovo.", 401, token="")
    change(client, given, "Nuovo.", 401, token="forged")
    change(client, given, "Nuovo.", 403, token=other["edit_token"])
    clock.move(minutes=15)
    assert "finito" in change(client, given, "Nuovo.", 403)["detail"]
    delete(client, given, 403)
    assert {c["edited_at"] for c in listed(client)["comments"]} == {None}


def test_a_changed_text_is_checked_like_a_new_one(client: FlaskClient, screener: FixedScreener) -> None:
    given = post(client, 201)
    assert change(client, given, " ", 422)["errors"][0]["pointer"] == "/body"
    assert change(client, given, "Bene.", 422, author="Altra")["errors"][0]["pointer"] == "/author"
    screener.answers = {"terribile": 0.99}
    assert change(client, given, "Sei terribile.", 403)["reasons"][0]["code"] == "toxicity"
    assert listed(client)["comments"][0]["body_html"] == "<p>Un articolo molto chiaro.</p>"


def test_while_a_change_is_held_the_published_text_stays(client: FlaskClient, screener: FixedScreener) -> None:
    given = post(client, 201)
    screener.answers = {"dubbio": 0.7}
    held = change(client, given, "Un testo dubbio.", 202)
    assert held["comment"]["status"] == "published"
    assert held["comment"]["body_html"] == "<p>Un articolo molto chiaro.</p>"
    assert listed(client)["comments"][0]["body_html"] == "<p>Un articolo molto chiaro.</p>"
    enter(client)
    page = client.get("/desk/").text
    assert "Un testo dubbio." in page
    assert "Un nuovo testo per un commento già pubblicato" in page
    assert "<strong>Trattenuto:</strong> tossicità" in page  # the reasons are those of the new text
    assert decide(client, given["comment"]["id"]).status_code == 303
    (shown,) = listed(client)["comments"]
    assert shown["body_html"] == "<p>Un testo dubbio.</p>"
    assert shown["edited_at"] is not None
    assert "Un testo dubbio." not in client.get("/desk/").text


@pytest.mark.parametrize(("verdict", "left"), [("reject", 1), ("spam", 0)])
def test_a_held_change_falls_and_spam_takes_the_comment_along(
    client: FlaskClient, screener: FixedScreener, verdict: str, left: int
) -> None:
    given = post(client, 201)
    screener.answers = {"dubbio": 0.7}
    change(client, given, "Un testo dubbio.", 202)
    settle(client, given, Verdict(verdict))
    found = listed(client)
    assert (found["count"], len(found["comments"])) == (left, left)
    assert all(c["body_html"] == "<p>Un articolo molto chiaro.</p>" for c in found["comments"])


def test_a_held_change_is_told_by_mail_with_its_own_text(client: FlaskClient, screener: FixedScreener) -> None:
    given = post(client, 201)
    screener.answers = {"dubbio": 0.7}
    change(client, given, "Un testo dubbio.", 202)
    assert len(sent_mails(client)) == 2
    urgent = tools_of(client).postman.sent[0][1]  # type: ignore[attr-defined]
    assert b"Un testo dubbio." in urgent


def test_a_change_without_a_score_is_screened_again(
    client: FlaskClient, screener: FixedScreener, clock: StoppedClock
) -> None:
    given = post(client, 201)
    screener.toxicity = NotScreened("slow", "fixed@1")
    change(client, given, "Un testo nuovo.", 202)
    screener.toxicity = 0.01
    clock.move(minutes=1)
    with client.application.app_context():
        assert screen_waiting(tools_of(client)) == 1
    assert listed(client)["comments"][0]["body_html"] == "<p>Un testo nuovo.</p>"


def test_a_better_text_frees_a_held_comment_unless_a_person_held_it(
    client: FlaskClient, screener: FixedScreener
) -> None:
    screener.answers = {"dubbio": 0.7}
    first, second = post(client, 202, body="Dubbio e dubbio."), post(client, 202, body="Ancora un dubbio.")
    change(client, first, "Un testo gentile.", 200)
    assert listed(client)["count"] == 1
    settle(client, second, Verdict.APPROVE)
    with client.application.app_context():
        moderation.undo(tools_of(client), second["comment"]["id"], "m", None, None)
    assert change(client, second, "Un altro testo gentile.", 202)["comment"]["status"] == "held"
    assert listed(client)["count"] == 1


def test_an_author_deletes_a_comment_without_replies(client: FlaskClient) -> None:
    given = post(client, 201)
    delete(client, given, 204)
    assert listed(client)["comments"] == []
    assert listed(client)["count"] == 0
    delete(client, given, 404)
    change(client, given, "Torno.", 404)


def test_a_deleted_comment_with_replies_leaves_an_empty_place(client: FlaskClient, clock: StoppedClock) -> None:
    given = post(client, 201, author="Carla", website="https://carla.example")
    clock.move(seconds=1)
    answer = post(client, 201, body="Rispondo.", parent=given["comment"]["id"])
    delete(client, given, 204)
    found = listed(client)
    gone, reply = found["comments"]
    assert found["count"] == 1
    assert (gone["status"], gone["author"], gone["website"], gone["body_html"]) == ("deleted", "", None, "")
    assert reply["parent"] == gone["id"]
    page = client.get("/sites/demo/thread", query_string={"page_url": PAGE}).text
    assert "Commento eliminato dall&#39;autore." in page
    assert "Carla" not in page
    assert "carla.example" not in page
    delete(client, answer, 204)
    assert listed(client)["comments"] == []


def test_a_reader_votes_once_and_the_last_word_counts(client: FlaskClient) -> None:
    given = post(client, 201)
    assert vote(client, given, 1) == {"votes": 1, "value": 1}
    assert vote(client, given, 1)["votes"] == 1
    assert vote(client, given, -1)["votes"] == -1
    assert vote(client, given, 0)["votes"] == 0
    assert vote(client, given, 1)["votes"] == 1
    assert vote(client, given, 1, **{"User-Agent": "another"})["votes"] == 2
    assert listed(client)["comments"][0]["votes"] == 2


@pytest.mark.parametrize("value", [2, True, "1", None, 1.0, [1]])
def test_a_vote_is_a_number_of_three(client: FlaskClient, value: Any) -> None:
    given = post(client, 201)
    assert vote(client, given, value, 422)["errors"][0]["pointer"] == "/value"


def test_a_held_comment_cannot_be_voted_on(client: FlaskClient, screener: FixedScreener) -> None:
    screener.toxicity = 0.7
    vote(client, post(client, 202), 1, 404)


def test_popular_is_by_the_lower_bound_and_pages_through(client: FlaskClient) -> None:
    plenty, few, bad, none = (post(client, 201, body=f"Commento {n}.") for n in range(4))
    for voter in range(20):
        vote(client, plenty, 1 if voter else -1, **{"User-Agent": f"r{voter}"})
    vote(client, few, 1)
    vote(client, bad, -1)
    ids = [c["id"] for c in listed(client, sort="popular")["comments"]]
    assert ids == [g["comment"]["id"] for g in (plenty, few, none, bad)]
    paged, after = [], None
    for _ in range(4):
        found = listed(client, sort="popular", limit=1, **({"after": after} if after else {}))
        paged += [c["id"] for c in found["comments"]]
        after = found["next"]
    assert (paged, after) == (ids, None)


def test_a_report_is_taken_told_and_decided(client: FlaskClient) -> None:
    given = post(client, 201)
    first = report(client, given)
    assert report(client, given)["reference"] == first["reference"]
    mails = sent_mails(client)
    assert [to for to, _ in mails] == ["autore@demo.example"] * 2
    enter(client)
    page = client.get("/desk/reports").text
    assert "Parla di me." in page
    assert "molestie, segnalato da Bruno" in page
    settle(client, given, Verdict.REJECT)
    assert sent_mails(client)[-1] == (
        "bruno@lettori.example",
        f"La tua segnalazione {first['reference']} è stata decisa",
    )
    raw = tools_of(client).postman.sent[-1][1]  # type: ignore[attr-defined]
    assert b"Un articolo molto chiaro" not in raw
    assert "Nessuno ha segnalato commenti." in client.get("/desk/reports").text


def test_a_reported_comment_may_stay(client: FlaskClient) -> None:
    given = post(client, 201)
    report(client, given)
    settle(client, given, Verdict.APPROVE)
    assert listed(client)["count"] == 1
    sent_mails(client)
    raw = tools_of(client).postman.sent[-1][1]  # type: ignore[attr-defined]
    assert b"il commento resta" in raw


def test_a_report_names_every_wrong_field(client: FlaskClient) -> None:
    given = post(client, 201)
    said = report(client, given, 422, reason="bored", explanation="", name="", email="no", good_faith=False, more=1)
    pointers = [e["pointer"] for e in said["errors"]]
    assert pointers == ["/email", "/explanation", "/good_faith", "/more", "/name", "/reason"]
    [unsaid] = report(client, given, 422, reason="")["errors"]
    assert unsaid["detail"] == "Scegli un motivo."  # no codes for who chose none
    assert report(client, given, reason="child-safety", name=..., email=...)["reference"]


def test_the_same_key_gives_the_same_report(client: FlaskClient) -> None:
    given = post(client, 201)
    first = report(client, given, key="k1", email="a@lettori.example")
    assert report(client, given, key="k1", email="a@lettori.example") == first
    assert report(client, given, 422, key="k1", email="b@lettori.example")["type"].endswith("idempotency-key-reused")


def test_a_foreign_page_may_not_change_vote_or_report(client: FlaskClient) -> None:
    given, foreign = post(client, 201), {"Origin": "https://evil.example"}
    one = f"{URL}/{given['comment']['id']}"
    token = bearer(given["edit_token"])
    for answer in (
        client.patch(one, json={"body": "x"}, headers=foreign | token),
        client.delete(one, headers=foreign | token),
        client.put(f"{one}/vote", json={"value": 1}, headers=foreign),
        client.post(f"{one}/reports", json={}, headers=foreign),
    ):
        assert (answer.status_code, answer.get_json(force=True)["type"].rpartition("/")[2]) == (
            403,
            "origin-not-allowed",
        )


def test_votes_and_edits_have_rates(make_client: Callable[..., FlaskClient]) -> None:
    client = make_client(limits__enabled="true", limits__votes="1 per minute", limits__edits="1 per minute")
    given = post(client, 201)
    vote(client, given, 1)
    assert "Retry-After" in client.put(f"{URL}/{given['comment']['id']}/vote", json={"value": 1}).headers
    change(client, given, "Nuovo.", 200)
    change(client, given, "Nuovissimo.", 429)


def test_who_voted_is_forgotten_and_the_sum_stays(client: FlaskClient, clock: StoppedClock) -> None:
    given = post(client, 201)
    vote(client, given, 1)
    clock.move(days=31)
    with client.application.app_context():
        tidy(tools_of(client))
    assert listed(client)["comments"][0]["votes"] == 1
    assert vote(client, given, 1)["votes"] == 2
