"""The outbox and its delivery: nothing lost, nothing shared, nothing stuck; on both databases."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from engagement import jobs
from engagement.domain.comments import Receipt, Status, Submission
from engagement.domain.errors import Unavailable
from engagement.domain.notices import (
    BACKOFF,
    EXPIRES_AFTER,
    LEASE,
    RENDER_TRIES,
    Delivery,
    Notice,
    NoticeKind,
    OutboxState,
    QueuedNotice,
    SendOutcome,
)
from engagement.domain.sites import Site
from engagement.mail.postmen import MemoryPostman
from engagement.services import comments
from engagement.services import mail as service
from engagement.services.mail import deliver_due
from engagement.services.ports import Toolbox
from engagement.storage import outbox
from engagement.storage.db import reading, transaction
from engagement.storage.tables import CommentRow, OutboxRow
from engagement.worker import Background
from tests.fakes import FixedScreener, StoppedClock

DOMAIN = "blog.example"
SENT = Delivery(SendOutcome.SENT, 250)


class ScriptedPostman:
    """Gives its answers in turn, the last one for ever; ``before`` runs while a letter is under way."""

    def __init__(self, *answers: Delivery, before: Callable[[], None] = lambda: None) -> None:
        self._answers = list(answers)
        self._before = before
        self.sent: list[tuple[str, bytes]] = []

    def send(self, recipient: str, message: bytes) -> Delivery:
        self._before()
        self.sent.append((recipient, message))
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


def comment(tools: Toolbox, site: Site, body: str = "Un articolo molto chiaro.", title: str = "Titolo") -> Receipt:
    page = "https://blog.example/articolo"
    return comments.submit_comment(tools, site, Submission(page, "Anna", body, page_title=title))


def queue(site: Site, clock: StoppedClock, *keys: str, priority: int = 5) -> None:
    with transaction() as session:
        for key in keys:
            notice = Notice(
                NoticeKind.COMMENT_PUBLISHED, key, "autore@demo.example", "it", site.id, {"comment": "gone"}, priority
            )
            outbox.add(session, notice, clock.now(), DOMAIN)


def claim(clock: StoppedClock, token: str = "one", limit: int = 10) -> list[QueuedNotice]:
    with transaction() as session:
        return outbox.claim(session, clock.now(), limit, token)


def finish(queued: QueuedNotice, delivery: Delivery, clock: StoppedClock, jitter: float = 0) -> bool:
    with transaction() as session:
        return outbox.finish(session, queued.id, queued.token, delivery=delivery, now=clock.now(), jitter=jitter)


def rows() -> Sequence[OutboxRow]:
    with reading() as session:
        return session.scalars(sa.select(OutboxRow).order_by(OutboxRow.id)).all()


def states() -> list[str]:
    return [row.state for row in rows()]


def test_a_key_is_queued_once_and_names_its_message(site: Site, clock: StoppedClock) -> None:
    queue(site, clock, "a", "a", "b")
    queue(site, clock, "a")
    ids = [row.message_id for row in rows()]
    assert len(ids) == len(set(ids)) == 2
    assert all(text.startswith("<n.") and text.endswith(".comment-published@blog.example>") for text in ids)


def test_a_notice_of_a_transaction_that_fails_is_not_queued(site: Site, clock: StoppedClock) -> None:
    notice = Notice(NoticeKind.COMMENT_PUBLISHED, "a", "autore@demo.example", "it", site.id)

    def fail() -> None:
        with transaction() as session:
            outbox.add(session, notice, clock.now(), DOMAIN)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert states() == []


def test_the_urgent_go_first_then_the_oldest(site: Site, clock: StoppedClock) -> None:
    queue(site, clock, "late", "later")
    queue(site, clock, "urgent", priority=1)
    assert [q.notice.key for q in claim(clock, limit=2)] == ["urgent", "late"]


def test_a_try_is_counted_before_it_runs(site: Site, clock: StoppedClock) -> None:
    queue(site, clock, "a")
    [queued] = claim(clock)
    assert (queued.attempt, queued.token, queued.created_at) == (1, "one", clock.now())
    assert (rows()[0].attempts, states()) == (1, [OutboxState.LEASED])


def test_two_claimers_never_share(app: Flask, site: Site, clock: StoppedClock) -> None:
    queue(site, clock, *(f"key {number}" for number in range(60)))
    taken: list[str] = []
    gate = threading.Barrier(4)

    def work(token: str) -> None:
        with app.app_context():
            gate.wait()
            while found := claim(clock, token, limit=3):
                taken.extend(q.notice.key for q in found)

    workers = [threading.Thread(target=work, args=(f"worker {number}",)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    # A claimer may pass over rows that another holds for the moment; those stay due.
    taken.extend(q.notice.key for q in claim(clock, "last", limit=100))
    assert len(taken) == len(set(taken)) == 60


def test_only_the_holder_of_a_lease_may_finish_and_only_once(site: Site, clock: StoppedClock) -> None:
    queue(site, clock, "a")
    [first] = claim(clock, "one")
    assert claim(clock, "two") == []
    clock.move(seconds=LEASE.total_seconds())
    [second] = claim(clock, "two")
    assert (second.attempt, second.message_id) == (2, first.message_id)
    assert not finish(first, SENT, clock)
    assert finish(second, SENT, clock)
    assert not finish(second, Delivery(SendOutcome.REFUSED), clock)
    assert states() == [OutboxState.SENT]


@pytest.mark.parametrize("jitter", [-1, 0, 1])
def test_each_try_waits_longer_give_or_take_a_fifth(site: Site, clock: StoppedClock, jitter: int) -> None:
    queue(site, clock, "a")
    for wait in BACKOFF[:5]:
        [queued] = claim(clock)
        assert finish(queued, Delivery(SendOutcome.RETRY, 451, "later"), clock, jitter)
        seconds = wait.total_seconds() * (1 + jitter / 5)
        clock.move(seconds=seconds - 1)
        assert claim(clock) == []
        clock.move(seconds=1)
    assert (rows()[0].attempts, rows()[0].last_code, rows()[0].last_reply) == (5, 451, "later")


def test_a_refused_message_is_not_tried_again(site: Site, clock: StoppedClock) -> None:
    queue(site, clock, "a")
    assert finish(claim(clock)[0], Delivery(SendOutcome.REFUSED, 550, "x" * 900), clock)
    clock.move(hours=48)
    assert claim(clock) == []
    assert (states(), len(rows()[0].last_reply)) == ([OutboxState.FAILED], 500)


def test_a_broken_channel_costs_no_try_but_time(site: Site, clock: StoppedClock) -> None:
    queue(site, clock, "a")
    for _ in range(10):
        [queued] = claim(clock)
        assert queued.attempt == 1
        assert finish(queued, Delivery(SendOutcome.CHANNEL, 535), clock)
        assert claim(clock) == []
        clock.move(minutes=1)


@pytest.mark.parametrize("leased", [False, True])
def test_what_is_too_old_is_not_sent(site: Site, clock: StoppedClock, leased: bool) -> None:
    queue(site, clock, "a")
    if leased:
        claim(clock)
    clock.move(seconds=EXPIRES_AFTER.total_seconds())
    assert claim(clock, "two") == []
    assert states() == [OutboxState.EXPIRED]


def test_the_wait_of_the_oldest_due_is_known(site: Site, clock: StoppedClock) -> None:
    def age() -> timedelta:
        with reading() as session:
            return outbox.age_of_oldest_due(session, clock.now())

    assert age() == timedelta(0)
    queue(site, clock, "a")
    clock.move(minutes=3)
    assert age() == timedelta(minutes=3)
    claim(clock)
    assert age() == timedelta(0)
    clock.move(minutes=20)
    assert age() == timedelta(minutes=5)  # since its lease ended


def test_only_finished_rows_are_forgotten(site: Site, clock: StoppedClock) -> None:
    queue(site, clock, "a", "b", "c")
    sent, failed, _ = claim(clock)
    finish(sent, SENT, clock)
    finish(failed, Delivery(SendOutcome.REFUSED), clock)
    with transaction() as session:
        outbox.purge(session, clock.now())
    assert len(rows()) == 3
    with transaction() as session:
        outbox.purge(session, clock.now() + timedelta(seconds=1))
    assert states() == [OutboxState.LEASED]


def test_no_more_are_sent_than_asked_for(tools: Toolbox, site: Site) -> None:
    for number in range(5):
        comment(tools, site, f"Commento numero {number}, con parole sue.")
    assert [deliver_due(tools, limit=3) for _ in range(3)] == [3, 2, 0]


@pytest.mark.parametrize("toxicity", [0.01, 0.7], ids=["published", "held"])
@pytest.mark.parametrize("gone", [Status.DELETED, Status.REJECTED, Status.SPAM])
def test_a_comment_that_is_gone_is_told_to_nobody(
    tools: Toolbox, site: Site, screener: FixedScreener, toxicity: float, gone: Status
) -> None:
    screener.toxicity = toxicity
    receipt = comment(tools, site)
    with transaction() as session:
        session.execute(sa.update(CommentRow).where(CommentRow.id == receipt.comment.id).values(status=gone.value))
    deliver_due(tools)
    assert isinstance(tools.postman, MemoryPostman)
    assert tools.postman.sent == []
    assert states() == [OutboxState.SUPPRESSED]


def test_a_title_of_a_stranger_brings_no_live_link(tools: Toolbox, site: Site) -> None:
    comment(tools, site, title="Leggi https://evil.example e www.evil.example")
    deliver_due(tools)
    assert isinstance(tools.postman, MemoryPostman)
    [(_, raw)] = tools.postman.sent
    assert b"https://evil" not in raw
    assert b"www.evil" not in raw


def test_no_transaction_is_open_while_a_letter_travels(tools: Toolbox, site: Site, clock: StoppedClock) -> None:
    """Another write goes through meanwhile; SQLite would have it wait, and give up."""
    comment(tools, site)
    postman = ScriptedPostman(SENT, before=lambda: queue(site, clock, "meanwhile"))
    assert deliver_due(replace(tools, postman=postman), limit=1) == 1
    assert states() == [OutboxState.SENT, OutboxState.QUEUED]


def test_a_letter_that_cannot_be_written_is_given_up_and_blocks_no_other(
    tools: Toolbox, site: Site, clock: StoppedClock
) -> None:
    class NoLetters:
        def write(self, *_: object) -> bytes:
            raise ValueError("no such words")

        def quote(self, text: str) -> str:
            return text

    comment(tools, site)
    for _ in range(RENDER_TRIES):
        assert deliver_due(replace(tools, letters=NoLetters())) == 1
        clock.move(hours=1)
    assert states() == [OutboxState.FAILED]
    assert rows()[0].last_reply == "not written: ValueError"


def test_a_row_with_missing_facts_blocks_no_other(tools: Toolbox, site: Site, clock: StoppedClock) -> None:
    with transaction() as session:
        broken = Notice(NoticeKind.COMMENT_PUBLISHED, "broken", "autore@demo.example", "it", site.id, {}, priority=1)
        outbox.add(session, broken, clock.now(), DOMAIN)
    comment(tools, site)
    assert deliver_due(tools) == 2
    assert states() == [OutboxState.RETRY, OutboxState.SENT]


def test_a_database_that_is_away_costs_the_letter_nothing_but_its_lease(
    tools: Toolbox, site: Site, clock: StoppedClock
) -> None:
    class Away:
        def write(self, *_: object) -> bytes:
            raise Unavailable

        def quote(self, text: str) -> str:
            return text

    comment(tools, site)
    with pytest.raises(Unavailable):
        deliver_due(replace(tools, letters=Away()))
    clock.move(seconds=LEASE.total_seconds())
    assert deliver_due(tools) == 1
    assert states() == [OutboxState.SENT]


def test_a_broken_job_does_not_end_the_others(
    app: Flask, tools: Toolbox, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_tools: Toolbox) -> None:
        raise RuntimeError("broken on purpose")

    comment(tools, site)
    monkeypatch.setattr(jobs, "OFTEN", (broken, deliver_due))
    Background(app, 60).once()
    assert states() == [OutboxState.SENT]


def test_the_bell_wakes_the_background_and_stopping_ends_it(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = threading.Event()
    monkeypatch.setattr(jobs, "OFTEN", (lambda _tools: ran.set(),))
    monkeypatch.setattr(jobs, "HOURLY", ())
    background = Background(app, sweep_seconds=600)
    background.start()
    assert ran.wait(5), "what an earlier process left is looked for at once"
    ran.clear()
    assert not ran.wait(0.2)
    background.ring()
    assert ran.wait(5)
    background.stop(5)
    assert "background" not in {thread.name for thread in threading.enumerate()}


def test_every_kind_of_letter_has_somebody_who_gathers_its_facts() -> None:
    assert set(service._GATHER) == set(NoticeKind)
