"""The order of refusals, strict JSON, and what every answer of the API carries."""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import EnvironBuilder, TestResponse, run_wsgi_app

from engagement.domain.errors import MalformedRequest, SiteNotFound
from engagement.services import sites
from engagement.web.gate import MAX_REQUEST, parse

URL = "/api/v1/sites/demo/comments"
BLOG = "https://blog.example"
PAGE = f"{BLOG}/articolo"
GOOD = {"page_url": PAGE, "author": "Anna", "body": "Un articolo molto chiaro."}


def send(client: FlaskClient, raw: bytes, **headers: str) -> TestResponse:
    kind = headers.pop("kind", "application/json")
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post(URL, data=raw, content_type=kind, headers=named)


def slug(answer: TestResponse) -> str:
    assert answer.content_type == "application/problem+json"
    found = answer.get_json(force=True)
    assert found["status"] == answer.status_code
    assert {"type", "title", "detail", "instance"} <= set(found)
    return str(found["type"]).rpartition("/problems/")[2]


@pytest.mark.parametrize(
    "raw",
    [
        b'\xef\xbb\xbf{"a": 1}',
        b'{"a": Infinity}',
        b'{"a": 1e999}',
        b'{"a": {"b": 1, "b": 2}}',
        b'{"\\udfff": 1}',
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
        b'{"a": ' + b"9" * 5000 + b"}",
        b'{"a": 1} {"b": 2}',
        '{"a": "è"}'.encode("latin-1"),
    ],
)
def test_json_is_read_strictly(raw: bytes) -> None:
    with pytest.raises(MalformedRequest):
        parse(raw)


@given(st.dictionaries(st.text(), st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.text())))
def test_every_plain_object_is_read_as_it_was_written(value: dict[str, Any]) -> None:
    assert parse(json.dumps(value).encode()) == value


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(raw: bytes) -> None:
    with suppress(MalformedRequest):
        assert isinstance(parse(raw), dict)


def test_each_refusal_comes_before_the_next(make_client: Callable[..., FlaskClient]) -> None:
    client = make_client(limits__enabled="true", limits__comments="1 per minute")
    bad, huge, evil = b"{", b"{" * (MAX_REQUEST + 1), "https://evil.example"
    assert client.delete(URL).status_code == 405
    assert slug(send(client, huge, kind="text/plain", Origin=evil)) == "unsupported-media-type"
    assert slug(send(client, huge, Origin=evil)) == "content-too-large"
    assert slug(send(client, bad, Origin=evil)) == "malformed-request"
    assert slug(send(client, b"{}", Origin=evil)) == "origin-not-allowed"
    assert slug(send(client, b"{}")) == "invalid-input"  # the first that was counted
    assert slug(send(client, b"{}", Origin=evil)) == "origin-not-allowed"
    assert slug(send(client, b"{}")) == "too-many-requests"


@pytest.mark.parametrize("coding", ["gzip", "br", "identity"])
def test_an_encoded_body_is_refused(client: FlaskClient, coding: str) -> None:
    assert send(client, b"{}", Content_Encoding=coding).status_code == 415


@pytest.mark.parametrize(("size", "status"), [(MAX_REQUEST + 1, "413"), (100, "422")])
def test_a_body_of_unknown_length_has_the_same_limit(client: FlaskClient, size: int, status: str) -> None:
    raw = json.dumps({"body": "x" * size}).encode()
    environ = EnvironBuilder(URL, method="POST", data=raw, content_type="application/json").get_environ()
    del environ["CONTENT_LENGTH"]
    environ |= {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}
    _, found, _ = run_wsgi_app(client.application, environ, buffered=True)
    assert found.startswith(status)


@pytest.mark.parametrize("origin", ["null", "https://blog.example.evil.example", "http://blog.example", "file://", "x"])
def test_an_origin_that_is_not_listed_may_not_send(client: FlaskClient, origin: str) -> None:
    answer = send(client, json.dumps(GOOD).encode(), Origin=origin)
    assert slug(answer) == "origin-not-allowed"
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert "Origin" in answer.headers["Vary"]


def test_our_own_address_is_an_origin_too(make_client: Callable[..., FlaskClient]) -> None:
    client = make_client(server__public_url="https://commenti.example")
    assert send(client, json.dumps(GOOD).encode(), Origin="https://commenti.example").status_code == 201


def test_early_refusals_speak_the_site_s_language(app: Flask) -> None:
    with app.app_context():
        sites.save_site(app.extensions["engagement"], replace(sites.find_site("demo"), language="en"))
    answer = app.test_client().post(URL, data=b"", headers={"Accept-Language": "it"})
    assert answer.get_json(force=True)["title"] == "Unsupported media type"


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"parent": "\u0000" * 20}, "/parent"),
        ({"parent": 7}, "/parent"),
        ({"author": None}, "/author"),
        ({"author": "\u3164"}, "/author"),
        ({"author": "a\u0000b"}, "/author"),
        ({"body": "a\u0000b"}, "/body"),
        ({"body": "\u2003\n"}, "/body"),
        ({"email": "a@b@c.example"}, "/email"),
        ({"email": "a" * 60 + "@" + "b" * 60 + ".example"}, "/email"),
        ({"email": "a@blog.example\nBcc: b@blog.example"}, "/email"),
        ({"website": "https://blog.example/" + "x" * 200}, "/website"),
        ({"website": "data:text/html,x"}, "/website"),
        ({"page_title": "x" * 301}, "/page_title"),
        ({"a/b~c": 1}, "/a~1b~0c"),
    ],
)
def test_hostile_fields_are_named(client: FlaskClient, fields: dict[str, Any], pointer: str) -> None:
    answer = client.post(URL, json=GOOD | fields)
    assert slug(answer) == "invalid-input"
    assert [e["pointer"] for e in answer.get_json(force=True)["errors"]] == [pointer]


@pytest.mark.parametrize("name", ["x" * 245, "Ada 👩‍💻", "Nguyễn Thị", "محمد", "李"])
def test_names_of_the_world_are_names(client: FlaskClient, name: str) -> None:
    answer = client.post(URL, json=GOOD | {"author": name})
    assert answer.status_code in {201, 202}
    assert answer.get_json()["comment"]["author"] == name


@pytest.mark.parametrize("after", ["oldest." + "~" * 19, "popular." + "9" * 40 + "." + "a" * 20, "è", "x" * 5000])
def test_a_hostile_cursor_is_422(client: FlaskClient, after: str) -> None:
    client.post(URL, json=GOOD)
    sort = after.partition(".")[0] if "." in after else "oldest"
    answer = client.get(URL, query_string={"page_url": PAGE, "after": after, "sort": sort})
    assert slug(answer) == "invalid-input"


@pytest.mark.parametrize("wanted", ["x", "01m88z2qn0b3ha9bhdvv", "a" * 3000])
def test_an_id_that_is_none_is_404(client: FlaskClient, wanted: str) -> None:
    assert slug(client.get(f"{URL}/{wanted}")) == "not-found"


@pytest.mark.parametrize("address", ["/api/v1/sites/%00/comments", "/sites/%00/thread?fragment=1&form=0", "/coral/%00"])
def test_an_address_that_no_database_keeps_is_400(client: FlaskClient, address: str) -> None:
    assert client.open(address, method="POST" if "coral" in address else "GET").status_code == 400
    with client.application.app_context(), pytest.raises(SiteNotFound):
        sites.find_site("\0")


def test_a_broken_part_is_a_numbered_500_that_a_form_can_read(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the secret of the house")

    monkeypatch.setattr("engagement.services.comments.submit_comment", broken)
    answer = send(client, json.dumps(GOOD).encode(), Origin=BLOG)
    assert slug(answer) == "internal-error"
    assert "secret" not in answer.text
    assert answer.headers["Access-Control-Allow-Origin"] == BLOG


def test_every_answer_keeps_browsers_careful(client: FlaskClient) -> None:
    for address in (f"{URL}?page_url={PAGE}", URL, "/api/v1/none", "/problems/not-found", "/health/live"):
        answer = client.get(address)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"]
        if address.startswith("/api/"):
            assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_a_tag_that_a_proxy_made_weak_still_matches(client: FlaskClient) -> None:
    made = client.post(URL, json=GOOD).get_json()["comment"]["id"]
    for address in (f"{URL}?page_url={PAGE}", f"{URL}/{made}"):
        tag = client.get(address).headers["ETag"]
        assert not tag.startswith("W/")
        for sent in (tag, f"W/{tag}", f'"other", {tag}', "*"):
            answer = client.get(address, headers={"If-None-Match": sent, "Origin": BLOG})
            assert (answer.status_code, answer.data) == (304, b""), sent
            assert answer.headers["ETag"] == tag
            assert answer.headers["Cache-Control"] == "no-cache"
            assert answer.headers["Access-Control-Allow-Origin"] == BLOG
        assert client.get(address, headers={"If-None-Match": '"other"'}).status_code == 200


def test_an_idempotency_key_has_a_length(client: FlaskClient) -> None:
    body = json.dumps(GOOD).encode()
    assert slug(send(client, body, Idempotency_Key="k" * 129)) == "invalid-input"
    assert send(client, body, Idempotency_Key="k" * 128).status_code == 201
