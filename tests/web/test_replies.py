"""The form's box and the pages behind the links in letters about replies: GET shows, POST acts."""

import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from engagement.services.mailing import replies
from engagement.services.ports import Toolbox
from engagement.storage.db import reading
from engagement.storage.mailing.mail_tables import ReplyConsentRow, ReplyMuteRow
from engagement.storage.tables import CommentRow

FORM = "/sites/demo/comments"
PAGE = "https://blog.example/articolo"
READER = "anna@posta.example"


def rows(client: FlaskClient, kind: type[Any]) -> list[Any]:
    with client.application.app_context(), reading() as session:
        return list(session.scalars(select(kind)).all())


def send(client: FlaskClient, **more: str) -> int:
    sent = {"page_url": PAGE, "page_title": "Titolo", "author": "Anna", "body": "Un parere.", "email": READER} | more
    code = client.post(FORM, data=sent).status_code
    with client.application.app_context():
        replies.announce_published(client.application.extensions["engagement"])
    return code


def path(client: FlaskClient, purpose: Any, page: int = 0) -> str:
    tools: Toolbox = client.application.extensions["engagement"]
    [row] = rows(client, ReplyConsentRow)
    return "/replies/" + tools.links.replies(purpose, row.id, row.version, page=page).partition("/replies/")[2]


def state(client: FlaskClient) -> tuple[list[str], int]:
    return [row.state for row in rows(client, ReplyConsentRow)], len(rows(client, ReplyMuteRow))


def page_id(client: FlaskClient) -> int:
    return int(rows(client, CommentRow)[0].page_id)


def test_the_plain_form_has_a_box_with_a_label(client: FlaskClient) -> None:
    page = client.get(f"/sites/demo/thread?page_url={PAGE}").text
    assert re.search(
        r'<label><input type="checkbox" name="notify_replies" value="true"> Avvisami delle risposte</label>', page
    )


def test_a_refused_form_keeps_its_tick(client: FlaskClient) -> None:
    sent = {"page_url": PAGE, "author": "", "body": "x", "notify_replies": "true"}
    assert 'value="true" checked> Avvisami' in client.post(FORM, data=sent).text


@pytest.mark.parametrize(
    ("ticked", "asked"),
    [
        ({"notify_replies": "true"}, ["pending"]),
        ({"notify_replies": "on"}, ["pending"]),
        ({"notify_replies": "false"}, []),
        ({"notify_replies": "0"}, []),
        ({}, []),
    ],
)
def test_the_tick_asks(client: FlaskClient, ticked: dict[str, str], asked: list[str]) -> None:
    assert send(client, **ticked) == 303
    assert state(client) == (asked, 0)


def test_looking_changes_nothing_and_pressing_acts(client: FlaskClient) -> None:
    send(client, notify_replies="true")
    confirm = path(client, "confirm")
    for _ in range(2):
        page = client.get(confirm)
        client.head(confirm)
        assert "Sì, avvisami delle risposte" in page.text
        assert state(client) == (["pending"], 0)
    for _ in range(2):
        assert "Riceverai" in client.post(confirm).text
        assert state(client) == (["confirmed"], 0)
    assert "<button" not in client.get(confirm).text


@pytest.mark.parametrize(
    ("data", "after"),
    [
        ({"what": "page"}, (["confirmed"], 1)),
        ({"what": "all"}, (["left"], 0)),
        ({"List-Unsubscribe": "One-Click"}, (["left"], 0)),
        ({}, (["left"], 0)),
    ],
)
def test_one_leaves_a_page_or_all(client: FlaskClient, data: dict[str, str], after: tuple[list[str], int]) -> None:
    send(client, notify_replies="true")
    client.post(path(client, "confirm"))
    address = path(client, "leave", page_id(client))
    shown = client.get(address)
    client.head(address)
    assert shown.text.count("<button") == 2
    assert "«Titolo»" in shown.text
    assert state(client) == (["confirmed"], 0)
    answer = client.post(address, data=data)
    assert answer.status_code == 200
    assert state(client) == after
    assert "Set-Cookie" not in answer.headers
    client.post(address, data=data)
    assert state(client) == after


def test_a_link_that_is_none_is_a_page_and_nothing_is_kept_or_indexed(client: FlaskClient) -> None:
    for purpose in ("confirm", "leave"):
        for answer in (client.get(f"/replies/{purpose}/x"), client.post(f"/replies/{purpose}/x")):
            assert answer.status_code in {404, 410, 403, 400}
            assert answer.content_type.startswith("text/html")
            assert answer.headers["X-Robots-Tag"] == "noindex"
            assert answer.headers["Cache-Control"] == "no-store"
            assert answer.headers["Referrer-Policy"] == "no-referrer"
