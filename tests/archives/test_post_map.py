"""Post numbers with their addresses, from a file and from a blog that answers for real."""

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from engagement.archives.post_map import MapNotRead, from_csv, from_rest

POSTS = [{"id": n, "link": f"https://blog.example/{n}", "title": {"rendered": f"Uno &amp; {n}"}} for n in range(1, 251)]


ODD = {
    "rotto": b"<html>",
    "pozzo": b"[" * 100_000,
    "enorme": b'[{"id": 1' + b"0" * 30 + b', "link": "https://blog.example/", "title": {"rendered": ""}}]',
}


class Blog(BaseHTTPRequestHandler):
    """Two hundred and fifty posts, a hundred a page, as WordPress gives them."""

    def do_GET(self) -> None:
        asked = parse_qs(urlsplit(self.path).query)
        page, size = int(asked["page"][0]), int(asked["per_page"][0])
        posts = POSTS[(page - 1) * size : page * size]
        body = next((b for word, b in ODD.items() if f"/{word}/" in self.path), json.dumps(posts).encode())
        away = "/altrove/" in self.path
        self.send_response(302 if away else 200 if posts else 400)
        if away:
            self.send_header("Location", "file:///etc/passwd")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def blog() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Blog)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_a_blog_tells_all_its_posts(blog: str) -> None:
    found = list(from_rest(blog))
    assert len(found) == 250
    assert found[0] == (1, "https://blog.example/1", "Uno & 1")
    assert found[-1][0] == 250


def test_an_answer_that_is_no_list_is_said(blog: str) -> None:
    with pytest.raises(MapNotRead, match="list of posts"):
        list(from_rest(f"{blog}/rotto"))
    with pytest.raises(MapNotRead, match="list of posts"):
        list(from_rest(f"{blog}/pozzo"))
    with pytest.raises(MapNotRead, match="a post came without"):
        list(from_rest(f"{blog}/enorme"))


def test_a_blog_of_the_internet_leads_nowhere_inside(blog: str) -> None:
    """Where the operator names a machine of this network, that is meant."""

    def resolve(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    address = blog.replace("127.0.0.1", "blog.example")
    with pytest.raises(MapNotRead, match="not a public address"):
        list(from_rest(address, resolve=resolve))
    assert len(list(from_rest(address, resolve=resolve, allow_private=True))) == 250
    assert len(list(from_rest(blog.replace("127.0.0.1", "blog.lan"), resolve=resolve))) == 250


def test_a_blog_leads_to_no_file(blog: str) -> None:
    with pytest.raises(MapNotRead, match="did not answer"):
        list(from_rest(f"{blog}/altrove"))


@pytest.mark.parametrize("address", ["file:///etc/passwd", "blog.example", "http://127.0.0.1:1"])
def test_an_address_that_cannot_be_asked_is_said(address: str) -> None:
    with pytest.raises(MapNotRead):
        list(from_rest(address))


def test_a_file_is_read_by_its_heading(tmp_path: Path) -> None:
    file = tmp_path / "posts.csv"
    file.write_text('\ufefftitle,post_id,url\n"Uno, due",7,https://blog.example/7\n', "utf-8")
    assert list(from_csv(file)) == [(7, "https://blog.example/7", "Uno, due")]


@pytest.mark.parametrize(
    ("text", "said"), [("id,url\n1,x\n", "columns"), ("post_id,url\nx,y\n", "line 2"), ("", "columns")]
)
def test_a_file_of_another_kind_is_said(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "posts.csv"
    file.write_text(text, "utf-8")
    with pytest.raises(MapNotRead, match=said):
        list(from_csv(file))
