"""What is fetched from an address somebody named: public servers only, the one that was checked, and not too much."""

import gzip
import socket
import threading
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from engagement.archives.fetching import MOST_BYTES, Answer, NotFetched, fetch, is_public
from tests.archives.blog import Blog, blog
from tests.mail.test_postmen import _self_signed


@pytest.fixture
def server() -> Iterator[Blog]:
    with blog() as made:
        made.put(
            "/feed",
            "hello",
            ETag='"x"',
            Last_Modified="Wed, 25 Nov 2026 10:00:00 GMT",
            Content_Type="text/xml; charset=ISO-8859-1",
        )
        yield made


def get(url: str, **options: Any) -> Answer:
    return fetch(url, **{"allow_private": True, **options})


def resolving(*addresses: str) -> Any:
    """A resolver with one answer for every name; keeps which names it was asked for."""
    asked: list[str] = []

    def resolve(host: str, port: int, **_: object) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    resolve.asked = asked  # type: ignore[attr-defined]
    return resolve


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "93.184.216.34", "2001:4860:4860::8888", "::ffff:8.8.8.8", "64:ff9b::808:808"],
)
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "127.255.255.254", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
     "192.0.2.1", "198.18.0.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "::", "::1", "::7f00:1",
     "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::808:808", "2002:7f00:1::",
     "2001:0:7f00:1::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "ff02::1", "2001:db8::1", "localhost", ""],
)  # fmt: skip
def test_all_others_are_not(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "[::1]", "[::ffff:127.0.0.1]",
     "0.0.0.0", "LOCALHOST", "127.0.0.1.", "①②⑦.0.0.1"],
)  # fmt: skip
def test_this_machine_is_not_asked_under_any_name(server: Blog, host: str) -> None:
    with pytest.raises(NotFetched):
        fetch(f"http://{host}:{server.port}/feed")
    assert server.asked == []


def test_a_name_with_one_private_address_among_public_ones_is_refused(server: Blog) -> None:
    with pytest.raises(NotFetched, match="not a public address"):
        fetch(f"http://blog.example:{server.port}/feed", resolve=resolving("8.8.8.8", "127.0.0.1"))
    assert server.asked == []


def test_the_connection_goes_to_the_address_that_was_checked(server: Blog, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that answers differently a moment later gains nothing: it is asked for once."""
    reached: list[tuple[str, int]] = []
    connect = socket.create_connection

    def watched(address: tuple[str, int], *args: Any, **kwargs: Any) -> socket.socket:
        reached.append(address)
        return connect(("127.0.0.1", server.port), *args, **kwargs)

    monkeypatch.setattr(socket, "create_connection", watched)
    resolve = resolving("8.8.8.8")
    assert fetch(f"http://blog.example:{server.port}/feed", resolve=resolve).body == b"hello"
    assert (reached, resolve.asked) == ([("8.8.8.8", server.port)], ["blog.example"])
    assert server.asked[0][1]["host"] == f"blog.example:{server.port}"


def test_each_redirect_is_looked_at_anew(server: Blog, monkeypatch: pytest.MonkeyPatch) -> None:
    connect = socket.create_connection

    def here(address: tuple[str, int], *args: Any, **kwargs: Any) -> socket.socket:
        return connect(("127.0.0.1", server.port), *args, **kwargs)

    def resolve(host: str, port: int, **_: object) -> list[Any]:
        return resolving("8.8.8.8" if host == "blog.example" else "169.254.169.254")(host, port)

    monkeypatch.setattr(socket, "create_connection", here)
    for target in (
        "http://metadata.example/",
        "//169.254.169.254/latest",
        "http://[::1]/",
        "file:///etc/passwd",
        "gopher://x/",
    ):
        server.put("/away", "", 302, Location=target)
        before = len(server.asked)
        with pytest.raises(NotFetched):
            fetch("http://blog.example/away", resolve=resolve)
        assert len(server.asked) == before + 1


def test_five_redirects_are_followed_and_six_are_not(server: Blog) -> None:
    for number, status in enumerate((301, 302, 303, 307, 308)):
        server.put(f"/r{number}", "", status, Location=f"r{number + 1}")
    server.put("/r5", "at last")
    assert get(f"{server.url}/r0").body == b"at last"
    assert get(f"{server.url}/r0").url == f"{server.url}/r5"
    server.put("/s", "", 301, Location="/r0")
    with pytest.raises(NotFetched, match="more than 5 redirects"):
        get(f"{server.url}/s")


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "ftp://blog.example/", "gopher://blog.example/", "//blog.example/", "http:///x", "",
     "http://user:password@blog.example/", "http://blog.example\\@evil.example/", "http://blog.example/\r\nX: y",
     "http://blog.example:0/", "http://blog.example:99999/", "javascript:alert(1)", "http://a b/", "HTTP"],
)  # fmt: skip
def test_only_plain_http_and_https_addresses_are_asked(url: str) -> None:
    resolve = resolving("8.8.8.8")
    with pytest.raises(NotFetched):
        fetch(url, resolve=resolve)
    assert resolve.asked == []


def test_an_answer_has_its_validators_and_encoding(server: Blog) -> None:
    answer = get(f"{server.url}/feed")
    assert (answer.status, answer.body, answer.charset) == (200, b"hello", "iso-8859-1")
    assert (answer.etag, answer.last_modified) == ('"x"', "Wed, 25 Nov 2026 10:00:00 GMT")
    get(f"{server.url}/feed", etag='"x"', last_modified="then")
    headers = server.asked[1][1]
    assert (headers["if-none-match"], headers["if-modified-since"]) == ('"x"', "then")
    assert headers["user-agent"].startswith("Engagement/")


@pytest.mark.parametrize("status", [304, 401, 404, 410, 429, 500, 503])
def test_another_status_is_an_answer_without_a_body(server: Blog, status: int) -> None:
    server.put("/other", "" if status == 304 else "secret", status, Retry_After="120")
    answer = get(f"{server.url}/other")
    assert (answer.status, answer.body, answer.retry_after) == (status, b"", 120)


def test_an_address_with_letters_of_ours_is_asked_as_it_travels(server: Blog) -> None:
    server.put("/perch%C3%A9?a=%C3%A8%20b", "sì")
    assert get(f"{server.url}/perché?a=è%20b").body == "sì".encode()


def test_a_body_of_the_most_is_read_and_one_byte_more_is_not(server: Blog) -> None:
    server.put("/most", b"x" * MOST_BYTES)
    server.put("/more", b"x" * (MOST_BYTES + 1))
    assert len(get(f"{server.url}/most").body) == MOST_BYTES
    with pytest.raises(NotFetched, match="larger than 5 MB"):
        get(f"{server.url}/more")


def test_a_packed_body_is_unpacked_and_a_bomb_is_not(server: Blog) -> None:
    server.put("/packed", gzip.compress(b"hello" * 1000), Content_Encoding="gzip")
    server.put("/bomb", gzip.compress(b"\0" * 300_000_000, 9), Content_Encoding="gzip")
    assert get(f"{server.url}/packed").body == b"hello" * 1000
    with pytest.raises(NotFetched, match="larger than 5 MB"):
        get(f"{server.url}/bomb")


def test_a_bomb_costs_no_memory(server: Blog) -> None:
    server.put("/bomb", gzip.compress(b"\0" * 200_000_000, 9), Content_Encoding="gzip")
    tracemalloc.start()
    with pytest.raises(NotFetched):
        get(f"{server.url}/bomb")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * MOST_BYTES


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (gzip.compress(b"hello" * 1000)[:-20], {"Content-Encoding": "gzip"}),
        (b"no gzip at all", {"Content-Encoding": "gzip"}),
        (b"x", {"Content-Encoding": "br"}),
        (b"short", {"Content-Length": "500", "Connection": "close"}),
    ],
    ids=["half a gzip", "no gzip", "brotli", "short"],
)
def test_half_a_body_or_an_odd_one_is_no_answer(server: Blog, body: bytes, headers: dict[str, str]) -> None:
    server.pages["/half"] = (200, headers, body)
    with pytest.raises(NotFetched):
        get(f"{server.url}/half")


@contextmanager
def dripping(first: bytes, drop: bytes) -> Iterator[int]:
    """A server that sends ``first``, then ``drop`` again and again for as long as somebody listens."""
    listener = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            try:
                connection.sendall(first)
                while not over.wait(0.02):
                    connection.sendall(drop)
            except OSError:
                pass

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        over.set()
        thread.join()
        listener.close()


@pytest.mark.parametrize(
    ("first", "drop"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\nX: ", b"y"),
        (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
        (b"", b""),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    ],
    ids=["body", "a header", "headers", "nothing", "chunks"],
)
def test_a_server_that_sends_a_byte_now_and_then_is_cut_off(first: bytes, drop: bytes) -> None:
    with dripping(first, drop) as port, pytest.raises(NotFetched):
        get(f"http://127.0.0.1:{port}/", seconds=0.3)


def test_a_server_that_is_not_there_is_no_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(NotFetched, match="no answer: ConnectionRefusedError"):
        get(f"http://127.0.0.1:{port}/")


def test_proxies_of_the_environment_are_not_used(server: Blog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert get(f"{server.url}/feed").body == b"hello"


def test_a_certificate_of_nobody_is_refused(tmp_path: Any) -> None:
    context = _self_signed(tmp_path)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listener.accept()
        try:
            context.wrap_socket(connection, server_side=True).close()
        except OSError:
            connection.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    with pytest.raises(NotFetched, match="certificate is not valid"):
        get(f"https://127.0.0.1:{listener.getsockname()[1]}/")
    thread.join()
    listener.close()


def test_nothing_keeps_running_after_an_answer(server: Blog) -> None:
    before = {thread.ident for thread in threading.enumerate()}
    get(f"{server.url}/feed", seconds=30)
    deadline = time.monotonic() + 10
    while {t.ident for t in threading.enumerate() if isinstance(t, threading.Timer)} - before:
        assert time.monotonic() < deadline
