"""A comment that kills the process which looks at it: three tries, counted before they run, then a person's."""

import signal
import subprocess
import sys

import pytest

from engagement.domain.comments import Status, Submission
from engagement.domain.screening import NotScreened
from engagement.domain.sites import Site
from engagement.services import comments, moderation
from engagement.services.ports import Toolbox
from engagement.storage.db import reading
from engagement.storage.tables import CommentRow, ExplanationRow
from tests.fakes import FixedScreener, StoppedClock
from tests.faults.poisoned import POISON

pytestmark = pytest.mark.faults


def sweep(url: str, minutes: int) -> tuple[int, str]:
    """One sweep of a worker process at that time: how it ended and what it said."""
    program = [sys.executable, "-m", "tests.faults.poisoned", url, str(minutes)]
    done = subprocess.run(program, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode in {0, -signal.SIGKILL}, done.stderr
    return done.returncode, done.stdout.strip()


def send(tools: Toolbox, site: Site, body: str) -> str:
    return comments.submit_comment(tools, site, Submission("https://blog.example/a", "Anna", body)).comment.id


def test_a_poison_comment_ends_held_after_three_dead_workers_and_costs_nobody_else(
    tools: Toolbox, site: Site, screener: FixedScreener, clock: StoppedClock, database_url: str
) -> None:
    screener.toxicity = NotScreened("slow")
    poison = send(tools, site, f"Un commento con {POISON}")
    clock.move(seconds=1)
    others = [send(tools, site, f"Un commento innocuo, il numero {n}") for n in range(5)]

    killed = -signal.SIGKILL
    # The first worker dies of the first comment; the second serves the others before its lease runs out.
    assert sweep(database_url, 1) == (killed, "")
    assert sweep(database_url, 2) == (0, "tried 5")
    assert {moderation.item(other).comment.status for other in others} == {Status.PUBLISHED}
    assert [sweep(database_url, minutes)[0] for minutes in (10, 20)] == [killed, killed]
    assert [sweep(database_url, minutes) for minutes in (30, 3000)] == [(0, "tried 0")] * 2

    item = moderation.item(poison)
    assert item.comment.status is Status.HELD
    assert [reason.code for reason in item.reasons] == ["not-screened"]
    with reading() as session:
        row = session.get(CommentRow, poison)
    assert row is not None
    assert row.screen_attempts == 3


def test_a_comment_that_kills_whoever_explains_it_stays_unexplained_and_held(
    tools: Toolbox, site: Site, screener: FixedScreener, clock: StoppedClock, database_url: str
) -> None:
    screener.toxicity = 0.7
    poison = send(tools, site, f"Un commento con {POISON}")
    clock.move(seconds=1)
    other = send(tools, site, "Un altro commento")
    killed = -signal.SIGKILL
    assert [sweep(database_url, minutes)[0] for minutes in (1, 2, 10, 20)] == [killed, 0, killed, killed]
    assert [sweep(database_url, minutes) for minutes in (30,)] == [(0, "tried 0")]
    assert moderation.item(poison).comment.status is Status.HELD
    assert moderation.item(poison).spans == ()
    assert moderation.item(other).spans
    with reading() as session:
        row = session.get(ExplanationRow, poison)
    assert row is not None
    assert row.attempts == 3
