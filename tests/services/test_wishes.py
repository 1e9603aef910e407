"""What newsletter doors take in: the same work for every address, and carried out once, whatever happens."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from engagement.domain.mailing.suppression import SuppressionReason
from engagement.domain.sites import Site
from engagement.services import newsletter, sites
from engagement.services.audience import suppressions, wishes
from engagement.services.operations import health
from engagement.services.ports import Toolbox
from engagement.storage.audience import wishes as stored
from engagement.storage.audience.wish_tables import WishRow
from engagement.storage.db import db, transaction
from engagement.storage.tables import OutboxRow, SubscriptionRow
from tests.fakes import StoppedClock
from tests.services.test_newsletter import READER, ask, rows, token

DOORS: dict[str, Callable[[FlaskClient, str], Any]] = {
    "json": lambda c, email: c.post("/api/v1/sites/demo/newsletter", json={"email": email, "consent": True}),
    "json with a key": lambda c, email: c.post(
        "/api/v1/sites/demo/newsletter", json={"email": email, "consent": True}, headers={"Idempotency-Key": email}
    ),
    "plain": lambda c, email: c.post("/sites/demo/newsletter", data={"email": email, "consent": "on"}),
    "embed": lambda c, email: c.post("/f/demo?isAjax=1", data={"EMAIL": email, "OPT_IN": "1"}),
    "leave": lambda c, email: c.post("/sites/demo/newsletter/leave", data={"email": email}),
}


@contextmanager
def statements(engine: sa.Engine) -> Iterator[list[str]]:
    """Every statement that is sent to the database meanwhile, and every commit."""
    seen: list[str] = []

    def saw(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    def committed(_c: Any) -> None:
        seen.append("COMMIT")

    sa.event.listen(engine, "before_cursor_execute", saw)
    sa.event.listen(engine, "commit", committed)
    try:
        yield seen
    finally:
        sa.event.remove(engine, "before_cursor_execute", saw)
        sa.event.remove(engine, "commit", committed)


def known_ones(tools: Toolbox, site: Site) -> list[str]:
    """An address in each state in which one can be known."""
    emails = [f"{state}@posta.example" for state in ("pending", "confirmed", "departed", "silenced")]
    for email in emails:
        ask(tools, site, email)
    for row in rows(SubscriptionRow)[1:3]:
        newsletter.confirm(tools, tools.links.newsletter("confirm", row.id, row.version).rpartition("/")[2])
    departed = rows(SubscriptionRow)[2]
    newsletter.leave(tools, tools.links.newsletter("leave", departed.id, departed.version).rpartition("/")[2], "link")
    suppressions.suppress(tools, emails[3], SuppressionReason.COMPLAINED)
    return emails


@pytest.mark.parametrize("door", DOORS)
def test_a_door_does_the_same_work_whatever_is_known_of_an_address(client: FlaskClient, door: str) -> None:
    """SEC-50: what a door does not look up cannot show in its time; ``benchmarks/newsletter_answers.py`` measures it."""
    with client.application.app_context():
        known = known_ones(client.application.extensions["engagement"], sites.find_site("demo"))
        engine = db.engine
    work = []
    for email in [*known, "unknown@posta.example"]:
        with statements(engine) as seen:
            assert DOORS[door](client, email).status_code in {200, 202}
        work.append(seen)
    assert len([one for one in work[0] if one.startswith("INSERT")]) == (2 if "key" in door else 1)
    assert work[0].count("COMMIT") == 1
    assert all(one == work[0] for one in work)


def test_a_wish_that_breaks_is_tried_five_times_and_holds_up_no_other(
    tools: Toolbox, site: Site, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tried = []

    def broken(_tools: Any, _session: Any, _site: Any, wish: stored.Wish) -> None:
        tried.append(wish.email)
        raise ValueError(wish.email)

    with monkeypatch.context() as patch:
        patch.setattr(wishes, "_leave", broken)
        newsletter.ask_to_leave(tools, site, "veleno@posta.example")
        ask(tools, site)
        assert len(rows(SubscriptionRow)) == 1
        for _ in range(10):
            clock.move(minutes=2)
            wishes.carry_out(tools)
    assert tried == ["veleno@posta.example"] * 5
    assert [row.email for row in rows(WishRow)] == ["veleno@posta.example"]
    assert {record.levelname for record in caplog.records} == {"ERROR"}
    clock.move(days=8)
    newsletter.purge(tools)
    assert rows(WishRow) == []


def test_a_wish_in_the_hands_of_a_process_that_died_is_carried_out_by_another(
    tools: Toolbox, site: Site, clock: StoppedClock
) -> None:
    newsletter.ask_to_leave(tools, site, "nessuno@posta.example")
    with transaction() as session:
        assert len(stored.claim(session, clock.now(), 20)) == 1  # and never heard of again
    assert wishes.carry_out(tools) == 0
    clock.move(seconds=stored.LEASE.total_seconds())
    assert wishes.carry_out(tools) == 1
    assert rows(WishRow) == []


def test_a_wish_that_two_processes_hold_is_carried_out_once(tools: Toolbox, site: Site) -> None:
    ask(tools, site)
    newsletter.confirm(tools, token(tools))
    newsletter.ask_to_leave(tools, site, READER)
    [wish] = rows(WishRow)
    for _ in range(2):  # the second had claimed it too, when its lease ended
        wishes._carry_out(tools, wish.id)
    assert [row.kind for row in rows(OutboxRow)] == ["newsletter-confirm", "newsletter-leave"]


def test_a_clock_that_is_set_back_keeps_no_wish_waiting(tools: Toolbox, site: Site, clock: StoppedClock) -> None:
    newsletter.ask_to_leave(tools, site, READER)
    clock.move(days=-1)
    assert wishes.carry_out(tools) == 1
    assert rows(WishRow) == []


def test_wishes_that_nobody_carries_out_mean_that_the_queue_is_missing(
    tools: Toolbox, site: Site, clock: StoppedClock
) -> None:
    newsletter.ask_to_leave(tools, site, READER)
    clock.move(minutes=4)
    assert health.missing(tools) == []
    clock.at += timedelta(minutes=2)
    assert health.missing(tools) == ["queue"]
    wishes.carry_out(tools)
    assert health.missing(tools) == []
