"""Verdicts, their fencing, their undoing; the people and the keys."""

import re
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from engagement.domain.comments import Status, Submission
from engagement.domain.desk.moderators import Scope
from engagement.domain.errors import (
    AlreadySettled,
    Conflict,
    InvalidInput,
    LinkNotValid,
    NotAuthorised,
    NotFound,
    NotPermitted,
    TooManyRequests,
    Unavailable,
)
from engagement.domain.moderation import Actor, Verdict
from engagement.domain.sites import Site
from engagement.services import comments, moderation
from engagement.services.desk import keys, moderators
from engagement.services.discussion import editing, voting
from engagement.services.ports import Toolbox
from engagement.storage.db import reading, transaction
from engagement.storage.operations import moderators as shelf
from engagement.storage.tables import ModeratorRow
from tests.fakes import FixedScreener, StoppedClock

EMAIL, PASSWORD = "moderatrice@demo.example", "una frase lunga e tranquilla"


def held(tools: Toolbox, site: Site, screener: FixedScreener, score: float = 0.7, **more: Any) -> str:
    screener.toxicity = score
    fields = {"page_url": "https://blog.example/a", "author": "Anna", "body": f"Parole {score}."} | more
    return comments.submit_comment(tools, site, Submission(**fields)).comment.id


def settle(tools: Toolbox, comment: str, verdict: Verdict = Verdict.APPROVE, **more: Any) -> Any:
    given: dict[str, Any] = {"actor": Actor.MODERATOR, "who": EMAIL, "version": 1} | more
    return moderation.settle(tools, comment, verdict, **given)


def test_the_first_verdict_counts_and_is_logged(tools: Toolbox, site: Site, screener: FixedScreener) -> None:
    comment = held(tools, site, screener)
    assert settle(tools, comment, note="va bene").status is Status.PUBLISHED
    with pytest.raises(AlreadySettled):
        settle(tools, comment, Verdict.SPAM)
    lines = moderation.log(comment, [site.id])
    assert [(x.what, x.who, x.note) for x in lines] == [("hold", "", ""), ("approve", EMAIL, "va bene")]
    thread = comments.read_thread(site, "https://blog.example/a", sort="oldest", limit=9, after=None)
    assert (thread.count, len(thread.comments)) == (1, 1)


def test_undo_goes_back_once(tools: Toolbox, site: Site, screener: FixedScreener) -> None:
    comment = held(tools, site, screener)
    settle(tools, comment)
    assert moderation.undo(tools, comment, EMAIL, [site.id], 2).status is Status.HELD
    with pytest.raises(Conflict):
        moderation.undo(tools, comment, EMAIL, [site.id], 3)
    assert comments.read_thread(site, "https://blog.example/a", sort="oldest", limit=9, after=None).count == 0


def test_whatever_a_person_decides_wakes_the_background(tools: Toolbox, site: Site, screener: FixedScreener) -> None:
    rung: list[str] = []
    listening = replace(tools, wake=lambda: rung.append("."))
    comment = held(tools, site, screener)
    settle(listening, comment)
    moderation.undo(listening, comment, EMAIL, [site.id], 2)
    settle(listening, comment, version=3)
    assert len(rung) == 3
    token = tools.links.edit_token(comment, tools.clock.now() + timedelta(minutes=15))
    screener.toxicity = 0.7
    edited = editing.edit_comment(tools, site, comment, "Altre parole.", token).comment
    settle(listening, comment, version=edited.version)
    assert len(rung) == 4
    voting.vote(listening, site, comment, 1, client="192.0.2.1", agent="")
    voting.vote(listening, site, comment, 1, client="192.0.2.1", agent="")
    assert len(rung) == 5


def test_other_sites_are_not_there(tools: Toolbox, site: Site, screener: FixedScreener) -> None:
    comment = held(tools, site, screener)
    for act in (lambda: settle(tools, comment, site_ids=[site.id + 1]), lambda: moderation.log(comment, [])):
        with pytest.raises(NotFound):
            act()


@pytest.mark.parametrize("order", moderation.ORDERS)
def test_the_queue_is_read_in_pages(tools: Toolbox, site: Site, screener: FixedScreener, order: str) -> None:
    scores = (0.7, 0.9, 0.8)
    for score in scores:
        held(tools, site, screener, score)
    seen: list[float] = []
    after = None
    for _ in scores:
        items, after = moderation.queue(tools, [site.id], status=Status.HELD, order=order, limit=1, after=after)
        seen += [item.risk for item in items]
    assert after is None
    if order == "risk":
        assert seen == sorted(scores, reverse=True)
    assert sorted(seen) == sorted(scores)
    with pytest.raises(InvalidInput):
        moderation.queue(tools, [site.id], status=Status.HELD, order=order, limit=1, after="falso")


def test_what_waits_is_told(tools: Toolbox, site: Site, screener: FixedScreener, clock: StoppedClock) -> None:
    assert moderation.waiting([site.id]) == (0, None, None)
    began = clock.now()
    comment = held(tools, site, screener)
    assert moderation.waiting([site.id]) == (1, began, None)
    clock.move(minutes=5)
    settle(tools, comment)
    assert moderation.waiting([site.id]) == (0, None, clock.now())


def token_of(tools: Toolbox) -> str:
    return moderators.add(tools, EMAIL, ["demo"]).rpartition("/")[2]


def test_a_login_address_works_once(tools: Toolbox, site: Site, clock: StoppedClock) -> None:
    token = token_of(tools)
    with pytest.raises(InvalidInput):
        moderators.enter(tools, token, "corta")
    session = moderators.session_of(tools, moderators.enter(tools, token, PASSWORD))
    assert session is not None
    assert session.site_ids == (site.id,)
    with pytest.raises(LinkNotValid):
        moderators.enter(tools, token, PASSWORD)
    late = token_of(tools)
    clock.move(days=3)
    with pytest.raises(LinkNotValid):
        moderators.open_login_link(tools, late)


def test_a_password_ends_all_other_login_addresses(tools: Toolbox, site: Site) -> None:
    older, newer = token_of(tools), token_of(tools)
    moderators.enter(tools, newer, PASSWORD)
    with pytest.raises(LinkNotValid):
        moderators.open_login_link(tools, older)
    with pytest.raises(LinkNotValid):
        moderators.enter(tools, older, "una frase ben diversa")
    assert moderators.sign_in(tools, EMAIL, PASSWORD)


@pytest.mark.parametrize("password", ["password1234", "moderatrice@demo.example", "undicilett1", "x" * 129])
def test_a_password_that_is_short_or_common_is_refused(tools: Toolbox, site: Site, password: str) -> None:
    token = token_of(tools)
    with pytest.raises(InvalidInput):
        moderators.enter(tools, token, password)
    assert moderators.enter(tools, token, PASSWORD)


def test_every_byte_of_a_password_matters(tools: Toolbox, site: Site) -> None:
    long = "una frase lunga e tranquilla " * 3
    moderators.enter(tools, token_of(tools), long + "a")
    with pytest.raises(NotAuthorised):
        moderators.sign_in(tools, EMAIL, long + "b")
    assert moderators.sign_in(tools, EMAIL, long + "a")


def test_an_older_hash_is_made_anew_at_the_next_login(tools: Toolbox, site: Site) -> None:
    moderators.enter(tools, token_of(tools), PASSWORD)
    weak = PasswordHasher(time_cost=1, memory_cost=8_192, parallelism=1).hash(PASSWORD)
    with transaction() as session:
        [number] = session.scalars(select(ModeratorRow.id))
        shelf.set_password(session, number, weak)
    with pytest.raises(NotAuthorised):
        moderators.sign_in(tools, EMAIL, "indovino indovino")
    assert moderators.sign_in(tools, EMAIL, PASSWORD)
    with reading() as session:
        [kept] = session.scalars(select(ModeratorRow.password_hash))
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert moderators.sign_in(tools, EMAIL, PASSWORD)


def test_a_crowd_of_guessers_waits_for_its_turn_and_goes(
    tools: Toolbox, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    moderators.enter(tools, token_of(tools), PASSWORD)
    monkeypatch.setattr(moderators, "LONGEST_WAIT", 0.0)
    with ExitStack() as turns:
        for _ in range(moderators.AT_ONCE):
            turns.enter_context(moderators._turn())
        with pytest.raises(Unavailable):
            moderators.sign_in(tools, EMAIL, PASSWORD)
    assert moderators.sign_in(tools, EMAIL, PASSWORD)


def test_sessions_end(tools: Toolbox, site: Site, clock: StoppedClock) -> None:
    moderators.enter(tools, token_of(tools), PASSWORD)
    token = moderators.sign_in(tools, EMAIL, PASSWORD)
    for _ in range(23):
        clock.move(minutes=29)
        assert moderators.session_of(tools, token)
    clock.move(hours=1)
    assert moderators.session_of(tools, token) is None
    idle = moderators.sign_in(tools, EMAIL, PASSWORD)
    clock.move(minutes=30)
    assert moderators.session_of(tools, idle) is None
    gone = moderators.sign_in(tools, EMAIL, PASSWORD)
    moderators.remove(tools, EMAIL)
    assert moderators.session_of(tools, gone) is None
    with pytest.raises(NotAuthorised):
        moderators.sign_in(tools, EMAIL, PASSWORD)


def test_guessing_is_slowed_for_one_account_only(tools: Toolbox, site: Site, clock: StoppedClock) -> None:
    moderators.enter(tools, token_of(tools), PASSWORD)
    for _ in range(10):
        with pytest.raises(NotAuthorised):
            moderators.sign_in(tools, "altra@demo.example", "indovino indovino")
    with pytest.raises(TooManyRequests):
        moderators.sign_in(tools, "altra@demo.example", "indovino indovino")
    assert moderators.sign_in(tools, EMAIL, PASSWORD)
    clock.move(minutes=11)
    with pytest.raises(NotAuthorised):
        moderators.sign_in(tools, "altra@demo.example", "indovino indovino")


def test_logins_that_succeed_do_not_count_as_guesses(tools: Toolbox, site: Site) -> None:
    moderators.enter(tools, token_of(tools), PASSWORD)
    assert all(moderators.sign_in(tools, EMAIL, PASSWORD) for _ in range(12))
    for _ in range(10):
        with pytest.raises(NotAuthorised):
            moderators.sign_in(tools, EMAIL, "indovino indovino")
    with pytest.raises(TooManyRequests):
        moderators.sign_in(tools, EMAIL, PASSWORD)


def test_keys_open_their_site_until_revoked(tools: Toolbox, site: Site) -> None:
    key = keys.add(tools, "robot", "demo", Scope.MODERATE)
    assert re.fullmatch(r"eng_[\w-]{43}", key)
    assert keys.identify(key, Scope.MODERATE)[0] == site
    with pytest.raises(NotPermitted):
        keys.identify(key, Scope.ANALYZE)
    with pytest.raises(Conflict):
        keys.add(tools, "robot", "demo", Scope.ANALYZE)
    keys.revoke(tools, "robot", "demo")
    for bad in (key, "", "\ud800"):
        with pytest.raises(NotAuthorised):
            keys.identify(bad, Scope.MODERATE)
