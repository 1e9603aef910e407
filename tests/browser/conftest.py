"""A real server and a real Chromium."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest
from flask import Flask
from playwright.sync_api import Browser, sync_playwright
from werkzeug.serving import make_server

from engagement.app import SystemClock, make_screener
from engagement.mail.postmen import FolderPostman
from engagement.services import sites
from engagement.services.operations.demo import seed_demo
from tests.browser.blogs import Blog, Service
from tests.browser.people import House
from tests.conftest import missing_service

CHROMIUM = os.environ.get("ENGAGEMENT_CHROMIUM", "/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-default-apps",
]
TITLE = "Un server di casa con un vecchio portatile"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        missing_service(f"no Chromium at {CHROMIUM}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture
def address(make_app: Callable[..., Flask]) -> Iterator[str]:
    """The demo with a screener and a clock that the test holds."""
    url = _free()
    with _served(_demo(make_app, url), url):
        yield url


@pytest.fixture
def house(make_app: Callable[..., Flask], tmp_path: Path) -> Iterator[House]:
    """The demo as ``make run`` has it: its own model, clock, caught mails and first comments."""
    url = _free()
    app = _demo(make_app, url, mail__transport="folder")
    tools = app.extensions["engagement"]
    postman = FolderPostman(tmp_path / "mails")
    tools = replace(tools, clock=SystemClock(), screener=make_screener(tools.settings), postman=postman)
    app.extensions["engagement"] = tools
    with app.app_context():
        seed_demo(tools, sites.find_site("demo"), f"{url}/demo/", TITLE)
    with _served(app, url):
        yield House(app, url)


@pytest.fixture
def service(make_app: Callable[..., Flask]) -> Iterator[Service]:
    """The service with a screener that the test holds, the real clock, and challenges that are quickly solved."""
    url = _free()
    app = _demo(make_app, url, spam__challenge_cost="20")
    app.extensions["engagement"] = replace(app.extensions["engagement"], clock=SystemClock())
    with _served(app, url):
        yield Service(app, url)


@pytest.fixture
def blog(service: Service) -> Iterator[Blog]:
    """A blog on an origin of its own, which the demo site lists."""
    blog = Blog(_free(), service.url)
    with service.app.app_context():
        site = sites.find_site("demo")
        sites.save_site(service.tools, replace(site, origins=(*site.origins, blog.url)))
    with _served(blog.app(), blog.url):
        yield blog


def _free() -> str:
    probe = make_server("127.0.0.1", 0, lambda environ, start: [])
    port = probe.server_port
    probe.server_close()
    return f"http://127.0.0.1:{port}"


def _demo(make_app: Callable[..., Flask], url: str, **settings: str) -> Flask:
    app = make_app(server__demo="true", server__public_url=url, **settings)
    with app.app_context():
        site = sites.find_site("demo")
        sites.save_site(app.extensions["engagement"], replace(site, origins=(*site.origins, url)))
    return app


@contextmanager
def _served(app: Flask, url: str) -> Iterator[None]:
    server = make_server("127.0.0.1", int(url.rpartition(":")[2]), app, threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
