"""How the databases read a thread: along an index and up to the limit, never by sorting all there is."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from engagement.domain.comments import comment_id
from engagement.storage import comments, pages, sites
from engagement.storage.db import db
from engagement.storage.tables import CommentRow, PageRow, SiteRow

PAGES, EACH, LIMIT = 3, 1_000, 50
MOST_ROWS = 5 * LIMIT  # that one step may handle: the stretches and equal ranks, far from a page's 1,000
START = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture
def session(app: Flask) -> Iterator[Session]:
    """Three pages of 1,000 comments, nine of ten published, and statistics as autovacuum would have them."""
    with Session(db.engine) as session:
        site_id = session.scalar(sa.select(SiteRow.id).where(SiteRow.key == "demo"))
        for number in range(PAGES):
            url = f"https://blog.example/{number}"
            values = {"site_id": site_id, "url": url, "title": "", "open": True, "version": 1, "count": EACH}
            page_id = session.scalar(sa.insert(PageRow).values(**values, created_at=START).returning(PageRow.id))
            rows = [_comment(n, number, site_id, page_id) for n in range(EACH)]
            session.execute(sa.insert(CommentRow), rows)
        session.commit()
        if db.engine.dialect.name == "postgresql":  # SQLite has none unless somebody asks
            session.execute(sa.text("ANALYZE"))
            session.commit()
        yield session


def _comment(n: int, number: int, site_id: int | None, page_id: int | None) -> dict[str, Any]:
    at = START + timedelta(seconds=n)
    status = "published" if n % 10 else "deleted" if n % 20 else "held"
    empty = dict.fromkeys(("author", "email", "website", "body", "body_html", "client_hash", "text_hash"), "")
    numbers = {"votes": 0, "ups": 0, "downs": 0, "rank": n % 97, "replies": n % 3, "version": 1, "risk": 0.0}
    return {
        **empty, **numbers, "id": comment_id(at, number), "site_id": site_id, "page_id": page_id, "parent": None,
        "status": status, "notify_replies": False, "created_at": at, "edited_at": None, "edit_id": None, "learnt": "",
        "screen_at": None, "screen_attempts": 0, "screen_lease": "",
    }  # fmt: skip


def plan(session: Session, call: Any) -> str:
    """What the database says of the one statement that ``call`` makes."""
    seen: list[tuple[str, Any]] = []

    def listen(_c: Any, _cur: Any, statement: str, parameters: Any, *_: Any) -> None:
        seen.append((statement, parameters))

    sa.event.listen(db.engine, "before_cursor_execute", listen)
    try:
        call()
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", listen)
    ((statement, parameters),) = [found for found in seen if found[0].startswith("SELECT")]
    sqlite = db.engine.dialect.name == "sqlite"
    how = "EXPLAIN QUERY PLAN " if sqlite else "EXPLAIN (ANALYZE, FORMAT JSON) "
    rows = session.connection().exec_driver_sql(how + statement, parameters).all()
    return "\n".join(row[3] for row in rows) if sqlite else json.dumps(rows[0][0])


def most_rows(text: str) -> int:
    """The most rows that any step of PostgreSQL's plan gave on or threw away, per loop."""
    steps = ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck")
    return max(int(float(found)) for name in steps for found in re.findall(rf'"{name}": ([\d.]+)', text))


def middle(session: Session, page_id: int, sort: str) -> tuple[Any, ...]:
    """A cursor in the middle of a thread."""
    found = comments.thread(session, page_id, sort=sort, limit=500, after=None)[-1]
    return (found.rank, found.id) if sort == "popular" else (found.id,)


@pytest.mark.parametrize("behind", [False, True], ids=["first", "behind a cursor"])
@pytest.mark.parametrize("sort", ["oldest", "newest", "popular"])
def test_a_page_of_a_thread_is_read_along_an_index(session: Session, sort: str, behind: bool) -> None:
    page_id = session.scalars(sa.select(PageRow.id)).all()[2]
    after = middle(session, page_id, sort) if behind else None
    text = plan(session, lambda: comments.thread(session, page_id, sort=sort, limit=LIMIT + 1, after=after))
    if db.engine.dialect.name == "postgresql":
        assert '"Index Scan"' in text
        assert most_rows(text) <= MOST_ROWS, text
        return
    index = "ix_comments_popular" if sort == "popular" else "ix_comments_thread"
    found = re.findall(r"(SCAN comments|SEARCH comments USING INDEX \w+ \(page_id=\? AND status=\?)", text)
    assert found == [f"SEARCH comments USING INDEX {index} (page_id=? AND status=?"] * 2, text
    # What a stretch gives is sorted afterwards, 51 rows; the stretch itself is in order, popular ones but for equal ranks.
    stretches = re.findall(r"MATERIALIZE (anon_\d)\n(.*?)\nSCAN \1", text, flags=re.DOTALL)
    assert len(stretches) == 2, text
    assert not [steps for _, steps in stretches if "TEMP B-TREE FOR ORDER BY" in steps], text


def test_paging_gives_what_sorting_everything_would(session: Session) -> None:
    page_id = session.scalars(sa.select(PageRow.id)).all()[1]
    whole = session.execute(sa.select(CommentRow).where(CommentRow.page_id == page_id)).scalars().all()
    shown = [r for r in whole if r.status == "published" or (r.status == "deleted" and r.replies > 0)]
    orders = {
        "oldest": sorted(shown, key=lambda r: r.id),
        "newest": sorted(shown, key=lambda r: r.id, reverse=True),
        "popular": sorted(shown, key=lambda r: (-r.rank, r.id)),
    }
    for sort, wanted in orders.items():
        found: list[str] = []
        after: tuple[Any, ...] | None = None
        while got := comments.thread(session, page_id, sort=sort, limit=200, after=after):
            found += [c.id for c in got]
            after = (got[-1].rank, got[-1].id) if sort == "popular" else (got[-1].id,)
        assert found == [r.id for r in wanted], sort


def test_a_page_is_found_by_its_address_along_an_index(session: Session) -> None:
    text = plan(session, lambda: sites.with_page(session, "demo", "https://blog.example/2"))
    if db.engine.dialect.name == "sqlite":
        assert "SCAN pages" not in text
        assert re.search(r"SEARCH pages USING INDEX \w+ \(site_id=\? AND url=\?\)", text), text
    else:
        assert most_rows(text) <= PAGES
    assert pages.by_url(session, 0, "") is None
