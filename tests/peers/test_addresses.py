"""Network addresses as Isso and Remark42 test them (docs/peers.md: T8, T15)."""

import pytest
from flask.testing import FlaskClient

from tests.web.test_clients import asked_by
from tests.web.test_comments_api import URL, listed, post


@pytest.mark.parametrize(
    ("address", "bucket"),
    [
        ("12.34.56.78", "12.34.56.78"),  # whole: it is never stored, only counted by
        ("2001:db8:1234:5678:90ab:cdef:1234:5678", "2001:db8:1234:5678::/64"),
        ("2001:db8::", "2001:db8::/64"),
        ("::ffff:12.34.56.78", "12.34.56.78"),
        ("niente", "unknown"),
    ],
)
def test_addresses_fall_into_buckets(address: str, bucket: str) -> None:
    assert asked_by(address) == bucket


@pytest.mark.parametrize(
    ("socket", "forwarded", "proxies", "client"),
    [
        ("192.0.2.1", "203.0.113.5", (), "192.0.2.1"),
        ("192.0.2.1", "203.0.113.5", ("192.0.2.0/24",), "203.0.113.5"),
        ("::ffff:192.0.2.1", "203.0.113.5", ("192.0.2.0/24",), "203.0.113.5"),
        ("192.0.2.1", "127.0.0.1, 203.0.113.5", ("192.0.2.1/32",), "203.0.113.5"),
        ("192.0.2.1", "203.0.113.5, 192.0.2.9, 192.0.2.8", ("192.0.2.0/24",), "203.0.113.5"),
        ("192.0.2.1", "x, y", ("192.0.2.0/24",), "192.0.2.1"),
        ("2001:db8::1", "203.0.113.5", ("2001:db8::/32",), "203.0.113.5"),
    ],
)
def test_only_a_trusted_proxy_speaks_for_another(
    socket: str, forwarded: str, proxies: tuple[str, ...], client: str
) -> None:
    assert asked_by(socket, forwarded, proxies) == client


def test_head_changes_nothing_where_a_verb_would(client: FlaskClient) -> None:
    kept = post(client, 201)["comment"]["id"]
    for address in (f"{URL}/{kept}", f"{URL}/{kept}/vote", f"{URL}/{kept}/reports"):
        client.head(address)
    assert listed(client)["count"] == 1
