"""Ready threads: kept by what they show, compressed once, never old."""

import gzip
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis
from werkzeug.test import TestResponse

from engagement.storage.db import db
from engagement.web.ready import Shelf
from tests.conftest import missing_service
from tests.fakes import StoppedClock
from tests.web.test_comments_api import PAGE, URL, post
from tests.web.test_limits_redis import Store

LONG = "Un articolo chiaro, che ho letto due volte con piacere. " * 12


def read(client: FlaskClient, encoding: str = "", **headers: str) -> TestResponse:
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.get(URL, query_string={"page_url": PAGE}, headers={"Accept-Encoding": encoding} | headers)


@contextmanager
def statements(app: Flask) -> Iterator[list[str]]:
    """The statements that the database gets meanwhile, without those that begin and end."""
    seen: list[str] = []

    def listen(_c: Any, _cur: Any, statement: str, *_: Any) -> None:
        if statement not in {"BEGIN", "BEGIN IMMEDIATE"}:
            seen.append(statement)

    with app.app_context():
        engine = db.engine
    sa.event.listen(engine, "before_cursor_execute", listen)
    yield seen
    sa.event.remove(engine, "before_cursor_execute", listen)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A Redis of the test's own."""
    store = Store(tmp_path)
    try:
        store.start()
    except FileNotFoundError:
        missing_service("no redis-server")
    yield store
    store.kill()


def test_an_unchanged_thread_costs_one_indexed_read_whether_304_or_200(client: FlaskClient) -> None:
    post(client, 201, body=LONG)
    tag = read(client, "gzip").headers["ETag"]
    for headers, status in (({"If_None_Match": tag}, 304), ({}, 200)):
        with statements(client.application) as seen:
            assert read(client, "gzip", **headers).status_code == status
        assert len(seen) == 1
        assert "FROM sites LEFT OUTER JOIN pages" in seen[0]


def test_each_change_is_seen_at_once(client: FlaskClient, clock: StoppedClock) -> None:
    given = post(client, 201, body=LONG)
    comment = f"{URL}/{given['comment']['id']}"
    token = {"Authorization": f"Bearer {given['edit_token']}"}
    changes: list[Callable[[], TestResponse]] = [
        lambda: client.put(f"{comment}/vote", json={"value": 1}),
        lambda: client.patch(comment, json={"body": f"{LONG} Anzi tre."}, headers=token),
        lambda: client.delete(comment, headers=token),
    ]
    seen = [(before := read(client, "gzip")).get_data()]
    for change in changes:
        clock.move(seconds=1)
        assert change().status_code in {200, 204}
        after = read(client, "gzip", If_None_Match=before.headers["ETag"])
        assert after.status_code == 200
        seen.append(after.get_data())
        before = after
    assert len(set(seen)) == 4


def test_a_title_that_a_later_comment_brought_is_seen(client: FlaskClient) -> None:
    post(client, 201)
    tag = read(client).headers["ETag"]
    post(client, 201, body="Un altro.", page_title="Il titolo")
    answer = read(client, If_None_Match=tag)
    assert (answer.status_code, answer.get_json()["page"]["title"]) == (200, "Il titolo")


def test_a_compressed_form_has_its_own_strong_tag_and_the_same_words(client: FlaskClient) -> None:
    post(client, 201, body=LONG)
    plain, packed = read(client), read(client, "gzip, deflate")
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.get_data()) == plain.get_data()
    assert len(packed.get_data()) < len(plain.get_data()) / 3
    assert plain.headers["ETag"] != packed.headers["ETag"]
    assert not packed.headers["ETag"].startswith("W/")
    assert {"Accept-Encoding", "Origin"} <= set(packed.vary)
    assert json.loads(gzip.decompress(packed.get_data()))["count"] == 1


@pytest.mark.parametrize("encoding", ["", "gzip"])
@pytest.mark.parametrize("weak", ["", "W/"])
@pytest.mark.parametrize("known", ["", "gzip"])
def test_any_form_that_is_known_is_304_with_its_own_tag(
    client: FlaskClient, encoding: str, weak: str, known: str
) -> None:
    post(client, 201, body=LONG)
    tag = read(client, known).headers["ETag"]
    answer = read(client, encoding, If_None_Match=f'"other", {weak}{tag}')
    assert (answer.status_code, answer.headers["ETag"], answer.get_data()) == (304, tag, b"")
    assert "Accept-Encoding" in answer.vary
    assert "Content-Type" not in answer.headers
    assert "Content-Encoding" not in answer.headers


@pytest.mark.parametrize(
    ("accepted", "used"),
    [
        ("gzip", "gzip"), ("*", ...), ("gzip;q=0", ""), ("identity", ""), ("", ""), ("br;q=0, gzip;q=0.5", "gzip"),
        ("deflate", ""), ("*;q=0", ""),
    ],
)  # fmt: skip
def test_the_reader_chooses_the_encoding(client: FlaskClient, accepted: str, used: Any) -> None:
    post(client, 201, body=LONG)
    found = read(client, accepted).headers.get("Content-Encoding", "")
    assert found == used or (used is ... and found in {"br", "gzip"})


@pytest.mark.skipif(not find_spec("brotli"), reason="the brotli package is not installed")
def test_brotli_comes_first_where_its_package_is(client: FlaskClient) -> None:
    import brotli  # type: ignore[import-not-found,unused-ignore]

    post(client, 201, body=LONG)
    answer = read(client, "gzip, deflate, br")
    assert answer.headers["Content-Encoding"] == "br"
    assert brotli.decompress(answer.get_data()) == read(client).get_data()
    assert len({read(client, encoding).headers["ETag"] for encoding in ("", "gzip", "br")}) == 3


def test_a_small_answer_stays_plain(client: FlaskClient) -> None:
    answer = read(client, "gzip")
    assert "Content-Encoding" not in answer.headers
    assert answer.get_json()["comments"] == []
    assert read(client, "gzip", If_None_Match=answer.headers["ETag"]).status_code == 304


def test_head_tells_what_get_would(client: FlaskClient) -> None:
    post(client, 201, body=LONG)
    got = read(client, "gzip")
    head = client.head(URL, query_string={"page_url": PAGE}, headers={"Accept-Encoding": "gzip"})
    names = ("ETag", "Content-Length", "Content-Encoding", "Vary", "Cache-Control")
    assert [head.headers[n] for n in names] == [got.headers[n] for n in names]
    assert (head.status_code, head.get_data()) == (200, b"")
    known = {"Accept-Encoding": "gzip", "If-None-Match": got.headers["ETag"]}
    assert client.head(URL, query_string={"page_url": PAGE}, headers=known).status_code == 304


@pytest.mark.parametrize(
    ("settings", "header"),
    [
        ({}, "no-cache"),
        ({"cache__max_age": 30}, "public, max-age=30"),
        ({"cache__max_age": 5, "cache__stale_while_revalidate": 60}, "public, max-age=5, stale-while-revalidate=60"),
    ],
)
def test_how_long_a_copy_is_fresh_is_a_setting(
    make_client: Callable[..., FlaskClient], settings: dict[str, int], header: str
) -> None:
    client = make_client(**settings)
    post(client, 201)
    answer = read(client)
    assert answer.headers["Cache-Control"] == header
    assert read(client, If_None_Match=answer.headers["ETag"]).headers["Cache-Control"] == header


def test_without_room_every_answer_is_made_anew_and_equal(make_client: Callable[..., FlaskClient]) -> None:
    client = make_client(cache__megabytes=0)
    post(client, 201, body=LONG)
    first = read(client, "gzip")
    with statements(client.application) as seen:
        again = read(client, "gzip")
    assert len(seen) > 1
    assert (again.get_data(), again.headers["ETag"]) == (first.get_data(), first.headers["ETag"])


def test_the_shelf_drops_what_was_not_asked_for_longest() -> None:
    shelf, made = Shelf(10, None), []

    def ask(key: str, size: int = 4) -> None:
        shelf.get(key, lambda: (made.append(key), b"x" * size)[1])  # type: ignore[func-returns-value]

    for key in ("a", "b", "a", "c", "a", "b"):  # c comes: a was asked for after b, so b goes
        ask(key)
    assert made == ["a", "b", "c", "b"]
    ask("large", 11)
    ask("a")
    assert made[4:] == ["large", "a"]


def test_processes_share_what_one_has_made(make_app: Callable[..., Flask], store: Store) -> None:
    one, other = (make_app(cache__url=store.url).test_client() for _ in range(2))
    post(one, 201, body=LONG)
    first = read(one, "gzip")
    with statements(other.application) as seen:
        second = read(other, "gzip")
    assert len(seen) == 1
    assert (second.get_data(), second.headers["ETag"]) == (first.get_data(), first.headers["ETag"])
    with Redis.from_url(store.url) as redis:
        keys = redis.keys()
        assert len(keys) == 2
        assert all(0 < redis.ttl(key) <= 3_600 for key in keys)


def test_another_installation_finds_nothing_of_ours(make_app: Callable[..., Flask], store: Store) -> None:
    ours = make_app(limits__storage=store.url).test_client()
    theirs = make_app(limits__storage=store.url, server__secret_key="another-key-here" * 3).test_client()
    post(ours, 201, body=LONG)
    read(ours)
    with statements(theirs.application) as seen:
        read(theirs)
    assert len(seen) > 1


def test_a_redis_that_is_gone_is_as_good_as_empty(make_app: Callable[..., Flask], store: Store) -> None:
    client = make_app(cache__url=store.url).test_client()
    post(client, 201, body=LONG)
    store.kill()
    assert read(client, "gzip").status_code == 200
    post(client, 201, body=f"{LONG} Due.")
    assert len(json.loads(gzip.decompress(read(client, "gzip").get_data()))["comments"]) == 2
