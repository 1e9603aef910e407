"""The rates of the channel, across processes; the outbox as the desk and the metrics see it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from engagement.domain.errors import Conflict, NotFound
from engagement.domain.mailing.channel import ANY, BULK, Channel, ChannelState, Rates
from engagement.domain.notices import DEAD, WAITING, Delivery, Notice, NoticeKind, OutboxState, SendOutcome
from engagement.domain.sites import Site
from engagement.services.mail import deliver_due
from engagement.services.mailing import mails
from engagement.services.operations import health
from engagement.services.ports import Toolbox
from engagement.storage import outbox
from engagement.storage.db import reading, transaction
from engagement.storage.tables import AuditRow, OutboxRow
from tests.fakes import StoppedClock
from tests.services.test_mail import SENT, ScriptedPostman, comment

REFUSED = Delivery(SendOutcome.REFUSED, 550, "no such mailbox")
LOGIN = Delivery(SendOutcome.CHANNEL, 535, "login refused")


def limited(tools: Toolbox, postman: ScriptedPostman, *, per_minute: int = 0, per_day: int = 0) -> Toolbox:
    """A process of its own: its channel is its own, its database is everybody's."""
    mail = replace(tools.settings.mail, per_minute=per_minute, per_day=per_day)
    return replace(tools, postman=postman, channel=Channel(), settings=replace(tools.settings, mail=mail))


def rows() -> Sequence[OutboxRow]:
    with reading() as session:
        return session.scalars(sa.select(OutboxRow).order_by(OutboxRow.id)).all()


def queue(tools: Toolbox, site: Site, count: int, priority: int = 5) -> None:
    """So many mails, each about the same comment; the newest comment is told in them."""
    about = comment(tools, site, f"Un parere pacato, il numero {len(rows())}, per l'autore.").comment
    with transaction() as session:
        session.execute(sa.delete(OutboxRow).where(OutboxRow.payload["comment"].as_string() == about.id))
        for number in range(count):
            notice = Notice(
                NoticeKind.COMMENT_PUBLISHED,
                f"{priority}-{number}-{about.id}",
                "autore@demo.example",
                "it",
                site.id,
                {"comment": about.id},
                priority,
            )
            outbox.add(session, notice, tools.clock.now(), "blog.example")


@pytest.mark.parametrize(
    ("rates", "minute", "day", "room"),
    [
        (Rates(), 999, 999, ANY),
        (Rates(per_minute=10), 7, 0, ANY),
        (Rates(per_minute=10), 8, 8, BULK),
        (Rates(per_minute=10), 10, 10, 0),
        (Rates(per_day=300), 0, 239, ANY),
        (Rates(per_day=300), 0, 240, BULK),
        (Rates(per_day=300), 0, 300, 0),
        (Rates(per_minute=10, per_day=20), 1, 20, 0),
        (Rates(per_minute=1), 0, 0, ANY),
    ],
)
def test_the_last_fifth_of_a_rate_is_kept_for_what_is_urgent(rates: Rates, minute: int, day: int, room: int) -> None:
    assert rates.room(minute, day) == room


def test_two_processes_share_the_rate_of_a_minute(tools: Toolbox, site: Site, clock: StoppedClock) -> None:
    queue(tools, site, 25)
    postman = ScriptedPostman(SENT)
    one, two = (limited(tools, postman, per_minute=10) for _ in range(2))
    assert (deliver_due(one, limit=6), deliver_due(two), deliver_due(one)) == (6, 4, 0)
    clock.move(seconds=59)
    assert deliver_due(two) == 0
    clock.move(seconds=1)
    assert (deliver_due(two), deliver_due(one)) == (10, 0)
    clock.move(minutes=1)
    assert deliver_due(one) == 5
    assert {row.state for row in rows()} == {OutboxState.SENT}


def test_the_rate_of_a_day_frees_itself_mail_by_mail(tools: Toolbox, site: Site, clock: StoppedClock) -> None:
    queue(tools, site, 6)
    process = limited(tools, ScriptedPostman(SENT), per_day=4)
    assert deliver_due(process, limit=2) == 2
    clock.move(hours=6)
    assert deliver_due(process) == 2
    clock.move(hours=18)
    assert deliver_due(process) == 2


def test_bulk_never_takes_the_room_of_what_is_urgent(tools: Toolbox, site: Site) -> None:
    queue(tools, site, 20, priority=8)
    process = limited(tools, ScriptedPostman(SENT), per_minute=10)
    assert deliver_due(process) == 8
    queue(tools, site, 1, priority=1)
    assert deliver_due(process) == 1
    assert [row.priority for row in rows() if row.state == OutboxState.SENT].count(1) == 1


def test_what_never_reached_the_server_costs_no_room(tools: Toolbox, site: Site, clock: StoppedClock) -> None:
    queue(tools, site, 3)
    broken = limited(tools, ScriptedPostman(LOGIN), per_day=3)
    for _ in range(5):
        deliver_due(broken)
        clock.move(minutes=10)  # longer than the pause and the wait of the mail that was tried, with its jitter
    assert deliver_due(limited(tools, ScriptedPostman(SENT), per_day=3)) == 3


def test_mails_that_wait_for_room_are_not_forgotten_ones(tools: Toolbox, site: Site, clock: StoppedClock) -> None:
    queue(tools, site, 3)
    process = limited(tools, ScriptedPostman(SENT), per_day=2)
    deliver_due(process)
    clock.move(minutes=6)
    deliver_due(process)
    assert health.missing(process) == []
    clock.move(minutes=6)  # nobody looked since
    assert health.missing(process) == [health.QUEUE]


def test_why_mail_pauses_is_known_to_all_and_forgotten_once_one_goes_through(
    tools: Toolbox, site: Site, clock: StoppedClock
) -> None:
    queue(tools, site, 2)
    assert mails.channel_state() == ChannelState()
    deliver_due(limited(tools, ScriptedPostman(LOGIN)))
    state = mails.channel_state()
    assert (state.code, state.reply, state.paused_until) == (535, "login refused", clock.now() + timedelta(seconds=30))
    clock.move(minutes=2)
    deliver_due(limited(tools, ScriptedPostman(REFUSED, SENT)))
    assert mails.channel_state().paused_until is None


def test_a_refused_mail_alone_is_no_pause(tools: Toolbox, site: Site) -> None:
    queue(tools, site, 1)
    deliver_due(limited(tools, ScriptedPostman(REFUSED)))
    assert mails.channel_state().paused_until is None


def test_a_mail_that_was_given_up_is_sent_again_once_with_a_line_in_the_audit(
    tools: Toolbox, site: Site, clock: StoppedClock
) -> None:
    queue(tools, site, 1)
    deliver_due(limited(tools, ScriptedPostman(REFUSED)))
    clock.move(days=4)
    [before] = rows()
    [mail], more = mails.listed([site.id], DEAD, limit=10)
    assert (mail.state, mail.code, mail.reply, more) == (OutboxState.FAILED, 550, "no such mailbox", None)
    mails.resend(tools, mail.id, who="m@demo.example", site_ids=[site.id])
    with pytest.raises(Conflict):
        mails.resend(tools, mail.id, who="m@demo.example", site_ids=[site.id])
    postman = ScriptedPostman(SENT)
    assert deliver_due(limited(tools, postman)) == 1
    [after] = rows()
    assert (after.state, after.message_id, len(postman.sent)) == (OutboxState.SENT, before.message_id, 1)
    assert after.expires_at == clock.now() + timedelta(hours=72)
    with pytest.raises(Conflict):
        mails.resend(tools, mail.id, who="m@demo.example", site_ids=[site.id])
    with reading() as session:
        lines = session.scalars(sa.select(AuditRow).where(AuditRow.what == mails.RESENT)).all()
    assert [(line.who, line.about) for line in lines] == [("m@demo.example", f"comment-published {mail.id}")]


def test_another_sites_mails_are_not_there(tools: Toolbox, site: Site) -> None:
    queue(tools, site, 1)
    deliver_due(limited(tools, ScriptedPostman(REFUSED)))
    assert mails.listed([site.id + 1], DEAD, limit=10) == ([], None)
    with pytest.raises(NotFound):
        mails.resend(tools, rows()[0].id, who="m@demo.example", site_ids=[site.id + 1])


def test_a_list_goes_on_where_it_ended(tools: Toolbox, site: Site) -> None:
    queue(tools, site, 5)
    seen: list[int] = []
    before = None
    while True:
        found, before = mails.listed([site.id], WAITING, limit=2, before=before)
        seen += [mail.id for mail in found]
        if before is None:
            break
    assert seen == sorted(seen, reverse=True)
    assert len(set(seen)) == 5


def test_gauges_count_what_waits_and_what_failed(app: Flask, tools: Toolbox, site: Site, clock: StoppedClock) -> None:
    queue(tools, site, 3)
    deliver_due(limited(tools, ScriptedPostman(REFUSED, LOGIN)))
    clock.move(minutes=10)
    found = mails.gauges(tools)
    assert found is not None
    assert (found["waiting"], found["failed"], found["paused"]) == (2, 1, 1)
    assert found["oldest"] == 600
    text = app.test_client().get("/metrics").text
    assert 'engagement_mails{state="waiting"} 2.0' in text
    assert 'engagement_mails{state="failed"} 1.0' in text
    assert "engagement_mail_oldest_due_seconds 600.0" in text
    assert "engagement_mail_paused 1.0" in text
