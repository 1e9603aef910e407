"""A blog's web server on this machine, which answers what a test wants and keeps what it was asked."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = tuple[int, dict[str, str], bytes]


@dataclass
class Blog:
    """``pages``: path → answer, or what makes one of the request's headers; others are 404."""

    port: int = 0
    pages: dict[str, Answer | Callable[[dict[str, str]], Answer]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def put(self, path: str, body: bytes | str, status: int = 200, **headers: str) -> None:
        raw = body.encode() if isinstance(body, str) else body
        self.pages[path] = (status, {name.replace("_", "-"): value for name, value in headers.items()}, raw)


@contextmanager
def blog() -> Iterator[Blog]:
    made = Blog()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            made.asked.append((self.path, headers))
            page = made.pages.get(self.path, (404, {}, b""))
            status, more, body = page(headers) if callable(page) else page
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **more}.items():
                self.send_header(name, value)
            self.end_headers()
            if status != 304:
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    made.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.stop.set()
        server.shutdown()
        server.server_close()
        thread.join()


def rss(*items: tuple[str, str], base: str = "https://blog.example") -> str:
    """A feed of ``(slug, title)``, the newest first, each with the slug as its identity."""
    inner = "".join(
        f"<item><title>{title}</title><link>{base}/{slug}</link><guid isPermaLink='false'>{slug}</guid>"
        f"<description>Di che cosa parla {slug}.</description></item>"
        for slug, title in items
    )
    return f"<?xml version='1.0' encoding='UTF-8'?><rss version='2.0'><channel><title>b</title>{inner}</channel></rss>"
