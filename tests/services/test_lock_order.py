"""Rows that two writers need are locked in one order, so that no two of them wait for each other in a ring."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from engagement.domain.comments import Submission
from engagement.domain.mailing.articles import Feed
from engagement.domain.notices import NoticeKind
from engagement.domain.sites import Site
from engagement.services import archives, comments, privacy
from engagement.services.desk import moderators
from engagement.services.mailing import feeds
from engagement.services.operations import upkeep
from engagement.services.ports import Toolbox
from engagement.storage.db import db, transaction
from engagement.storage.mailing import campaigns
from engagement.storage.mailing import feeds as kept_feeds
from tests.fakes import FixedScreener, StoppedClock

EMAIL = "anna@posta.example"
_TAKES = re.compile(r"(?:UPDATE|DELETE FROM) (\w+)|SELECT .* FROM (\w+).* FOR (?:NO KEY )?UPDATE")


@pytest.fixture(autouse=True)
def on_postgresql(tools: Toolbox) -> None:
    if db.engine.dialect.name != "postgresql":
        pytest.skip("SQLite lets one writer in at a time")


@contextmanager
def taken() -> Iterator[list[str]]:
    """The tables whose rows are locked or changed meanwhile, in order."""
    tables: list[str] = []

    def listen(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if found := _TAKES.match(" ".join(statement.split())):
            tables.append(found[1] or found[2])

    sa.event.listen(db.engine, "before_cursor_execute", listen)
    try:
        yield tables
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", listen)


def say(tools: Toolbox, site: Site) -> None:
    sent = Submission("https://blog.example/a", "Anna", "Un articolo chiaro.", email=EMAIL)
    comments.submit_comment(tools, site, sent)


@pytest.mark.parametrize("work", [lambda tools: privacy.forget(tools, EMAIL), upkeep.tidy], ids=["forget", "tidy"])
def test_a_page_comes_before_its_comments(
    tools: Toolbox, site: Site, clock: StoppedClock, screener: FixedScreener, work: Callable[[Toolbox], object]
) -> None:
    screener.toxicity = 0.97
    say(tools, site)
    clock.move(days=31)
    with taken() as tables:
        work(tools)
    assert tables.index("pages") < tables.index("comments")


def test_a_page_comes_before_its_comments_in_an_import_too(tools: Toolbox, site: Site, tmp_path: Path) -> None:
    given = {"kind": "comment", "page_url": "https://blog.example/a", "body": "Testo.", "author": "Anna"}
    given |= {"created_at": "2026-01-01T10:00:00Z", "status": "published"}
    lines = [json.dumps(given | {"id": "a" * 20}), json.dumps(given | {"id": "b" * 20, "parent": "a" * 20})]
    file = tmp_path / "export.jsonl"
    file.write_text("\n".join(lines), "utf-8")
    with taken() as tables:
        assert archives.import_archive(tools, site, "native", file).attached == 1
    assert tables.index("pages") < tables.index("comments")


def test_a_campaign_comes_before_its_mails(tools: Toolbox, site: Site) -> None:
    now = tools.clock.now()
    with transaction() as session:
        feed = kept_feeds.save(session, Feed(0, site.id, "https://blog.example/feed.xml"), now)
        campaigns.add(session, site.id, feed.id, NoticeKind.NEW_ARTICLE, now)
    with taken() as tables:
        assert feeds.remove_feed(tools, site, feed.url)
    assert tables.index("campaigns") < tables.index("outbox")


def test_a_moderator_comes_before_the_login_address(tools: Toolbox, site: Site) -> None:
    token = moderators.add(tools, EMAIL, [site.key]).rpartition("/")[2]
    with taken() as tables:
        moderators.enter(tools, token, "una frase lunga e tranquilla")
    assert tables.index("moderators") < tables.index("login_links")
    with taken() as tables:
        moderators.remove(tools, EMAIL)
    assert tables.index("moderators") < tables.index("login_links")
