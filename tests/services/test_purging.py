"""A cache in front is told what changed: after the commit, once a page, again where it did not take it."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from engagement.domain.comments import Submission
from engagement.domain.sites import Site
from engagement.mail.postmen import MemoryPostman
from engagement.purge import HttpPurge
from engagement.services import comments, privacy, sites
from engagement.services.discussion import voting
from engagement.services.mail import deliver_due
from engagement.services.mailing import mails
from engagement.services.operations import health
from engagement.services.operations.purging import purge_changed
from engagement.services.ports import Toolbox
from engagement.settings import SettingsError, load
from engagement.storage.db import db
from engagement.worker import Background
from tests.fakes import FixedScreener, StoppedClock
from tests.mail.servers import free_port

PAGE = "https://blog.example/articolo?id=7"


class Hook:
    """A CDN's purge address: keeps what it was told, and answers as ``status`` says."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        self.status = 204
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                assert self.headers["Content-Type"] == "application/json"
                hook.told.append(json.loads(body))
                self.send_response(hook.status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/purge?key=abc"
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def hook() -> Iterator[Hook]:
    hook = Hook()
    yield hook
    hook.close()


@pytest.fixture
def app(make_app: Callable[..., Flask], hook: Hook) -> Iterator[Flask]:
    app = make_app(cache__purge_url=hook.url, server__public_url="https://commenti.example")
    with app.app_context():
        yield app


def say(tools: Toolbox, site: Site, body: str = "Un articolo chiaro.", page: str = PAGE) -> str:
    return comments.submit_comment(tools, site, Submission(page, "Ada", body, client="203.0.113.7")).comment.id


def waiting() -> int:
    with db.engine.connect() as connection:
        return connection.scalar(sa.text("SELECT count(*) FROM outbox WHERE kind = 'page-purge'")) or 0


def test_the_hook_is_told_every_address_of_the_thread(tools: Toolbox, site: Site, hook: Hook) -> None:
    say(tools, site)
    assert hook.told == []  # not while the reader waits
    assert purge_changed(tools) == 1
    query = "page_url=https%3A%2F%2Fblog.example%2Farticolo%3Fid%3D7"
    ours = "https://commenti.example"
    urls = [
        PAGE,
        f"{ours}/api/v1/sites/demo/comments?{query}",
        f"{ours}/sites/demo/thread?{query}",
        f"{ours}/sites/demo/thread?{query}&fragment=1",
        f"{ours}/sites/demo/thread?{query}&fragment=1&form=0",
        f"{ours}/sites/demo/comments.atom?{query}",
    ]
    assert hook.told == [{"site": "demo", "page_url": PAGE, "urls": urls}]
    assert (purge_changed(tools), waiting()) == (0, 0)


def test_the_background_work_does_it(app: Flask, tools: Toolbox, site: Site, hook: Hook) -> None:
    say(tools, site)
    background: Background = app.extensions["engagement-background"]
    background.once()
    assert len(hook.told) == 1


def test_many_changes_of_a_page_are_told_once(tools: Toolbox, site: Site, hook: Hook, clock: StoppedClock) -> None:
    first = say(tools, site)
    voting.vote(tools, site, first, 1, client="203.0.113.8", agent="x")
    clock.move(seconds=1)
    say(tools, site, "Un altro articolo.", "https://blog.example/altro")
    assert purge_changed(tools) == 3
    assert [told["page_url"] for told in hook.told] == [PAGE, "https://blog.example/altro"]


def test_what_nobody_sees_is_not_told(tools: Toolbox, site: Site, hook: Hook, screener: FixedScreener) -> None:
    screener.toxicity = 0.7
    say(tools, site)
    assert purge_changed(tools) == 0


def test_a_hook_that_fails_is_asked_again_later_and_at_last_given_up(
    tools: Toolbox, site: Site, hook: Hook, clock: StoppedClock
) -> None:
    hook.status = 503
    say(tools, site)
    assert purge_changed(tools) == 1
    assert purge_changed(tools) == 0
    clock.move(seconds=20)
    assert purge_changed(tools) == 1
    clock.move(seconds=20)
    assert purge_changed(tools) == 0  # the pauses grow
    hook.status = 200
    clock.move(seconds=20)
    assert (purge_changed(tools), waiting(), len(hook.told)) == (1, 0, 3)
    hook.status = 503
    say(tools, site, "Un altro.")
    clock.move(hours=1)
    assert (purge_changed(tools), waiting()) == (0, 0)


def test_a_purge_is_no_mail(tools: Toolbox, site: Site, clock: StoppedClock) -> None:
    say(tools, site)
    deliver_due(tools)
    assert isinstance(tools.postman, MemoryPostman)
    assert [recipient for recipient, _ in tools.postman.sent] == ["autore@demo.example"]
    assert waiting() == 1
    clock.move(minutes=30)
    assert (mails.gauges(tools) or {})["oldest"] == 0
    assert health.missing(tools) == []
    assert [value["notice"] for value in privacy.export(tools, site.key, None) if value["kind"] == "mail"] == [
        "comment-published"
    ]


def test_a_hook_that_is_not_there_takes_nothing() -> None:
    assert HttpPurge(f"http://127.0.0.1:{free_port()}/")("demo", PAGE, (PAGE,)) is False


def test_without_a_hook_nothing_is_queued(make_app: Callable[..., Flask]) -> None:
    plain = make_app()
    with plain.app_context():
        tools = plain.extensions["engagement"]
        say(tools, sites.find_site("demo"))
        assert (waiting(), purge_changed(tools)) == (0, 0)


def test_an_address_that_is_none_stops_the_start() -> None:
    with pytest.raises(SettingsError, match=r"cache\.purge_url must be an http or https address"):
        load(environ={"ENGAGEMENT_CACHE__PURGE_URL": "ftp://cdn.example"})
    with pytest.raises(SettingsError, match=r"cache\.url must be a redis address"):
        load(environ={"ENGAGEMENT_CACHE__URL": "memcached://x"})
