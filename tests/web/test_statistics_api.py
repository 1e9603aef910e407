"""Counts, the newest comments, the most discussed pages, feeds."""

from typing import Any
from xml.etree import ElementTree as Xml

import pytest
from flask.testing import FlaskClient

from tests.fakes import FixedScreener, StoppedClock
from tests.web.test_comments_api import PAGE, post

SITE = "/api/v1/sites/demo"
OTHER = "https://blog.example/altro"
ATOM = {"a": "http://www.w3.org/2005/Atom"}


def get(client: FlaskClient, path: str, **query: Any) -> Any:
    answer = client.get(path, query_string=query)
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def test_counts_are_of_published_comments_by_address_as_given(client: FlaskClient, screener: FixedScreener) -> None:
    post(client, 201)
    post(client, 201, body="Due.", page_url=OTHER)
    screener.toxicity = 0.7
    post(client, 202, body="Tre.")
    given = f"{PAGE}?utm_source=x#c"
    wanted = {PAGE: 1, given: 1, OTHER: 1, "https://blog.example/vuoto": 0}
    sent = client.post(f"{SITE}/counts", json={"page_urls": list(wanted)})
    assert sent.get_json() == {"counts": wanted}
    assert get(client, f"{SITE}/counts", page_url=list(wanted)) == {"counts": wanted}


def test_wrong_addresses_are_named_by_place(client: FlaskClient) -> None:
    answer = client.post(f"{SITE}/counts", json={"page_urls": [PAGE, "https://evil.example/", "x"]})
    assert answer.status_code == 422
    assert [e["pointer"] for e in answer.get_json(force=True)["errors"]] == ["/page_urls/1", "/page_urls/2"]
    for urls in ([], [f"{PAGE}/{n}" for n in range(201)], "x", [5]):
        assert client.post(f"{SITE}/counts", json={"page_urls": urls}).status_code == 422
    assert client.get(f"{SITE}/counts").status_code == 422
    assert client.get(f"{SITE}/counts", query_string={"page_url": PAGE, "x": 1}).status_code == 422


def test_the_newest_comments_come_first(client: FlaskClient, clock: StoppedClock) -> None:
    for n in range(3):
        clock.move(minutes=1)
        post(client, 201, body=f"Commento {n}.", page_title="Articolo")
    found = get(client, f"{SITE}/latest", limit=2)["comments"]
    assert [c["body_html"] for c in found] == ["<p>Commento 2.</p>", "<p>Commento 1.</p>"]
    assert found[0]["page"] == {"url": PAGE, "title": "Articolo"}
    for limit in ("0", "51", "x", "-1", "1.5"):
        assert client.get(f"{SITE}/latest", query_string={"limit": limit}).status_code == 422


def test_unchanged_lists_are_not_sent_twice(client: FlaskClient) -> None:
    post(client, 201)
    for path in (f"{SITE}/latest", f"{SITE}/most-discussed", "/sites/demo/comments.atom"):
        tag = client.get(path).headers["ETag"]
        again = client.get(path, headers={"If-None-Match": tag})
        assert (again.status_code, again.data) == (304, b"")
    post(client, 201, body="Due.")
    assert client.get(f"{SITE}/latest", headers={"If-None-Match": tag}).status_code == 200


def test_most_discussed_counts_the_last_days(client: FlaskClient, clock: StoppedClock) -> None:
    for n in range(3):
        post(client, 201, body=f"Vecchio {n}.", page_url=OTHER)
    clock.move(days=40)
    post(client, 201)
    assert [(p["url"], p["count"]) for p in get(client, f"{SITE}/most-discussed")["pages"]] == [(PAGE, 1)]
    found = get(client, f"{SITE}/most-discussed", days=90)["pages"]
    assert [(p["url"], p["count"]) for p in found] == [(OTHER, 3), (PAGE, 1)]


def test_the_feed_is_atom_with_replies(client: FlaskClient, clock: StoppedClock) -> None:
    first = post(client, 201, page_title="Un & altro", author="Anna <b>")
    clock.move(seconds=1)
    post(client, 201, body="Rispondo\u000b.", parent=first["comment"]["id"])
    answer = client.get("/sites/demo/comments.atom")
    assert answer.mimetype == "application/atom+xml"
    feed = Xml.fromstring(answer.data)
    entries = feed.findall("a:entry", ATOM)
    assert feed.findtext("a:title", namespaces=ATOM) == "Commenti su Il blog di prova"
    assert len(entries) == 2
    reply = entries[0].find("{http://purl.org/syndication/thread/1.0}in-reply-to")
    assert reply is not None
    assert reply.get("ref") == first["comment"]["permalink"]
    assert entries[1].findtext("a:author/a:name", namespaces=ATOM) == "Anna <b>"
    assert entries[1].findtext("a:content", namespaces=ATOM) == "<p>Un articolo molto chiaro.</p>"
    assert feed.findtext("a:updated", namespaces=ATOM) == entries[0].findtext("a:updated", namespaces=ATOM)


def test_a_page_has_its_own_feed(client: FlaskClient) -> None:
    post(client, 201)
    post(client, 201, body="Altrove.", page_url=OTHER)
    found = Xml.fromstring(client.get("/sites/demo/comments.atom", query_string={"page_url": OTHER}).data)
    assert len(found.findall("a:entry", ATOM)) == 1
    empty = client.get("/sites/demo/comments.atom", query_string={"page_url": "https://blog.example/vuoto"})
    assert (empty.status_code, len(Xml.fromstring(empty.data).findall("a:entry", ATOM))) == (200, 0)


@pytest.mark.parametrize("query", [{"page_url": "https://evil.example/"}, {"x": "1"}])
def test_a_feed_of_a_foreign_page_is_refused(client: FlaskClient, query: dict[str, str]) -> None:
    assert client.get("/sites/demo/comments.atom", query_string=query).status_code == 422


def test_counts_under_a_key_stay_as_they_were_told(client: FlaskClient) -> None:
    headers = {"Idempotency-Key": "k"}
    ask = {"page_urls": [PAGE]}
    assert client.post(f"{SITE}/counts", json=ask, headers=headers).get_json() == {"counts": {PAGE: 0}}
    post(client, 201)
    assert client.post(f"{SITE}/counts", json=ask, headers=headers).get_json() == {"counts": {PAGE: 0}}
    assert client.post(f"{SITE}/counts", json=ask).get_json() == {"counts": {PAGE: 1}}
    other = client.post(f"{SITE}/counts", json={"page_urls": [OTHER]}, headers=headers)
    assert other.get_json(force=True)["type"].endswith("/problems/idempotency-key-reused")


@pytest.mark.parametrize("page", [None, PAGE])
def test_a_feed_names_its_public_address_however_it_was_asked(client: FlaskClient, page: str | None) -> None:
    query = {"page_url": page} if page else {}
    here = client.get("/sites/demo/comments.atom", query_string=query, base_url="http://innen.example:9")
    found = Xml.fromstring(here.get_data()).find("a:link[@rel='self']", ATOM)
    assert found is not None
    want = "http://127.0.0.1:8000/sites/demo/comments.atom"
    assert found.get("href") == (f"{want}?page_url=https%3A%2F%2Fblog.example%2Farticolo" if page else want)
