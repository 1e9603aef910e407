"""Confirmed readers become contacts and departed ones go, whatever Brevo does meanwhile: none is lost, none doubled."""

import random
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask, current_app
from sqlalchemy import select

from engagement.domain.mailing.contacts import LEASE, Answer, Contact
from engagement.domain.mailing.contacts import Brevo as Settings
from engagement.domain.sites import Site
from engagement.language import say
from engagement.services import newsletter, privacy, sites
from engagement.services.audience import contacts, preferences
from engagement.services.desk import moderators
from engagement.services.ports import Toolbox
from engagement.storage.audience import contacts as rows_of
from engagement.storage.audience.contact_tables import ContactJobRow
from engagement.storage.db import reading, transaction
from tests.contacts.conftest import confirm, leave, sign_up, token
from tests.contacts.fake_brevo import LOST, ODD, UNHEARD, Brevo
from tests.fakes import StoppedClock

READER = "lettrice@posta.example"


def jobs() -> list[ContactJobRow]:
    with reading() as session:
        return list(session.scalars(select(ContactJobRow).order_by(ContactJobRow.id)))


def work(tools: Toolbox) -> int:
    """Do all that is due now."""
    told = 0
    while tried := contacts.sync_due(tools):
        told += tried
    return told


def with_key(tools: Toolbox, key: str) -> Toolbox:
    """The same installation after a change of its settings."""
    changed = replace(tools.settings.brevo, api_key=key)
    made = replace(tools, settings=replace(tools.settings, brevo=changed))
    return replace(made, contacts=type(tools.contacts)(changed))  # type: ignore[call-arg]


def test_only_who_confirmed_is_sent_with_the_attributes_that_settings_name(
    tools: Toolbox, site: Site, brevo: Brevo
) -> None:
    sign_up(tools, site, "sconosciuta@posta.example")
    assert work(tools) == 0
    confirm(tools, site, READER)
    assert work(tools) == 1
    assert brevo.calls == [
        (
            "POST",
            "/v3/contacts",
            {
                "email": READER,
                "updateEnabled": True,
                "attributes": {"NOME": "Anna"},
                "listIds": [4],
                "emailBlacklisted": False,
            },
        )
    ]
    assert jobs() == []


def test_every_fact_can_be_an_attribute(make_tools: Callable[..., Toolbox], site: Site, brevo: Brevo) -> None:
    names = {"site": "A", "language": "B", "confirmed_on": "C", "leave_url": "D"}
    tools = make_tools(**{f"brevo__attributes__{name.lower()}": fact for fact, name in names.items()})
    confirm(tools, site, READER)
    work(tools)
    told = brevo.contacts[READER]["attributes"]
    assert (told["A"], told["B"], told["C"]) == ("Il blog di prova", "it", "2026-11-25")
    left = newsletter.leave(tools, told["D"].rpartition("/")[2], "link")
    assert left.email == READER


def test_another_name_or_language_is_told_and_the_wish_that_waits_stays(
    make_tools: Callable[..., Toolbox], site: Site, brevo: Brevo
) -> None:
    rung: list[str] = []
    tools = make_tools(brevo__attributes__lingua="language", brevo__sync_unsubscribes="blocklist")
    tools = replace(tools, wake=lambda: rung.append("."))
    confirm(tools, site, READER)
    page = token(tools, site, "preferences", READER)
    rung.clear()
    preferences.change(tools, page, name="Anna Maria", language="en")
    assert [(job.unblock, job.generation) for job in jobs()] == [(True, 2)]
    work(tools)
    assert brevo.contacts[READER]["attributes"] == {"NOME": "Anna Maria", "LINGUA": "en"}
    preferences.change(tools, page, name="Anna", language="en")
    work(tools)
    assert brevo.contacts[READER]["attributes"]["NOME"] == "Anna"
    preferences.leave(tools, page)
    assert len(rung) == 3
    preferences.change(tools, page, name="Annina", language="it")
    work(tools)
    assert (brevo.contacts[READER]["attributes"]["NOME"], brevo.contacts[READER]["emailBlacklisted"]) == ("Anna", True)


def test_without_a_key_nothing_is_written_down(app: Flask, site: Site) -> None:
    tools: Toolbox = app.extensions["engagement"]
    confirm(tools, site, READER)
    leave(tools, site, READER)
    assert (jobs(), contacts.sync_due(tools), contacts.alarm(tools)) == ([], 0, None)


@pytest.mark.parametrize(
    ("how", "lists", "blocked"), [("lists", [], False), ("blocklist", [], True), ("off", [4], False)]
)
def test_who_leaves_here_goes_there_as_settings_say(
    make_tools: Callable[..., Toolbox], site: Site, brevo: Brevo, how: str, lists: list[int], blocked: bool
) -> None:
    tools = make_tools(brevo__sync_unsubscribes=how)
    confirm(tools, site, READER)
    work(tools)
    leave(tools, site, READER)
    work(tools)
    assert (brevo.contacts[READER]["listIds"], brevo.contacts[READER]["emailBlacklisted"]) == (lists, blocked)


def test_who_comes_back_is_taken_off_the_blocklist(
    make_tools: Callable[..., Toolbox], site: Site, brevo: Brevo, clock: StoppedClock
) -> None:
    tools = make_tools(brevo__sync_unsubscribes="blocklist")
    confirm(tools, site, READER)
    leave(tools, site, READER)
    work(tools)
    clock.move(days=2)
    confirm(tools, site, READER)
    work(tools)
    assert (brevo.members(4), brevo.contacts[READER]["emailBlacklisted"]) == ([READER], False)


def test_the_newest_wish_wins(tools: Toolbox, site: Site, brevo: Brevo) -> None:
    brevo.add(READER, 4)
    confirm(tools, site, READER)
    leave(tools, site, READER)
    assert work(tools) == 1
    assert brevo.members(4) == []


class _Meanwhile:
    """Equipment in whose middle of a call something else happens, once."""

    def __init__(self, inner: Any, act: Callable[[], None]) -> None:
        self._inner, self._act = inner, act

    def put(self, contact: Contact) -> Answer:
        answer: Answer = self._inner.put(contact)
        act, self._act = self._act, lambda: None
        act()
        return answer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def test_a_reader_who_leaves_during_the_call_is_not_left_there(tools: Toolbox, site: Site, brevo: Brevo) -> None:
    confirm(tools, site, READER)
    rigged: Any = _Meanwhile(tools.contacts, lambda: leave(tools, site, READER))
    assert work(replace(tools, contacts=rigged)) == 2
    assert (brevo.members(4), jobs()) == ([], [])


def test_a_reader_of_two_sites_stays_in_the_lists_of_the_one_that_is_left(
    make_tools: Callable[..., Toolbox], site: Site, brevo: Brevo
) -> None:
    tools = make_tools(brevo__list_ids="4,7", brevo__site_lists__altro="7")
    other = sites.save_site(tools, replace(site, key="altro"))
    confirm(tools, site, READER)
    confirm(tools, other, READER)
    work(tools)
    assert brevo.contacts[READER]["listIds"] == [4, 7]
    leave(tools, site, READER)
    work(tools)
    assert brevo.contacts[READER]["listIds"] == [7]


def test_a_site_without_lists_keeps_its_readers(make_tools: Callable[..., Toolbox], site: Site, brevo: Brevo) -> None:
    tools = make_tools(brevo__site_lists__demo="")
    confirm(tools, site, READER)
    work(tools)
    assert (brevo.calls, jobs()) == ([], [])


@pytest.mark.parametrize("fault", ["429", "500", "502", "503", "404", *UNHEARD, *LOST, *ODD])
def test_a_fault_that_passes_loses_nobody_and_doubles_nobody(
    tools: Toolbox, site: Site, brevo: Brevo, clock: StoppedClock, fault: str
) -> None:
    confirm(tools, site, READER)
    brevo.faults.append(fault)
    assert work(tools) == 1
    assert len(jobs()) == 1
    clock.move(minutes=2)
    assert work(tools) == 1
    assert (brevo.members(4), jobs()) == ([READER], [])
    assert brevo.made == {READER: 1}


def test_nothing_is_asked_before_the_window_opens(
    tools: Toolbox, site: Site, brevo: Brevo, clock: StoppedClock
) -> None:
    for number in range(3):
        confirm(tools, site, f"r{number}@posta.example")
    brevo.faults.append("429")
    assert (work(tools), len(brevo.calls)) == (1, 1)
    clock.move(seconds=29)
    assert (work(tools), len(brevo.calls)) == (0, 1)
    clock.move(seconds=2)
    assert work(tools) == 3
    assert len(brevo.members(4)) == 3


def test_the_last_call_of_a_window_is_not_overdrawn(
    tools: Toolbox, site: Site, brevo: Brevo, clock: StoppedClock
) -> None:
    for number in range(5):
        confirm(tools, site, f"r{number}@posta.example")
    brevo.left, brevo.reset = 2, "9"
    assert work(tools) == 2
    clock.move(seconds=8)
    assert work(tools) == 0
    brevo.left = 10
    clock.move(seconds=2)
    assert work(tools) == 3


def test_waits_grow_and_nobody_is_given_up(tools: Toolbox, site: Site, brevo: Brevo, clock: StoppedClock) -> None:
    confirm(tools, site, READER)
    waits = []
    for _ in range(9):
        brevo.faults.append("500")
        assert work(tools) == 1
        [job] = jobs()
        waits.append(round((job.next_attempt_at - clock.at).total_seconds() / 60))
        clock.at = job.next_attempt_at
    assert waits[0] == 1
    assert all(288 <= minutes <= 432 for minutes in waits[5:])  # six hours, give or take a fifth
    assert work(tools) == 1
    assert brevo.members(4) == [READER]


def test_one_that_breaks_the_way_each_time_does_not_hold_up_the_others(
    tools: Toolbox, site: Site, brevo: Brevo, clock: StoppedClock
) -> None:
    for number in range(3):
        confirm(tools, site, f"r{number}@posta.example")
    brevo.faults.append("502")
    assert work(tools) == 1
    clock.move(seconds=31)
    assert work(tools) == 2  # another finds out first
    assert brevo.members(4) == ["r1@posta.example", "r2@posta.example"]
    clock.move(minutes=2)
    assert work(tools) == 1


@pytest.mark.parametrize("fault", ["401", "402", "403"])
def test_a_shut_door_stops_everything_tells_the_operator_and_loses_nobody(
    tools: Toolbox, site: Site, brevo: Brevo, clock: StoppedClock, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    for number in range(3):
        confirm(tools, site, f"r{number}@posta.example")
    brevo.faults.append(fault)
    assert (work(tools), len(brevo.calls)) == (1, 1)
    clock.move(days=30)
    assert (work(tools), len(brevo.calls)) == (0, 1)  # not asked again by itself
    assert len(jobs()) == 3
    said = contacts.alarm(tools)
    assert said is not None
    assert fault in say(said, "it")
    assert [r.levelname for r in caplog.records if "does not let us in" in r.getMessage()] == ["ERROR"]
    contacts.resume(tools)
    assert work(tools) == 3
    assert (len(brevo.members(4)), contacts.alarm(tools)) == (3, None)


@pytest.mark.parametrize("fault", ["500", "502", "timeout", "html"])
def test_a_long_silence_is_told_at_the_desk_and_over_when_it_ends(
    tools: Toolbox, site: Site, brevo: Brevo, clock: StoppedClock, fault: str
) -> None:
    confirm(tools, site, READER)
    brevo.faults.extend([fault] * 6)
    work(tools)
    assert contacts.alarm(tools) is None  # not for a moment's trouble
    while brevo.faults:
        clock.move(minutes=5)
        work(tools)
    clock.move(minutes=61)
    assert (said := contacts.alarm(tools)) is not None
    assert "più di un'ora" in say(said, "it")
    clock.move(hours=8)
    work(tools)
    assert (contacts.alarm(tools), brevo.members(4)) == (None, [READER])


def test_another_key_opens_the_door_again(tools: Toolbox, site: Site, brevo: Brevo) -> None:
    confirm(tools, site, READER)
    brevo.key = "xkeysib-the-new-one"
    assert work(tools) == 1
    assert contacts.alarm(tools) is not None
    renewed = with_key(tools, brevo.key)
    assert contacts.alarm(renewed) is None
    assert work(renewed) == 1
    assert brevo.members(4) == [READER]


def test_what_brevo_refuses_waits_for_a_person_and_holds_up_nobody(
    tools: Toolbox, site: Site, brevo: Brevo, clock: StoppedClock, caplog: pytest.LogCaptureFixture
) -> None:
    confirm(tools, site, READER)
    confirm(tools, site, "altra@posta.example")
    brevo.faults.append("400")
    assert work(tools) == 2
    clock.move(days=30)
    assert work(tools) == 0
    _, backlog = contacts.standing(tools)
    assert (backlog.waiting, backlog.refused) == (0, 1)
    assert backlog.why == "invalid_parameter: Invalid email address for (address)"
    assert READER not in caplog.text
    contacts.resume(tools)
    assert work(tools) == 1
    assert len(brevo.members(4)) == 2


@pytest.mark.parametrize("lost", LOST)
def test_a_try_that_was_heard_is_not_put_again_over_the_readers_own_no(
    tools: Toolbox, site: Site, brevo: Brevo, clock: StoppedClock, lost: str
) -> None:
    confirm(tools, site, READER)
    brevo.faults.append(lost)
    work(tools)
    brevo.contacts[READER]["emailBlacklisted"] = True  # she unsubscribed there, before we tried again
    clock.move(minutes=2)
    assert work(tools) == 1
    assert (brevo.contacts[READER]["emailBlacklisted"], jobs()) == (True, [])


def test_a_try_that_was_not_heard_still_takes_off_the_blocklist(
    tools: Toolbox, site: Site, brevo: Brevo, clock: StoppedClock
) -> None:
    brevo.add(READER, blocked=True)
    confirm(tools, site, READER)
    brevo.faults.append("reset")
    work(tools)
    clock.move(minutes=2)
    work(tools)
    assert (brevo.members(4), brevo.contacts[READER]["emailBlacklisted"]) == ([READER], False)


def test_under_every_fault_at_random_the_books_agree_in_the_end(
    tools: Toolbox, site: Site, brevo: Brevo, clock: StoppedClock, capsys: pytest.CaptureFixture[str]
) -> None:
    chance = random.Random(12)
    names = ["400", "401", "402", "403", "404", "429", "500", "502", "503", "duplicate", "reset", *LOST, *ODD]
    faults = [name for name in names for _ in range(3)]
    chance.shuffle(faults)
    brevo.faults.extend(fault for pair in zip(faults, ["", ""] * len(faults), strict=False) for fault in pair)
    readers = [f"r{number}@posta.example" for number in range(60)]
    for reader in readers:
        confirm(tools, site, reader)
    for reader in readers[::5]:
        leave(tools, site, reader)
    turns = 0
    while jobs():
        turns += 1
        assert turns < 1000, "the queue does not empty"
        contacts.sync_due(tools)
        contacts.resume(tools)  # the operator is quick
        clock.move(minutes=1)
    kept = set(readers) - set(readers[::5])
    lost, doubled = kept - set(brevo.members(4)), {r: n for r, n in brevo.made.items() if n > 1}
    with capsys.disabled():
        sys.stdout.write(
            f"\n{len(faults)} faults of {len(names)} kinds, {len(brevo.calls)} calls for {len(readers)} readers"
            f" ({len(kept)} stay): lost {len(lost)}, doubled {len(doubled)}, left behind"
            f" {len(set(brevo.members(4)) - kept)}\n"
        )
    assert (lost, doubled, set(brevo.members(4))) == (set(), {}, kept)
    assert not [fault for fault in brevo.faults if fault]  # all of them happened
    assert len(brevo.calls) >= len(faults)


def test_two_workers_tell_about_each_reader_once(tools: Toolbox, site: Site, brevo: Brevo) -> None:
    readers = [f"r{number}@posta.example" for number in range(40)]
    with transaction() as session:
        for reader in readers:
            rows_of.want(session, reader, tools.clock.now())
    for reader in readers[:10]:
        confirm(tools, site, reader)
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    told: list[int] = []

    def one() -> None:
        with app.app_context():
            told.append(work(tools))

    workers = [threading.Thread(target=one) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sum(told) == 40
    assert sorted(body["email"] for _, _, body in brevo.writes()) == readers[:10]


def test_a_lease_that_ended_is_taken_over_and_the_late_one_settles_nothing(
    tools: Toolbox, site: Site, brevo: Brevo, clock: StoppedClock
) -> None:
    confirm(tools, site, READER)
    with transaction() as session:
        late = rows_of.claim(session, clock.now(), "a" * 32)
    assert late is not None
    assert work(tools) == 0
    clock.move(seconds=LEASE.total_seconds() + 1)
    with transaction() as session:
        second = rows_of.claim(session, clock.now(), "b" * 32)
    assert second is not None
    assert (late.attempt, second.attempt) == (1, 2)
    with transaction() as session:
        assert not rows_of.finish(session, late, Answer(contacts.Outcome.DONE), now=clock.now(), jitter=0)
    assert len(jobs()) == 1


def test_a_forgotten_address_is_erased_there_and_then_gone_here(
    tools: Toolbox, site: Site, brevo: Brevo, clock: StoppedClock
) -> None:
    confirm(tools, site, READER)
    work(tools)
    privacy.forget(tools, READER)
    assert [value["kind"] for value in privacy.export(tools, None, READER)] == ["suppression", "contact"]
    brevo.faults.append("500")
    work(tools)
    assert len(jobs()) == 1  # not before Brevo says so
    clock.move(minutes=2)
    work(tools)
    assert (brevo.contacts, jobs()) == ({}, [])


def test_forgetting_who_never_subscribed_asks_brevo_nothing(tools: Toolbox, brevo: Brevo) -> None:
    brevo.add(READER, 7)
    privacy.forget(tools, READER)
    assert (work(tools), brevo.calls) == (0, [])


def test_everybody_is_sent_where_brevo_came_later(tools: Toolbox, site: Site, brevo: Brevo) -> None:
    without = replace(tools, settings=replace(tools.settings, brevo=Settings()))
    for number in range(3):
        confirm(without, site, f"r{number}@posta.example")
    sign_up(without, site, "altra@posta.example")
    assert (work(tools), contacts.want_all(tools), contacts.want_all(tools)) == (0, 3, 0)
    assert work(tools) == 3
    assert len(brevo.members(4)) == 3


def test_the_desk_shows_the_alarm_to_who_is_signed_in(tools: Toolbox, site: Site, brevo: Brevo) -> None:
    client = current_app.test_client()
    entrance = moderators.add(tools, "mod@demo.example", [site.key]).rpartition("/")[2]
    session = moderators.enter(tools, entrance, "una frase lunga e tranquilla")
    client.set_cookie("session", session)
    assert 'class="alarm"' not in client.get("/desk/").text
    confirm(tools, site, READER)
    brevo.faults.append("401")
    work(tools)
    assert "Brevo non ci lascia entrare (401)" in client.get("/desk/").text
    assert "Brevo does not let us in (401)" in client.get("/desk/?lang=en").text
    assert "Brevo" not in current_app.test_client().get("/desk/login").text


def test_a_second_click_sends_nothing_again(tools: Toolbox, site: Site, brevo: Brevo) -> None:
    sign_up(tools, site, READER)
    link = token(tools, site, "confirm", READER)
    newsletter.confirm(tools, link)
    work(tools)
    newsletter.confirm(tools, link)
    assert (work(tools), len(brevo.calls)) == (0, 1)
