"""Who is asking: buckets of addresses, and which forwarding headers count."""

import pytest
from flask import Request
from werkzeug.test import EnvironBuilder

from engagement.web.clients import client_of, wider

PROXIES = ("10.0.0.0/8", "::1/128")


def asked_by(address: str | None, forwarded: str = "", proxies: tuple[str, ...] = PROXIES) -> str:
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    base = {"REMOTE_ADDR": address} if address is not None else {}
    return client_of(Request(EnvironBuilder(headers=headers, environ_base=base).get_environ()), proxies)


@pytest.mark.parametrize(
    ("address", "bucket"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:bbbb::9", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", "unknown"),
        ("unix:", "unknown"),
    ],
)
def test_an_address_falls_into_its_bucket(address: str, bucket: str) -> None:
    assert asked_by(address) == bucket


@pytest.mark.parametrize(
    ("address", "forwarded", "client"),
    [
        ("192.0.2.7", "198.51.100.1", "192.0.2.7"),  # no proxy of ours: the header is a claim
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        (
            "10.0.0.1",
            "203.0.113.9, 198.51.100.1",
            "198.51.100.1",
        ),  # what stands further left is a claim again
        ("10.0.0.1", "198.51.100.1, 10.9.9.9", "198.51.100.1"),
        ("::1", "[2001:db8::5]:4711", "2001:db8::/64"),
        ("10.0.0.1", "198.51.100.1:4711", "198.51.100.1"),
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
    ],
)
def test_forwarding_headers_count_only_behind_a_trusted_proxy(address: str, forwarded: str, client: str) -> None:
    assert asked_by(address, forwarded) == client


def test_without_trusted_proxies_the_socket_decides() -> None:
    assert asked_by("10.0.0.1", "198.51.100.1", proxies=()) == "10.0.0.1"


def test_only_buckets_of_ipv6_have_networks_around_them() -> None:
    assert wider("2001:db8:1:2ff::/64") == [("2001:db8:1:200::/56", 4), ("2001:db8:1::/48", 16)]
    assert (wider("192.0.2.7"), wider("unknown")) == ([], [])
