"""Who is not written to: on the way in, on the way out, and off the list again."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from engagement.domain.errors import InvalidInput
from engagement.domain.mailing.suppression import RefusedDomains, SuppressionReason
from engagement.domain.newsletter import SignUp
from engagement.domain.sites import Site
from engagement.mail.postmen import MemoryPostman
from engagement.mail.providers import refused
from engagement.services import newsletter
from engagement.services.audience import suppressions
from engagement.services.audience.wishes import carry_out
from engagement.services.mail import deliver_due
from engagement.services.mailing import mail_quota
from engagement.services.ports import Toolbox
from engagement.storage.db import db, transaction
from engagement.storage.tables import ConsentRow, OutboxRow, SubscriptionRow, SuppressionRow
from tests.fakes import StoppedClock
from tests.services.test_newsletter import READER, ask, rows, token

REASONS = list(SuppressionReason)
SILENT = [reason for reason in REASONS if reason.silences]


def sent(tools: Toolbox) -> Sequence[Any]:
    deliver_due(tools)
    assert isinstance(tools.postman, MemoryPostman)
    return tools.postman.sent


def ask_to_leave(tools: Toolbox, site: Site, email: str = READER) -> None:
    newsletter.ask_to_leave(tools, site, email)
    carry_out(tools)


def with_limits(tools: Toolbox, **limits: int) -> Toolbox:
    return replace(tools, settings=replace(tools.settings, limits=replace(tools.settings.limits, **limits)))


@pytest.mark.parametrize("reason", SILENT)
def test_a_silenced_address_signs_up_in_vain_and_leaves_no_trace(
    tools: Toolbox, site: Site, reason: SuppressionReason
) -> None:
    assert suppressions.suppress(tools, READER.upper(), reason) == 1
    ask(tools, site)
    ask(tools, site, READER.replace("@", "+tag@"))
    assert (rows(SubscriptionRow), rows(ConsentRow), rows(OutboxRow)) == ([], [], [])


@pytest.mark.parametrize("reason", SILENT)
def test_a_mail_that_waits_is_not_sent_to_who_was_silenced_meanwhile(
    tools: Toolbox, site: Site, reason: SuppressionReason
) -> None:
    ask(tools, site)
    suppressions.suppress(tools, READER, reason, site=site)
    assert sent(tools) == []
    assert [row.state for row in rows(OutboxRow)] == ["suppressed"]


def test_the_list_holds_no_address_and_is_kept_per_site(tools: Toolbox, site: Site) -> None:
    suppressions.suppress(tools, READER, SuppressionReason.BOUNCED, site=site)
    [row] = rows(SuppressionRow)
    assert (row.site_id, row.reason, row.source) == (site.id, "bounced", "command")
    assert len(row.email_hash) == 64
    assert [line.reason for line in suppressions.listed(site)] == [SuppressionReason.BOUNCED]


def test_a_tagged_address_is_silenced_alone(tools: Toolbox, site: Site) -> None:
    suppressions.suppress(tools, READER.replace("@", "+spam@"), SuppressionReason.MANUAL)
    ask(tools, site)
    assert len(rows(OutboxRow)) == 1


def test_lifting_ends_every_silence(tools: Toolbox, site: Site) -> None:
    suppressions.suppress(tools, READER, SuppressionReason.COMPLAINED)
    assert suppressions.unsuppress(tools, READER) == 1
    assert suppressions.unsuppress(tools, READER) == 0
    ask(tools, site)
    assert len(sent(tools)) == 1


def test_a_former_key_still_silences(tools: Toolbox, site: Site) -> None:
    suppressions.suppress(tools, READER, SuppressionReason.MANUAL)
    server = replace(tools.settings.server, old_secret_keys=(tools.secret.decode(),))
    rotated = replace(tools, secret=b"another key of the installation " * 2)
    ask(replace(rotated, settings=replace(tools.settings, server=server)), site)
    assert rows(SubscriptionRow) == []


def test_who_left_may_come_back_and_a_confirmation_ends_the_line(
    tools: Toolbox, site: Site, clock: StoppedClock
) -> None:
    ask(tools, site)
    newsletter.confirm(tools, token(tools))
    newsletter.leave(tools, token(tools, "leave"), "one-click")
    [row] = rows(SuppressionRow)
    assert (row.reason, row.source) == ("unsubscribed", "one-click")
    clock.move(days=2)
    ask(tools, site)
    assert len(sent(tools)) == 1, "only the second mail: the first one's reason was gone"
    newsletter.confirm(tools, token(tools))
    assert rows(SuppressionRow) == []


def test_a_silence_is_never_softened(tools: Toolbox, site: Site) -> None:
    tagged = READER.replace("@", "+x@")
    suppressions.suppress(tools, tagged, SuppressionReason.BOUNCED)
    suppressions.suppress(tools, tagged, SuppressionReason.UNSUBSCRIBED)
    assert [row.reason for row in rows(SuppressionRow)] == ["bounced"]
    suppressions.suppress(tools, tagged, SuppressionReason.COMPLAINED)
    assert [row.reason for row in rows(SuppressionRow)] == ["complained"]


def test_what_is_no_address_is_refused(tools: Toolbox, site: Site) -> None:
    for call in (suppressions.unsuppress, lambda t, e: suppressions.suppress(t, e, SuppressionReason.MANUAL)):
        with pytest.raises(InvalidInput):
            call(tools, "nessuno")


def test_tags_at_the_same_moment_make_one_mail(app: Flask, tools: Toolbox, site: Site) -> None:
    def one(number: int) -> None:
        with app.app_context():
            ask(tools, site, READER.replace("@", f"+{number}@"))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, range(16)))
    assert len(rows(OutboxRow)) == 1


def test_a_new_request_ends_the_older_link_and_its_mail(tools: Toolbox, site: Site, clock: StoppedClock) -> None:
    ask(tools, site)
    older = token(tools)
    clock.move(days=1, seconds=1)
    ask(tools, site, name="Lia")
    with pytest.raises(newsletter.LinkNotValid):
        newsletter.confirm(tools, older)
    assert len(sent(tools)) == 1, "the older mail had not gone out yet, and does not any more"
    assert [row.state for row in rows(OutboxRow)] == ["suppressed", "sent"]
    assert newsletter.confirm(tools, token(tools)).name == "Lia"


def test_a_retry_is_the_same_letter(tools: Toolbox, site: Site, clock: StoppedClock) -> None:
    ask(tools, site)
    newsletter.confirm(tools, token(tools))
    ask_to_leave(tools, site)
    clock.move(minutes=5)
    first = sent(tools)[-1]
    newsletter.leave(tools, token(tools, "leave"), "link")
    clock.move(days=2)
    ask(tools, site)
    letters = [letter for _, letter in sent(tools)]
    assert letters[-1] != first[1]
    again = rows(OutboxRow)[-1]
    with transaction() as session:
        session.execute(update(OutboxRow).where(OutboxRow.id == again.id).values(state="queued"))
    clock.move(hours=5)
    assert [letter for _, letter in sent(tools)][-1] == letters[-1]


def test_the_ceiling_of_the_installation_raises_an_alarm_once_an_hour(
    tools: Toolbox, site: Site, clock: StoppedClock, caplog: pytest.LogCaptureFixture
) -> None:
    tools = with_limits(tools, mail_per_hour=2)
    for n in range(5):
        ask(tools, site, f"r{n}@posta.example")
    assert len(rows(OutboxRow)) == 2
    assert [r.getMessage() for r in caplog.records if r.levelname == "ERROR"] == [
        "alarm: 2 mails in an hour, limits.mail_per_hour; no confirmations go out for now"
    ]
    assert mail_quota.alarm(tools) == clock.now()
    clock.move(minutes=61)
    ask(tools, site, "r4@posta.example")
    assert len(rows(OutboxRow)) == 3
    clock.move(hours=24)
    assert mail_quota.alarm(tools) is None


def test_asking_to_leave_mails_subscribers_alone_once_a_day(tools: Toolbox, site: Site, clock: StoppedClock) -> None:
    ask_to_leave(tools, site)
    assert rows(OutboxRow) == []
    ask(tools, site)
    newsletter.confirm(tools, token(tools))
    for _ in range(5):
        ask_to_leave(tools, site, READER.upper())
    [mail] = [row for row in rows(OutboxRow) if row.kind == "newsletter-leave"]
    assert mail.recipient == READER
    letter = sent(tools)[-1][1].replace(b"=\r\n", b"")
    assert b"/newsletter/leave/" in letter
    assert b"/preferences/" in letter
    for _ in range(20):
        clock.move(hours=25)
        ask_to_leave(tools, site)
    assert len([row for row in rows(OutboxRow) if row.kind == "newsletter-leave"]) == 3
    assert with_limits(tools, mail_per_site_hour=0) is not tools
    clock.move(days=40)
    ask_to_leave(with_limits(tools, mail_per_site_hour=0), site)
    assert len([row for row in rows(OutboxRow) if row.kind == "newsletter-leave"]) == 3


def test_a_provider_is_refused_with_its_subdomains_alone() -> None:
    own = refused(["*.Bad.Example", "@èvil.example", ""], disposable=False)
    assert own == RefusedDomains(frozenset({"bad.example", "xn--vil-5la.example"}))
    for email in ("a@bad.example", "a@mail.bad.example", "a@BAD.example", "a@èvil.example", "a@xn--vil-5la.example"):
        assert own.refuses(email), email
    for email in ("a@notbad.example", "a@example", "a@bad.example.org", "bad.example@posta.example"):
        assert not own.refuses(email), email


def test_the_shipped_list_knows_disposable_providers_and_a_newer_one_takes_its_place(tmp_path: Any) -> None:
    shipped = refused([], disposable=True)
    assert len(shipped.names) == 8335
    assert shipped.refuses("x@mailinator.com")
    assert shipped.refuses("x@sub.mailinator.com")
    assert not shipped.refuses("x@gmail.com")
    assert not refused([], disposable=False).refuses("x@mailinator.com")
    newer = tmp_path / "newer.txt"
    newer.write_text("# mine\nwegwerf.example\n", "utf-8")
    assert refused([], disposable=True, file=str(newer)).names == {"wegwerf.example"}


def test_ten_thousand_sign_ups_of_one_victim_by_a_thousand_clients_make_one_mail(tools: Toolbox, site: Site) -> None:
    if db.engine.dialect.name == "sqlite":
        connection = db.engine.raw_connection()  # the one that the loop gets again: it counts, and need not endure
        connection.cursor().execute("PRAGMA synchronous = OFF")
        connection.close()
    times = 10_000 if db.engine.dialect.name == "sqlite" else 500  # the same path, and a slower one
    for n in range(times):
        newsletter.sign_up(tools, site, SignUp("vittima@posta.example", client=f"10.0.{n % 1000 // 250}.{n % 250}"))
    while carry_out(tools):
        pass
    assert (len(rows(OutboxRow)), len(rows(SubscriptionRow))) == (1, 1)
    assert [row.what for row in rows(ConsentRow)] == ["asked", "mailed"]
