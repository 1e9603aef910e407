"""A worker killed with -9 between any two steps of a mail: none is lost, a copy is the same mail; two never share."""

import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from engagement.domain.notices import LEASE, Notice, NoticeKind, OutboxState
from engagement.services.mail import deliver_due
from engagement.storage import outbox
from engagement.storage.tables import CommentRow, OutboxRow, SiteRow
from tests.fakes import StoppedClock
from tests.faults.sender import STEPS
from tests.faults.service import PATIENCE, Service, inside, service, smtp, wait_until, with_mails, with_site
from tests.mail.servers import Script, smtp_server

pytestmark = pytest.mark.faults

# Between these steps the server has the mail, and nothing says so yet: the only ones where a copy may go out.
UNKNOWN = {"sent", "finish"}
MAILS = 3
AT_ONCE = timedelta(0)


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def made(fresh_url: str, tmp_path: Path, script: Script) -> Iterator[Service]:
    with smtp_server(script) as port:
        settings = {"queue__url": "workers", "queue__sweep_seconds": 1} | smtp(port)
        with service(tmp_path, fresh_url, **settings) as made:
            yield with_site(made)


def killed_at(made: Service, step: str) -> int:
    """Run a worker that dies at a step; its exit status."""
    command = [sys.executable, "-m", "tests.faults.sender", str(made.config), step]
    return subprocess.run(command, capture_output=True, timeout=PATIENCE, check=False).returncode


def work(made: Service, after: timedelta = AT_ONCE) -> int:
    """Do what is due for a worker that lives, after some time; how many mails were tried."""
    with inside(made) as tools:
        return deliver_due(replace(tools, clock=StoppedClock(datetime.now(UTC) + after)))


def taken(script: Script) -> dict[str, list[bytes]]:
    """Message-ID → each copy that the mail server took."""
    found: dict[str, list[bytes]] = {}
    for _, _, raw in script.taken:
        found.setdefault(str(message_from_bytes(raw)["Message-ID"]), []).append(raw)
    return found


def states(made: Service) -> dict[str, str]:
    """Message-ID → state of its row."""
    engine = sa.create_engine(made.settings["database__url"])
    with engine.connect() as connection:
        found = {row.message_id: row.state for row in connection.execute(sa.select(OutboxRow))}
    engine.dispose()
    return found


@pytest.mark.parametrize("step", STEPS)
def test_a_worker_killed_at_a_step_loses_no_mail_and_sends_none_twice_in_other_words(
    made: Service, script: Script, step: str
) -> None:
    with_mails(made, MAILS)
    assert killed_at(made, step) == -signal.SIGKILL
    early = len(script.taken)
    assert early == (1 if step in UNKNOWN | {"finished"} else 0)  # it died where it should
    # Another worker comes at once: it does the others, and leaves alone what may still be in somebody's hands.
    in_hand = 0 if step in {"before claim", "claim", "finished"} else 1
    assert work(made) == MAILS - in_hand - (step == "finished")
    assert work(made, LEASE + timedelta(minutes=1)) == in_hand
    mails = taken(script)
    assert set(states(made).values()) == {OutboxState.SENT}
    assert mails.keys() == states(made).keys()
    assert len(mails) == MAILS
    copies = sorted(len(one) for one in mails.values())
    assert copies == ([1, 1, 2] if step in UNKNOWN else [1, 1, 1])
    assert all(len(set(one)) == 1 for one in mails.values())


def test_two_workers_share_a_thousand_mails(made: Service, script: Script) -> None:
    with_mails(made, 1)
    _multiply(made, 1000)
    workers = [made.start("worker"), made.start("worker")]
    wait_until(
        lambda: len(script.taken) >= 1000 and set(states(made).values()) == {OutboxState.SENT},
        "all mails to be sent",
        patience=300,
    )
    for worker in workers:
        worker.tell(signal.SIGTERM)
    assert [worker.ended() for worker in workers] == [0, 0], made.log()
    assert len(states(made)) == 1000
    assert Counter(len(copies) for copies in taken(script).values()) == {1: 1000}


def _multiply(made: Service, count: int) -> None:
    """Queue notices of the one comment until there are so many."""
    engine = sa.create_engine(made.settings["database__url"])
    with Session(engine) as session:
        comment, site = session.scalars(sa.select(CommentRow)).one(), session.scalars(sa.select(SiteRow)).one()
        for number in range(count - 1):
            recipient = f"autore{number}@blog.example"
            notice = Notice(
                NoticeKind.COMMENT_PUBLISHED, f"copy {number}", recipient, "it", site.id, {"comment": comment.id}
            )
            outbox.add(session, notice, comment.created_at, "blog.example")
        session.commit()
    engine.dispose()
