"""Mails that come back: refused at the door or reported later, counted by days, and what follows; on both databases."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from engagement.domain.mailing.bounces import GIVEN_UP_AFTER
from engagement.domain.mailing.suppression import SuppressionReason
from engagement.domain.newsletter import SubscriptionState
from engagement.domain.notices import Delivery, Notice, NoticeKind, OutboxState, SendOutcome
from engagement.domain.sites import Site
from engagement.mail.postmen import SmtpPostman
from engagement.services import newsletter, privacy, sites
from engagement.services.audience import suppressions
from engagement.services.desk import moderators
from engagement.services.mail import deliver_due
from engagement.services.mailing import bounces, mail_quota
from engagement.services.mailing.bounces import Taken, take_report
from engagement.services.operations import upkeep
from engagement.services.ports import Toolbox
from engagement.settings import Mail
from engagement.storage import newsletter as subscriptions
from engagement.storage import outbox
from engagement.storage.db import transaction
from engagement.storage.mailing.mail_tables import BounceRow
from engagement.storage.tables import AuditRow, OutboxRow, SubscriptionRow, SuppressionRow
from tests.fakes import StoppedClock
from tests.mail.returned import READER, answer, exchange, exim, postfix, vacation
from tests.mail.servers import Script, smtp_server
from tests.services.test_mail import SENT, ScriptedPostman
from tests.services.test_newsletter import rows, token

GONE, POLICY, BARE, FULL = "550 5.1.1 no such user", "550 5.7.1 not from you", "550 no", "552 5.2.2 mailbox full"
Shape = Callable[..., bytes]
SHAPES: Sequence[Shape] = (postfix, exim, exchange)


def write(tools: Toolbox, site: Site, email: str = READER) -> OutboxRow:
    """One more mail to a reader who is subscribed."""
    now = tools.clock.now()
    with transaction() as session:
        found, _ = subscriptions.ensure(session, site.id, email, name="", version=7, now=now)
        mail_quota.queue(tools, session, site, found, NoticeKind.NEWSLETTER_LEAVE)
    row: OutboxRow = rows(OutboxRow)[-1]
    return row


def tell_author(tools: Toolbox, site: Site, key: str) -> None:
    """One mail to the author of the site."""
    notice = Notice(NoticeKind.WEEKLY_SUMMARY, key, site.author_email, "it", site.id, {"monday": "2026-11-23"})
    with transaction() as session:
        outbox.add(session, notice, tools.clock.now(), "blog.example")


def deliver(tools: Toolbox, answers: str = "") -> Script:
    """Send what is due to a server that answers every recipient so, and give it back with what it took."""
    script = Script(rcpt=answers)
    with smtp_server(script) as port:
        settings = Mail(host="127.0.0.1", port=port, tls="none", timeout=5.0, return_path="ritorni@blog.example")
        deliver_due(replace(tools, postman=SmtpPostman(settings)))
    return script


def refused(tools: Toolbox, site: Site, clock: StoppedClock, *answers: str) -> None:
    """A mail a day; the server gives its answers in turn, "" takes."""
    for said in answers:
        write(tools, site)
        deliver(tools, said)
        clock.move(days=1)


def sent(tools: Toolbox, site: Site, email: str = READER) -> OutboxRow:
    """A mail that the server took."""
    row = write(tools, site, email)
    deliver_due(replace(tools, postman=ScriptedPostman(SENT)))
    return next(one for one in rows(OutboxRow) if one.id == row.id)


def returned(tools: Toolbox, site: Site, clock: StoppedClock, times: int, **more: str) -> list[Taken]:
    """So many days with a mail that is taken, and a report a minute later that says it did not arrive."""
    found = []
    for _ in range(times):
        row = sent(tools, site)
        clock.move(minutes=1)
        found.append(take_report(tools, postfix(row.message_id, **more)))
        clock.move(days=1)
    return found


def with_mail(tools: Toolbox, **changed: Any) -> Toolbox:
    return replace(tools, settings=replace(tools.settings, mail=replace(tools.settings.mail, **changed)))


def list_lines() -> list[tuple[str, str]]:
    return [(row.reason, row.source) for row in rows(SuppressionRow)]


def test_three_days_of_nobody_there_and_the_fourth_mail_is_not_sent(
    tools: Toolbox, site: Site, clock: StoppedClock
) -> None:
    refused(tools, site, clock, GONE, GONE)
    assert list_lines() == []
    refused(tools, site, clock, GONE)
    assert list_lines() == [("bounced", "smtp")]
    write(tools, site)
    assert deliver(tools).taken == []
    assert [(row.state, row.why) for row in rows(OutboxRow)] == [("failed", "")] * 3 + [("suppressed", "bounced")]
    audited = [(row.what, row.about) for row in rows(AuditRow) if row.who == "bounces"]
    assert audited == [("suppressed", "bounced, demo")]
    assert rows(BounceRow) == [], "its days have become a line of the list"


def test_many_mails_of_one_day_are_one_sign(tools: Toolbox, site: Site, clock: StoppedClock) -> None:
    for _ in range(5):
        write(tools, site)
        deliver(tools, GONE)
        clock.move(minutes=5)
    assert [(row.day, row.hard, row.status) for row in rows(BounceRow)] == [("2026-11-25", True, "5.1.1")]
    assert list_lines() == []


@pytest.mark.parametrize(("answers", "kept"), [(POLICY, []), (BARE, [False]), (FULL, [False])])
def test_what_does_not_say_that_nobody_is_there_never_leaves_an_address_alone(
    tools: Toolbox, site: Site, clock: StoppedClock, answers: str, kept: list[bool]
) -> None:
    refused(tools, site, clock, *[answers] * 5)
    assert [row.hard for row in rows(BounceRow)] == kept * 5
    assert list_lines() == []
    write(tools, site)
    assert len(deliver(tools).taken) == 1


def test_a_mail_that_is_taken_starts_the_count_anew(tools: Toolbox, site: Site, clock: StoppedClock) -> None:
    refused(tools, site, clock, GONE, GONE, "", GONE, GONE)
    assert list_lines() == []
    refused(tools, site, clock, GONE)
    assert list_lines() == [("bounced", "smtp")]


def test_a_refusal_for_now_and_a_broken_way_count_for_nothing(tools: Toolbox, site: Site, clock: StoppedClock) -> None:
    refused(tools, site, clock, "450 4.1.1 later", "421 4.1.1 busy")
    assert rows(BounceRow) == []


@pytest.mark.parametrize("most", [0, 1, 5])
def test_the_number_of_days_is_a_setting(tools: Toolbox, site: Site, clock: StoppedClock, most: int) -> None:
    tools = with_mail(tools, bounces_before_suppression=most)
    refused(tools, site, clock, *[GONE] * 4)
    assert bool(list_lines()) is (most == 1)
    refused(tools, site, clock, GONE)
    assert bool(list_lines()) is (most > 0)


def test_each_site_counts_for_itself(tools: Toolbox, site: Site, clock: StoppedClock) -> None:
    other = sites.save_site(tools, replace(site, key="altro"))
    refused(tools, site, clock, GONE, GONE)
    refused(tools, other, clock, GONE)
    assert list_lines() == []


def test_the_count_holds_no_address_and_outlives_a_change_of_keys(
    tools: Toolbox, site: Site, clock: StoppedClock
) -> None:
    refused(tools, site, clock, GONE, GONE)
    assert all(READER not in str(vars(row)) and len(row.email_hash) == 64 for row in rows(BounceRow))
    server = replace(tools.settings.server, old_secret_keys=(tools.secret.decode(),))
    rotated = replace(tools, secret=b"another key of the installation " * 2)
    refused(replace(rotated, settings=replace(tools.settings, server=server)), site, clock, GONE)
    assert list_lines() == [("bounced", "smtp")]


def test_mails_come_back_to_the_return_path_and_not_to_the_sender(tools: Toolbox, site: Site) -> None:
    write(tools, site)
    [(envelope, _, letter)] = deliver(tools).taken
    assert envelope == "ritorni@blog.example"
    assert b"<commenti@blog.example>" in letter
    assert b"ritorni@" not in letter


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_a_report_settles_the_mail_it_is_about(tools: Toolbox, site: Site, shape: Shape) -> None:
    row, other = sent(tools, site), sent(tools, site, "altra@posta.example")
    assert take_report(tools, shape(row.message_id)) is Taken.HARD
    settled = {one.id: one for one in rows(OutboxRow)}
    assert (settled[row.id].state, settled[row.id].last_code) == (OutboxState.FAILED, 550)
    assert settled[row.id].last_reply.startswith("5.1.1")
    assert READER not in settled[row.id].last_reply
    assert settled[other.id].state == OutboxState.SENT
    [day] = rows(BounceRow)
    assert (day.hard, day.source, day.status[:5], day.day) == (True, "report", "5.1.1", "2026-11-25")


def test_a_relay_that_takes_everything_does_not_hide_three_days_of_reports(
    tools: Toolbox, site: Site, clock: StoppedClock
) -> None:
    assert returned(tools, site, clock, 3) == [Taken.HARD] * 3
    assert list_lines() == [("bounced", "report")]
    write(tools, site)
    deliver_due(replace(tools, postman=ScriptedPostman(SENT)))
    assert rows(OutboxRow)[-1].state == OutboxState.SUPPRESSED


def test_refusals_and_reports_count_together(tools: Toolbox, site: Site, clock: StoppedClock) -> None:
    returned(tools, site, clock, 2)
    refused(tools, site, clock, GONE)
    assert list_lines() == [("bounced", "smtp")]


def test_a_mail_that_has_not_come_back_for_five_days_starts_the_count_anew(
    tools: Toolbox, site: Site, clock: StoppedClock
) -> None:
    returned(tools, site, clock, 2)
    sent(tools, site)
    clock.move(seconds=GIVEN_UP_AFTER.total_seconds())
    upkeep.tidy(tools)
    assert len(rows(BounceRow)) == 2, "it may still come"
    clock.move(seconds=1)
    upkeep.tidy(tools)
    assert rows(BounceRow) == []
    returned(tools, site, clock, 2)
    assert list_lines() == []


def test_without_the_hourly_job_it_starts_anew_too(tools: Toolbox, site: Site, clock: StoppedClock) -> None:
    returned(tools, site, clock, 2)
    sent(tools, site)
    clock.move(days=6)
    returned(tools, site, clock, 1)
    assert (len(rows(BounceRow)), list_lines()) == (1, [])


def test_a_report_that_comes_again_and_again_is_one_day(tools: Toolbox, site: Site, clock: StoppedClock) -> None:
    row = sent(tools, site)
    for _ in range(5):
        clock.move(days=1)
        assert take_report(tools, postfix(row.message_id)) is Taken.HARD
    assert [day.day for day in rows(BounceRow)] == ["2026-11-25"]
    assert list_lines() == []


def test_a_forged_report_changes_nothing(tools: Toolbox, site: Site, clock: StoppedClock) -> None:
    mine, hers = sent(tools, site, "io@posta.example"), sent(tools, site)
    before = [dict(vars(row), _sa_instance_state=None) for row in rows(OutboxRow)]
    for raw in (
        postfix("<n.000000000000000000000000.newsletter-leave@blog.example>"),  # her address alone
        postfix(mine.message_id),  # her address, with what the forger knows of a mail of his own
        postfix(hers.message_id, to="io@posta.example"),
        postfix(hers.message_id, to="x" + READER),
        postfix(hers.message_id.upper()),
    ):
        assert take_report(tools, raw) is Taken.UNKNOWN
    assert [dict(vars(row), _sa_instance_state=None) for row in rows(OutboxRow)] == before
    assert (rows(BounceRow), list_lines()) == ([], [])


def test_a_message_id_cannot_be_found_out_from_what_a_mail_is_about(tools: Toolbox, site: Site) -> None:
    found = set()
    for _ in range(2):
        tell_author(tools, site, "weekly:1")
        [row] = rows(OutboxRow)
        found.add(row.message_id)
        with transaction() as session:
            session.execute(sa.delete(OutboxRow))
    assert len(found) == 2


@pytest.mark.parametrize("raw", [b"", b"\0\xff", answer(), vacation()])
def test_a_message_that_is_no_report_is_taken_and_forgotten(tools: Toolbox, site: Site, raw: bytes) -> None:
    sent(tools, site)
    assert take_report(tools, raw) is Taken.NO_REPORT
    assert rows(BounceRow) == []


def test_a_report_about_a_delay_leaves_the_mail_sent(tools: Toolbox, site: Site) -> None:
    row = sent(tools, site)
    late = postfix(row.message_id, action="delayed", status="4.4.1", said="no answer")
    assert take_report(tools, late) is Taken.SOFT
    [now] = rows(OutboxRow)
    assert (now.state, now.last_reply) == (OutboxState.SENT, "4.4.1 no answer")
    assert [(day.hard, day.status) for day in rows(BounceRow)] == [(False, "4.4.1")]


def test_a_policy_refusal_that_comes_as_a_report_counts_for_nothing(
    tools: Toolbox, site: Site, clock: StoppedClock
) -> None:
    found = returned(tools, site, clock, 4, status="5.7.1", said="550 5.7.1 unwanted")
    assert found == [Taken.OTHER] * 4
    assert [row.state for row in rows(OutboxRow)] == [OutboxState.FAILED] * 4
    assert (rows(BounceRow), list_lines()) == ([], [])


def test_a_mail_that_waits_for_another_try_is_left_to_it(tools: Toolbox, site: Site) -> None:
    row = write(tools, site)
    deliver(tools, "450 4.2.0 later")
    assert take_report(tools, postfix(row.message_id)) is Taken.HARD
    [now] = rows(OutboxRow)
    assert (now.state, now.last_code) == (OutboxState.RETRY, 450)


def test_a_domain_is_the_same_in_its_two_spellings(tools: Toolbox, site: Site) -> None:
    row = sent(tools, site)
    with transaction() as session:
        session.execute(sa.update(OutboxRow).values(recipient="lettrice@pòsta.example"))
    assert take_report(tools, postfix(row.message_id, to="Lettrice@xn--psta-lqa.example")) is Taken.HARD


def test_a_reader_s_forwarding_is_known_by_the_original_recipient(tools: Toolbox, site: Site) -> None:
    row = sent(tools, site)
    assert take_report(tools, postfix(row.message_id, to="altrove@posta.example", original=READER)) is Taken.HARD


def test_who_works_here_is_never_left_alone_and_the_desk_is_told(
    tools: Toolbox, site: Site, clock: StoppedClock, caplog: pytest.LogCaptureFixture
) -> None:
    moderators.add(tools, READER.title(), ["demo"])
    refused(tools, site, clock, GONE, GONE)
    assert bounces.alarms(tools, [site]) == []
    refused(tools, site, clock, GONE, GONE)
    assert list_lines() == []
    assert bounces.alarms(tools, [site]) == [READER]
    assert READER not in caplog.text
    assert "alarm" in caplog.text
    refused(tools, site, clock, "")
    assert bounces.alarms(tools, [site]) == []


def test_the_author_s_mails_go_on_and_the_desk_is_told(tools: Toolbox, site: Site, clock: StoppedClock) -> None:
    gone = ScriptedPostman(Delivery(SendOutcome.REFUSED, 550, "5.1.1 nobody"))
    for day in range(4):
        tell_author(tools, site, f"weekly:{day}")
        deliver_due(replace(tools, postman=gone))
        clock.move(days=1)
    assert len(gone.sent) == 4
    assert list_lines() == []
    assert bounces.alarms(tools, [site]) == [site.author_email]
    assert bounces.alarms(with_mail(tools, bounces_before_suppression=0), [site]) == []
    moved = sites.save_site(tools, replace(site, author_email="nuova@demo.example"))
    assert bounces.alarms(tools, [moved]) == []


def test_a_stronger_reason_stays(tools: Toolbox, site: Site, clock: StoppedClock) -> None:
    returned(tools, site, clock, 2)
    row = sent(tools, site)
    suppressions.suppress(tools, READER, SuppressionReason.COMPLAINED)
    assert take_report(tools, postfix(row.message_id)) is Taken.HARD
    assert list_lines() == [("complained", "command")]


def test_an_address_that_is_let_back_in_starts_from_nothing(tools: Toolbox, site: Site, clock: StoppedClock) -> None:
    refused(tools, site, clock, GONE, GONE, GONE)
    assert suppressions.unsuppress(tools, READER) == 1
    refused(tools, site, clock, GONE, GONE)
    assert list_lines() == []
    assert suppressions.unsuppress(tools, READER) == 0
    refused(tools, site, clock, GONE, GONE)
    assert list_lines() == []


def test_a_link_from_a_mail_that_is_followed_proves_the_mailbox(
    tools: Toolbox, site: Site, clock: StoppedClock
) -> None:
    returned(tools, site, clock, 2)
    newsletter.confirm(tools, token(tools))
    assert rows(BounceRow) == []
    assert rows(SubscriptionRow)[0].state == SubscriptionState.CONFIRMED


def test_old_days_are_forgotten(tools: Toolbox, site: Site, clock: StoppedClock) -> None:
    refused(tools, site, clock, GONE, FULL)
    clock.move(days=tools.settings.privacy.bounce_days - 2)
    upkeep.tidy(tools)
    assert len(rows(BounceRow)) == 2
    clock.at += timedelta(days=1)
    upkeep.tidy(tools)
    assert [row.hard for row in rows(BounceRow)] == [False]


def test_a_person_s_days_are_handed_out_and_erased(tools: Toolbox, site: Site, clock: StoppedClock) -> None:
    refused(tools, site, clock, GONE, FULL)
    write(tools, site, "altra@posta.example")
    deliver(tools, GONE)
    found = [value for value in privacy.export(tools, None, READER) if value["kind"] == "bounce"]
    assert [(one["day"], one["hard"], one["status"]) for one in found] == [
        ("2026-11-25", True, "5.1.1"),
        ("2026-11-26", False, "5.2.2"),
    ]
    assert "hash" not in str(found)
    assert len([v for v in privacy.export(tools, "demo", None) if v["kind"] == "bounce"]) == 3
    assert privacy.forget(tools, READER).bounces == 2
    assert [row.day for row in rows(BounceRow)] == ["2026-11-27"]
