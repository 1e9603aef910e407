"""Fields, threads and limits as Isso and WordPress test them, in our words (docs/peers.md: T3, T4, T26)."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from engagement.domain.comments import MAX_AUTHOR, MAX_EMAIL, MAX_WEBSITE
from tests.fakes import StoppedClock
from tests.web.test_comments_api import PAGE, URL, listed, post
from tests.web.test_wordpress_form import send


@pytest.mark.parametrize(
    "website",
    [
        "https://esempio.example",
        "http://esempio.example:8080/a/b?c=d",
        "https://sub.dominio.esempio.example/~ada/",
        "https://esempio.example/percorso_(con)_parentesi",
        "http://127.0.0.1/",
        "https://münchen.example/straße",
        "https://xn--mnchen-3ya.example/",
    ],
)
def test_a_website_that_can_be_one_is_taken(client: FlaskClient, website: str) -> None:
    assert post(client, 201, website=website)["comment"]["website"].startswith("http")


@pytest.mark.parametrize(
    "website",
    ["niente", "ftp://esempio.example", "javascript:beep()", "https:///", "https://", 'https://x.example/" onclick="b'],
)
def test_a_website_that_cannot_be_one_is_refused_by_name(client: FlaskClient, website: str) -> None:
    assert [e["pointer"] for e in post(client, 422, website=website)["errors"]] == ["/website"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("body", ""),
        ("body", " \n\t"),
        ("body", 5),
        ("body", None),
        ("author", ""),
        ("author", "   "),
        ("author", "x" * (MAX_AUTHOR + 1)),
        ("author", ["Ada"]),
        ("email", "niente"),
        ("email", "x" * MAX_EMAIL + "@x.example"),
        ("email", 5),
        ("website", "https://x.example/" + "x" * MAX_WEBSITE),
        ("body", "x" * 65_526),
        ("parent", 5),
        ("page_url", "https://altro.example/"),
    ],
)
def test_each_wrong_field_is_named(client: FlaskClient, field: str, value: object) -> None:
    assert [e["pointer"] for e in post(client, 422, **{field: value})["errors"]] == [f"/{field}"]


@pytest.mark.parametrize(
    ("field", "value"), [("author", "x" * MAX_AUTHOR), ("body", "x" * 65_525), ("body", "x"), ("author", "x")]
)
def test_what_just_fits_is_taken(client: FlaskClient, field: str, value: str) -> None:
    post(client, 201, **{field: value})


def test_a_reply_belongs_to_a_published_comment_of_its_own_page(client: FlaskClient) -> None:
    first = post(client, 201)["comment"]["id"]
    other = "https://blog.example/altro"
    wrong = post(client, 422, parent=first, page_url=other, body="Altrove.")
    assert [e["pointer"] for e in wrong["errors"]] == ["/parent"]
    second = post(client, 201, parent=first, body="Una risposta.")["comment"]
    third = post(client, 201, parent=second["id"], body="Una risposta alla risposta.")["comment"]
    assert (second["parent"], third["parent"]) == (first, second["id"])


def test_deleting_a_comment_keeps_the_place_of_its_answers(client: FlaskClient) -> None:
    alone, first = post(client, 201), post(client, 201, body="Con risposta.")
    reply = post(client, 201, parent=first["comment"]["id"], body="La risposta.")
    for given in (alone, first):
        bearer = {"Authorization": f"Bearer {given['edit_token']}"}
        assert client.delete(f"{URL}/{given['comment']['id']}", headers=bearer).status_code == 204
    assert {(c["id"], c["status"], c["author"]) for c in listed(client)["comments"]} == {
        (first["comment"]["id"], "deleted", ""),
        (reply["comment"]["id"], "published", "Anna"),
    }
    bearer = {"Authorization": f"Bearer {reply['edit_token']}"}
    assert client.delete(f"{URL}/{reply['comment']['id']}", headers=bearer).status_code == 204
    assert listed(client)["count"] == 0


def test_a_third_comment_in_a_minute_is_refused_and_another_network_is_not(
    make_client: Callable[..., FlaskClient], clock: StoppedClock
) -> None:
    client = make_client(limits__flood_per_minute="2")
    post(client, 201, body="Il primo.")
    post(client, 201, body="Il secondo.")
    refused = post(client, 429, body="Il terzo.")
    assert refused["type"].endswith("/problems/too-many-requests")
    assert "127.0.0.1" not in refused["detail"]
    other = {"page_url": PAGE, "author": "Bruno", "body": "Da un’altra rete."}
    assert client.post(URL, json=other, environ_base={"REMOTE_ADDR": "203.0.113.9"}).status_code == 201
    clock.move(seconds=61)
    post(client, 201, body="Il terzo, un minuto dopo.")


def test_a_duplicate_is_refused_on_its_page_and_taken_on_another(client: FlaskClient) -> None:
    post(client, 201, body="Sono d’accordo.")
    post(client, 409, body="sono  D’ACCORDO.")
    post(client, 201, body="Sono d’accordo.", page_url="https://blog.example/altro")


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, 303),
        ({"comment": ""}, 200),
        ({"comment": "   "}, 200),
        ({"author": ""}, 200),
        ({"email": "niente"}, 200),
        ({"author": "x" * 246}, 200),
        ({"email": "x" * 100 + "@x.example"}, 200),
        ({"comment": "x" * 65_526}, 200),
        ({"comment_parent": "niente"}, 303),
        ({"comment_parent": "0"}, 303),
        ({"comment_post_ID": ""}, 303),
        ({"comment_post_ID": "niente"}, 303),
    ],
)
def test_a_theme_s_form_gets_the_statuses_it_knows(client: FlaskClient, changes: dict[str, str], status: int) -> None:
    assert send(client, **changes).status_code == status


def test_a_theme_s_duplicate_and_a_body_that_is_none(client: FlaskClient) -> None:
    assert send(client).status_code == 303
    assert send(client).status_code == 409
    assert client.get("/sites/demo/wp-comments-post.php").status_code == 405
