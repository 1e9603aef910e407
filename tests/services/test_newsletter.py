"""Double opt-in: who is mailed how often, what is proved, and what links can do."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from engagement.domain.errors import IdempotencyKeyReused, LinkNotValid
from engagement.domain.newsletter import SignUp, SubscriptionState
from engagement.domain.sites import Site
from engagement.mail.links import SignedLinks
from engagement.mail.postmen import MemoryPostman
from engagement.services import newsletter
from engagement.services.audience.wishes import carry_out
from engagement.services.mail import deliver_due
from engagement.services.once import Once
from engagement.services.operations import upkeep
from engagement.services.ports import Toolbox
from engagement.storage.audience.wish_tables import WishRow
from engagement.storage.db import reading
from engagement.storage.tables import ConsentRow, OutboxRow, SubscriptionRow
from tests.fakes import StoppedClock

READER = "lettrice@posta.example"


@pytest.fixture
def tools(tools: Toolbox, clock: StoppedClock) -> Toolbox:
    """Links that tell the time from the test's clock."""
    return replace(tools, links=SignedLinks(["k" * 40], "https://c.example", clock=clock.now))


def ask(tools: Toolbox, site: Site, email: str = READER, once: Once | None = None, **more: str) -> None:
    newsletter.sign_up(tools, site, SignUp(email, client="192.0.2.1", **more), once)
    carry_out(tools)


def rows(kind: type[Any]) -> Sequence[Any]:
    with reading() as session:
        return session.scalars(select(kind).order_by(kind.id)).all()


def token(tools: Toolbox, purpose: Any = "confirm") -> str:
    row = rows(SubscriptionRow)[0]
    return tools.links.newsletter(purpose, row.id, row.version).rpartition("/")[2]


def test_a_sign_up_waits_for_its_confirmation_and_is_proved(tools: Toolbox, site: Site) -> None:
    ask(tools, site, form="api-1", consent_text="Voglio la newsletter.", source_url="https://blog.example/a")
    [row] = rows(SubscriptionRow)
    assert (row.email, row.state) == (READER, "pending")
    asked, mailed = rows(ConsentRow)
    assert (asked.what, asked.form, asked.consent_text) == ("asked", "api-1", "Voglio la newsletter.")
    assert (asked.source_url, asked.at, asked.language) == ("https://blog.example/a", tools.clock.now(), "it")
    assert mailed.what == "mailed"
    assert READER not in asked.email_hash
    [notice] = rows(OutboxRow)
    assert notice.kind == "newsletter-confirm"
    assert notice.payload == {"subscription": row.id, "version": row.version}


def test_the_mail_carries_the_link_and_no_word_of_the_visitor(tools: Toolbox, site: Site) -> None:
    ask(tools, site, name="Vinci-un-premio")
    assert deliver_due(tools) == 1
    assert isinstance(tools.postman, MemoryPostman)
    [(recipient, letter)] = tools.postman.sent
    assert recipient == READER
    assert b"https://c.example/newsletter/confirm/" in letter.replace(b"=\r\n", b"")
    assert b"premio" not in letter


def test_a_thousand_sign_ups_by_a_thousand_clients_make_one_mail(tools: Toolbox, site: Site) -> None:
    for n in range(1_000):
        tag = f"+{n}" if n % 2 else ""
        wish = SignUp(f"vittima{tag}@posta.example", client=f"10.0.{n // 250}.{n % 250}")
        newsletter.sign_up(tools, site, wish)
    while carry_out(tools):
        pass
    assert len(rows(OutboxRow)) == 1


def test_sign_ups_at_the_same_moment_make_one_mail(app: Flask, tools: Toolbox, site: Site) -> None:
    def one(_: int) -> None:
        with app.app_context():
            ask(tools, site, once=Once("k" * 64, "f" * 64))
            ask(tools, site)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, range(8)))
    assert len(rows(OutboxRow)) == len(rows(SubscriptionRow)) == 1
    assert [r.what for r in rows(ConsentRow)] == ["asked", "mailed"]


def test_a_mailbox_is_written_to_once_a_day_and_three_times_a_month(
    tools: Toolbox, site: Site, clock: StoppedClock
) -> None:
    for _ in range(20):
        ask(tools, site)
        clock.move(hours=13)
    assert len(rows(OutboxRow)) == 3
    clock.move(days=25)
    ask(tools, site)
    assert len(rows(OutboxRow)) == 4


def test_a_site_sends_so_many_confirmations_an_hour(tools: Toolbox, site: Site, clock: StoppedClock) -> None:
    limits = replace(tools.settings.limits, mail_per_site_hour=2)
    tools = replace(tools, settings=replace(tools.settings, limits=limits))
    for n in range(4):
        ask(tools, site, f"r{n}@posta.example")
    assert len(rows(OutboxRow)) == 2
    clock.move(minutes=61)
    ask(tools, site, "r3@posta.example")
    assert len(rows(OutboxRow)) == 3


def test_upper_and_lower_case_are_one_mailbox(tools: Toolbox, site: Site) -> None:
    ask(tools, site)
    ask(tools, site, READER.upper())
    assert len(rows(SubscriptionRow)) == 1


def test_confirming_twice_is_confirming_once(tools: Toolbox, site: Site) -> None:
    ask(tools, site)
    link = token(tools)
    assert newsletter.look_up(tools, link, "confirm").state is SubscriptionState.PENDING
    first = newsletter.confirm(tools, link)
    assert first.state is SubscriptionState.CONFIRMED
    assert newsletter.confirm(tools, link) == first
    assert [r.what for r in rows(ConsentRow)] == ["asked", "mailed", "confirmed"]


def test_a_confirmed_address_is_neither_mailed_nor_changed(tools: Toolbox, site: Site, clock: StoppedClock) -> None:
    ask(tools, site)
    newsletter.confirm(tools, token(tools))
    clock.move(days=2)
    ask(tools, site)
    assert rows(SubscriptionRow)[0].state == "confirmed"
    assert len(rows(OutboxRow)) == 1


def test_a_mail_is_not_sent_when_its_reason_is_gone(tools: Toolbox, site: Site) -> None:
    ask(tools, site)
    newsletter.leave(tools, token(tools, "leave"), "link")
    deliver_due(tools)
    assert isinstance(tools.postman, MemoryPostman)
    assert tools.postman.sent == []
    assert rows(OutboxRow)[0].state == "suppressed"


def test_leaving_ends_old_confirm_links_and_coming_back_needs_a_new_one(
    tools: Toolbox, site: Site, clock: StoppedClock
) -> None:
    ask(tools, site)
    confirm, leave = token(tools), token(tools, "leave")
    newsletter.confirm(tools, confirm)
    assert newsletter.leave(tools, leave, "one-click").state is SubscriptionState.LEFT
    assert rows(ConsentRow)[-1].method == "one-click"
    with pytest.raises(LinkNotValid):
        newsletter.confirm(tools, confirm)
    ask(tools, site)
    assert rows(SubscriptionRow)[0].state == "left", "no mail today, so nothing changes"
    clock.move(days=2)
    ask(tools, site)
    assert rows(SubscriptionRow)[0].state == "pending"
    with pytest.raises(LinkNotValid):
        newsletter.confirm(tools, confirm)
    newsletter.confirm(tools, token(tools))
    clock.move(days=900)
    assert newsletter.leave(tools, leave, "link").state is SubscriptionState.LEFT


def test_links_are_of_one_purpose_and_confirm_ends_after_seven_days(
    tools: Toolbox, site: Site, clock: StoppedClock
) -> None:
    ask(tools, site)
    confirm, leave = token(tools), token(tools, "leave")
    for wrong in (leave, confirm[:-1], "", "x.y"):
        with pytest.raises(LinkNotValid):
            newsletter.confirm(tools, wrong)
    with pytest.raises(LinkNotValid):
        newsletter.leave(tools, confirm, "link")
    clock.move(days=7)
    with pytest.raises(LinkNotValid):
        newsletter.look_up(tools, confirm, "confirm")
    newsletter.look_up(tools, leave, "leave")


def test_unconfirmed_addresses_are_forgotten_and_their_links_fit_nobody_else(
    tools: Toolbox, site: Site, clock: StoppedClock
) -> None:
    ask(tools, site)
    confirm, leave = token(tools), token(tools, "leave")
    clock.move(days=6)
    newsletter.purge(tools)
    assert len(rows(SubscriptionRow)) == 1
    clock.move(days=2)
    newsletter.purge(tools)
    assert rows(SubscriptionRow) == []
    clock.move(days=-2)
    ask(tools, site, "altro@posta.example")
    for use, link in ((newsletter.confirm, confirm), (lambda t, k: newsletter.leave(t, k, "link"), leave)):
        with pytest.raises(LinkNotValid):
            use(tools, link)


def test_only_the_proofs_of_who_consented_are_kept(tools: Toolbox, site: Site, clock: StoppedClock) -> None:
    for email in (READER, "distratta@posta.example"):
        ask(tools, site, email)
    newsletter.confirm(tools, token(tools))
    clock.move(days=8)
    newsletter.purge(tools)
    assert [r.what for r in rows(ConsentRow)] == ["asked", "mailed", "mailed", "confirmed"]
    clock.move(days=25)
    newsletter.purge(tools)
    asked, confirmed = rows(ConsentRow)
    assert (asked.what, confirmed.what) == ("asked", "confirmed")
    assert asked.email_hash == confirmed.email_hash


def test_who_left_and_asked_in_vain_counts_as_left(tools: Toolbox, site: Site, clock: StoppedClock) -> None:
    ask(tools, site)
    newsletter.leave(tools, token(tools, "leave"), "link")
    clock.move(days=2)
    ask(tools, site)
    clock.move(days=8)
    newsletter.purge(tools)
    assert rows(SubscriptionRow)[0].state == "left"


def test_a_key_makes_a_repeat_harmless_and_another_body_is_refused(tools: Toolbox, site: Site) -> None:
    once = Once("k" * 64, "f" * 64)
    ask(tools, site, once=once)
    ask(tools, site, once=once)
    assert len(rows(ConsentRow)) == 2
    with pytest.raises(IdempotencyKeyReused):
        ask(tools, site, "altro@posta.example", replace(once, fingerprint="0" * 64))
    assert len(rows(SubscriptionRow)) == 1


def test_a_key_is_known_for_a_day_and_forgotten_after(tools: Toolbox, site: Site, clock: StoppedClock) -> None:
    once = Once("k" * 64, "f" * 64)
    for hours, count in ((0, 1), (23, 1), (2, 2)):
        clock.move(hours=hours)
        upkeep.tidy(tools)
        newsletter.sign_up(tools, site, SignUp(READER), once)
        assert len(rows(WishRow)) == count
