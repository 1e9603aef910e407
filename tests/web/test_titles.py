"""A page's title is a reader's word too: nobody sees one that was neither looked at by the machine nor by a person."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from engagement.domain.screening import NotScreened
from engagement.services.screening import screen_waiting
from tests.fakes import FixedScreener, StoppedClock
from tests.web.test_desk import enter, fields

PAGE = "https://blog.example/a"
BAD, GOOD = "CATTIVO titolo", "Un buon titolo"


def post(client: FlaskClient, body: str = "Un parere pacato.", **more: str) -> dict[str, Any]:
    sent = {"page_url": PAGE, "author": "Anna", "body": body} | more
    found: dict[str, Any] = client.post("/api/v1/sites/demo/comments", json=sent).get_json(force=True)
    return found


def shown(client: FlaskClient) -> str:
    """The title in the API, once it is the same on the pages and in the feed."""
    title = str(client.get("/api/v1/sites/demo/comments", query_string={"page_url": PAGE}).get_json()["page"]["title"])
    pages = ["/sites/demo/thread", "/sites/demo/comments.atom"]
    texts = [client.get(path, query_string={"page_url": PAGE}).text for path in pages]
    texts.append(client.get("/api/v1/sites/demo/most-discussed").text)
    assert [text for text in texts if BAD in text] == ([] if title != BAD else texts)
    return title


@pytest.mark.parametrize("toxicity", [0.7, 0.99])
def test_what_came_with_a_comment_that_is_not_published_is_not_shown(
    client: FlaskClient, screener: FixedScreener, toxicity: float
) -> None:
    screener.toxicity = toxicity
    post(client, page_title=BAD)
    assert shown(client) == ""
    screener.toxicity = 0.01
    post(client, "Un altro parere.", page_title=GOOD)
    assert shown(client) == GOOD


def test_what_a_held_comment_brought_falls_when_another_is_published_without_one(
    client: FlaskClient, screener: FixedScreener
) -> None:
    screener.toxicity = 0.7
    post(client, page_title=BAD)
    screener.toxicity = 0.01
    post(client, "Un altro parere.")
    assert shown(client) == ""


def test_a_held_comment_brings_no_title_to_a_page_that_is_read(client: FlaskClient, screener: FixedScreener) -> None:
    post(client)
    screener.toxicity = 0.7
    post(client, "Un altro parere.", page_title=BAD)
    assert shown(client) == ""


def test_a_new_title_is_screened_with_its_comment(client: FlaskClient, screener: FixedScreener) -> None:
    screener.answers = {"CATTIVO": 0.8}
    assert post(client, page_title=BAD)["comment"]["status"] == "held"
    assert shown(client) == ""


def test_a_title_that_stands_already_holds_nobody_up(client: FlaskClient, screener: FixedScreener) -> None:
    post(client, page_title=GOOD)
    screener.answers = {"CATTIVO": 0.8, "buon": 0.8}
    assert post(client, "Un altro parere.", page_title=BAD)["comment"]["status"] == "published"
    assert shown(client) == GOOD


def test_a_moderator_sees_the_title_and_lets_it_through_with_its_comment(
    client: FlaskClient, screener: FixedScreener
) -> None:
    enter(client)
    screener.toxicity = 0.7
    comment = post(client, page_title=GOOD)["comment"]["id"]
    assert GOOD in client.get("/desk/").text
    assert shown(client) == ""
    client.post(f"/desk/comments/{comment}/verdict", data=fields(client) | {"verdict": "approve"})
    assert shown(client) == GOOD


def test_a_refused_comment_takes_its_title_with_it(client: FlaskClient, screener: FixedScreener) -> None:
    enter(client)
    screener.toxicity = 0.7
    comment = post(client, page_title=BAD)["comment"]["id"]
    client.post(f"/desk/comments/{comment}/verdict", data=fields(client) | {"verdict": "spam"})
    other = post(client, "Un altro parere.")["comment"]["id"]
    assert BAD not in client.get("/desk/").text
    client.post(f"/desk/comments/{other}/verdict", data=fields(client) | {"verdict": "approve"})
    assert shown(client) == ""


def test_a_title_is_looked_at_too_when_a_comment_is_screened_later(
    client: FlaskClient, screener: FixedScreener, clock: StoppedClock
) -> None:
    screener.toxicity = NotScreened("slow")
    post(client, page_title=BAD)
    screener.toxicity, screener.answers = 0.01, {"CATTIVO": 0.8}
    clock.move(minutes=10)
    with client.application.app_context():
        assert screen_waiting(client.application.extensions["engagement"]) == 1
    assert shown(client) == ""
