"""A thread for server-side inclusion, and its words for search engines."""

import json
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import html5lib
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.fakes import StoppedClock
from tests.web.test_comments_api import PAGE, post

URL = "/sites/demo/thread"
NASTY = "</script><script>alert(1)</script><!--"
BASE = "https://commenti.example"


@pytest.fixture
def client(make_client: Callable[..., FlaskClient]) -> FlaskClient:
    return make_client(server__public_url=BASE)


def read(client: FlaskClient, expect: int = 200, **query: str) -> TestResponse:
    answer = client.get(URL, query_string={"page_url": PAGE} | query)
    assert answer.status_code == expect, answer.text
    return answer


class Scripts(HTMLParser):
    """What stands in script elements, by their type, as a browser would find them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self._inside: str | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "script":
            self._inside = dict(attrs).get("type") or "text/javascript"

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.found.append((self._inside, data))

    def handle_endtag(self, tag: str) -> None:
        self._inside = None


def linked(html: str) -> Any:
    ((kind, data),) = Scripts(html).found
    assert kind == "application/ld+json"
    return json.loads(data)


@pytest.mark.parametrize("query", [{"fragment": "1"}, {"fragment": "1", "form": "0"}, {}])
def test_search_engines_find_each_comment(client: FlaskClient, clock: StoppedClock, query: dict[str, str]) -> None:
    first = post(client, 201, page_title="L’articolo", website="https://ada.example/")["comment"]
    clock.move(seconds=5)
    reply = post(client, 201, author="Bruno", body="Una *risposta* lunga.", parent=first["id"])["comment"]
    about = linked(read(client, **query).text)
    assert about["@context"] == "https://schema.org"
    assert (about["url"], about["name"], about["commentCount"]) == (PAGE, "L’articolo", 2)
    one, two = about["comment"]
    assert one["author"] == {"@type": "Person", "name": "Anna"}
    assert (one["@type"], one["url"], one["text"]) == (
        "Comment",
        f"{PAGE}#comment-{first['id']}",
        "Un articolo molto chiaro.",
    )
    assert one["datePublished"] == "2026-11-25T12:00:00.000Z"
    assert (two["text"], two["parentItem"]["@id"]) == ("Una risposta lunga.", one["@id"])
    assert two["@id"] == f"{PAGE}#comment-{reply['id']}"


@pytest.mark.parametrize("query", [{"fragment": "1"}, {"fragment": "1", "form": "0"}, {}])
def test_nothing_a_reader_wrote_becomes_a_script(client: FlaskClient, query: dict[str, str]) -> None:
    post(client, 201, author=NASTY, body=f"Ecco: {NASTY} `{NASTY}`", page_title=NASTY)
    html = read(client, **query).text
    assert "<script>" not in html
    about = linked(html)
    assert (about["name"], about["comment"][0]["author"]["name"]) == (NASTY, NASTY)
    assert NASTY in about["comment"][0]["text"]


def test_a_held_or_deleted_comment_is_not_told(client: FlaskClient, screener: Any) -> None:
    given = post(client, 201)
    post(client, 201, body="Una risposta.", parent=given["comment"]["id"])
    token = {"Authorization": f"Bearer {given['edit_token']}"}
    assert client.delete(f"/api/v1/sites/demo/comments/{given['comment']['id']}", headers=token).status_code < 300
    screener.toxicity = 0.7
    post(client, 202, body="In attesa.")
    assert [c["text"] for c in linked(read(client, fragment="1").text)["comment"]] == ["Una risposta."]


def test_a_fragment_is_a_part_of_a_page_with_whole_addresses(client: FlaskClient) -> None:
    given = post(client, 201)["comment"]
    html = read(client, fragment="1").text
    for word in ("<html", "<head", "<body", "<!doctype", "<title", "<meta"):
        assert word not in html.lower()
    parsed = html5lib.HTMLParser(strict=True).parseFragment(html)
    ns = "{http://www.w3.org/1999/xhtml}"
    links = [a.get("href") for a in parsed.iter(f"{ns}a")] + [f.get("action") for f in parsed.iter(f"{ns}form")]
    assert links
    assert [link for link in links if not link.startswith((BASE, PAGE))] == []
    (root, _) = parsed.findall(f"{ns}section") + parsed.findall(f"{ns}script")
    assert (root.get("data-site"), root.get("data-server"), root.get("data-page-url")) == ("demo", BASE, PAGE)
    assert f'id="comment-{given["id"]}"' in html


def test_without_form_it_is_ready_and_known_by_its_tag(client: FlaskClient) -> None:
    post(client, 201)
    first = read(client, fragment="1", form="0")
    assert "<form" not in first.text
    assert 'id="respond"' not in first.text
    assert first.headers["Cache-Control"] == "no-cache"
    headers = {"If-None-Match": first.headers["ETag"]}
    same = client.get(URL, query_string={"page_url": PAGE, "fragment": "1", "form": "0"}, headers=headers)
    assert same.status_code == 304
    post(client, 201, body="Un altro.")
    assert "Un altro." in read(client, fragment="1", form="0").text


def test_a_wrong_page_is_refused(client: FlaskClient) -> None:
    for query in ({"fragment": "1"}, {"fragment": "1", "form": "0"}):
        assert client.get(URL, query_string=query | {"page_url": "https://evil.example/"}).status_code == 422
        assert client.get("/sites/nessuno/thread", query_string=query | {"page_url": PAGE}).status_code == 404


def test_the_thread_page_counts_only_where_it_is_embedded(client: FlaskClient) -> None:
    html = read(client).text
    assert '<meta name="robots" content="noindex, indexifembedded">' in html
    assert f'<link rel="canonical" href="{PAGE}">' in html
