"""Rates at the door: whom they count, and what happens without their store."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from engagement.domain.errors import TooManyRequests
from engagement.settings import SettingsError
from engagement.web.limits import Rates

URL = "/api/v1/sites/demo/comments"
GONE = "redis://127.0.0.1:1/0"


def probe(client: FlaskClient, address: str) -> int:
    return client.post(URL, json={}, environ_overrides={"REMOTE_ADDR": address}).status_code


def test_one_reader_s_rate_is_not_another_s(make_client: Callable[..., FlaskClient]) -> None:
    client = make_client(limits__enabled="true", limits__comments="1 per minute")
    assert [probe(client, "192.0.2.1"), probe(client, "192.0.2.1"), probe(client, "192.0.2.2")] == [
        422,
        429,
        422,
    ]


def test_a_whole_network_of_ipv6_is_one_reader(make_client: Callable[..., FlaskClient]) -> None:
    client = make_client(limits__enabled="true", limits__comments="1 per minute")
    assert [probe(client, "2001:db8::1"), probe(client, "2001:db8::2")] == [422, 429]


def test_who_has_thousands_of_networks_is_not_thousands_of_readers(make_client: Callable[..., FlaskClient]) -> None:
    """Four times as much from a /56, sixteen times from a /48; the neighbour's is another."""
    client = make_client(limits__enabled="true", limits__comments="1 per minute")
    near = [probe(client, f"2001:db8:1:{n:x}::1") for n in range(6)]
    assert near == [422] * 4 + [429] * 2
    far = [probe(client, f"2001:db8:1:{n:x}00::1") for n in range(1, 14)]
    assert far == [422] * 12 + [429]
    assert probe(client, "2001:db8:2::1") == 422


def test_guesses_from_many_networks_are_counted_together(make_client: Callable[..., FlaskClient]) -> None:
    client = make_client(limits__enabled="true", limits__login="1 per minute")

    def guess(address: str, email: str) -> int:
        sent = {"email": email, "password": "indovino indovino"}
        return client.post("/desk/login", data=sent, environ_overrides={"REMOTE_ADDR": address}).status_code

    assert [guess(f"2001:db8:1:{n:x}::1", f"a{n}@b.example") for n in range(5)] == [401] * 4 + [429]


def test_a_site_has_a_rate_of_its_own(make_client: Callable[..., FlaskClient]) -> None:
    client = make_client(limits__enabled="true", limits__comments_site="2 per minute")
    assert [probe(client, f"192.0.2.{n}") for n in range(1, 4)] == [422, 422, 429]


def test_reading_and_preview_have_rates(make_client: Callable[..., FlaskClient]) -> None:
    client = make_client(limits__enabled="true", limits__reads="1 per minute", limits__preview="1 per minute")
    query = {"page_url": "https://blog.example/a"}
    assert [client.get(URL, query_string=query).status_code for _ in range(2)] == [200, 429]
    assert [client.post(f"{URL}/preview", json={"body": "x"}).status_code for _ in range(2)] == [200, 429]


def test_limits_may_be_lifted(client: FlaskClient) -> None:
    assert {probe(client, "192.0.2.1") for _ in range(40)} == {422}


def test_a_refusal_can_be_read_by_the_form(make_client: Callable[..., FlaskClient]) -> None:
    client = make_client(limits__enabled="true", limits__comments="1 per minute")
    probe(client, "127.0.0.1")
    answer = client.post(URL, json={}, headers={"Origin": "https://blog.example"})
    assert answer.status_code == 429
    assert answer.headers["Access-Control-Allow-Origin"] == "https://blog.example"
    assert "Retry-After" in answer.headers["Access-Control-Expose-Headers"]
    assert 0 < int(answer.headers["Retry-After"]) <= 61


def test_a_store_that_breaks_is_answered_from_memory_and_left_alone_a_while() -> None:
    asked = []

    class Broken(MovingWindowRateLimiter):
        def hit(self, *args: Any, **kwargs: Any) -> bool:
            asked.append(args)
            raise ConnectionError

    rates = Rates(Broken(MemoryStorage()))
    rates.hit(parse("2 per minute"), "a")
    rates.hit(parse("2 per minute"), "a")
    with pytest.raises(TooManyRequests):
        rates.hit(parse("2 per minute"), "a")
    assert len(asked) == 1


def test_a_service_without_its_store_still_counts_and_says_so(
    make_client: Callable[..., FlaskClient],
) -> None:
    pytest.importorskip("redis")
    client = make_client(limits__enabled="true", limits__comments="1 per minute", limits__storage=GONE)
    assert [probe(client, "192.0.2.1"), probe(client, "192.0.2.1")] == [422, 429]
    ready = client.get("/health/ready")
    assert (ready.status_code, ready.get_json()["missing"]) == (503, ["limiter-store"])


def test_a_rate_or_network_that_cannot_be_read_stops_the_start(make_app: Callable[..., Flask]) -> None:
    with pytest.raises(SettingsError) as caught:
        make_app(limits__reads="often", server__trusted_proxies="10.0.0.0/8,proxy")
    assert [m.split(" ")[0] for m in caught.value.mistakes] == ["limits.reads", "server.trusted_proxies"]
