"""Post numbers with their addresses, from a file and from a blog that answers for real."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from engagement.archives.post_map import MapNotRead, from_csv, from_rest

POSTS = [{"id": n, "link": f"https://blog.example/{n}", "title": {"rendered": f"Uno &amp; {n}"}} for n in range(1, 251)]


class Blog(BaseHTTPRequestHandler):
    """Two hundred and fifty posts, a hundred a page, as WordPress gives them."""

    def do_GET(self) -> None:
        asked = parse_qs(urlsplit(self.path).query)
        page, size = int(asked["page"][0]), int(asked["per_page"][0])
        body = json.dumps(POSTS[(page - 1) * size : page * size]).encode()
        if "/rotto/" in self.path:
            body = b"<html>"
        self.send_response(200)
        self.send_header("X-WP-TotalPages", "3")
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
