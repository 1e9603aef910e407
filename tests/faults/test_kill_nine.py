"""kill -9 in the middle of posting, again and again: what was acknowledged is there, decided, and told once."""

import http.client
import random
import sys
import threading
from collections import Counter
from dataclasses import dataclass, field
from email import message_from_bytes
from pathlib import Path

import pytest
import sqlalchemy as sa

from engagement.domain.comments import Status
from engagement.domain.notices import OutboxState
from engagement.storage.tables import CommentRow, OutboxRow
from tests.faults.service import Service, service, wait_until, with_site

pytestmark = pytest.mark.faults

CLIENTS = 6
FINAL = {Status.PUBLISHED, Status.HELD, Status.REJECTED, Status.SPAM, Status.DELETED}
# Polite and impolite ones; the number makes each text its own, so that none counts as a repetition.
TEXTS = [
    "Un articolo utile, grazie: proverò la ricetta numero {} domenica.",
    "Sei un idiota, vergognati di quello che scrivi, pagliaccio numero {}.",
    "Non sono d'accordo, ma il punto {} è spiegato bene.",
    "Fai schifo, sei un cretino e un buffone, {} volte.",
]


@dataclass
class Readers:
    """Clients that post without a pause, and remember what they were told. ``cut``: sent, and never answered."""

    service: Service
    acknowledged: dict[str, int] = field(default_factory=dict)  # comment → status code
    cut: int = 0
    refused: Counter[int] = field(default_factory=Counter)
    _texts: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def post_until(self, stop: threading.Event) -> list[threading.Thread]:
        threads = [threading.Thread(target=self._post, args=(stop,)) for _ in range(CLIENTS)]
        for thread in threads:
            thread.start()
        return threads

    def _post(self, stop: threading.Event) -> None:
        while not stop.is_set():
            with self._lock:
                self._texts += 1
                text = TEXTS[self._texts % len(TEXTS)].format(self._texts)
            try:
                status, answer = self.service.post(text)
            except ConnectionRefusedError:
                return  # the service is gone; this request never reached it
            except (OSError, http.client.HTTPException, ValueError):
                with self._lock:
                    self.cut += 1
                return
            with self._lock:
                if status in {201, 202}:
                    self.acknowledged[answer["comment"]["id"]] = status
                else:
                    self.refused[status] += 1


@dataclass(frozen=True)
class Books:
    """What the database and the mail folder say when all is over."""

    comments: dict[str, str]  # id → status
    notices: Counter[str]  # comment → rows of the outbox
    states: Counter[str]
    sent: set[str]  # Message-IDs
    mails: Counter[str]  # Message-ID → files


@pytest.mark.parametrize(("database", "rounds"), [("fresh_sqlite", 20), ("fresh_postgres", 5)])
def test_nothing_acknowledged_is_lost(
    request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str], tmp_path: Path, database: str, rounds: int
) -> None:
    url = request.getfixturevalue(database)
    with service(tmp_path, url) as made:
        readers = Readers(with_site(made))
        for seed in range(rounds):
            _kill_while_posting(readers, at_least=random.Random(seed).randint(5, 40))
        _let_it_finish(made, url)
        books = _read(url, tmp_path / "mails")

    missing = readers.acknowledged.keys() - books.comments.keys()
    undecided = {one for one, status in books.comments.items() if status not in FINAL}
    wrongly_told = {one for one in books.comments if books.notices[one] != 1}
    doubled = {message for message, files in books.mails.items() if files > 1}
    codes = Counter(readers.acknowledged.values())
    with capsys.disabled():
        sys.stdout.write(
            f"\n{database}: {rounds} kills; acknowledged {len(readers.acknowledged)} ({codes[201]} published,"
            f" {codes[202]} held), cut in flight {readers.cut}, stored {len(books.comments)};"
            f" acknowledged and missing {len(missing)}, without a final status {len(undecided)},"
            f" without exactly one notice {len(wrongly_told)}, mails {sum(books.mails.values())},"
            f" doubled {len(doubled)}, outbox {dict(books.states)}\n"
        )
    assert (missing, undecided, wrongly_told, doubled) == (set(), set(), set(), set())
    assert books.sent <= books.mails.keys()
    # A mail may be under way when the process dies, and stays leased for a while: one a kill, and no other.
    assert set(books.states) <= {OutboxState.SENT, OutboxState.LEASED}
    assert books.states[OutboxState.LEASED] <= rounds
    # The test has teeth: much was acknowledged, of both kinds, nothing was refused, and the kills cut requests short.
    assert min(codes[201], codes[202]) >= rounds
    assert readers.refused == {}
    assert readers.cut >= rounds


def _kill_while_posting(readers: Readers, at_least: int) -> None:
    running = readers.service.serve()
    before, stop = len(readers.acknowledged), threading.Event()
    threads = readers.post_until(stop)
    try:
        wait_until(lambda: len(readers.acknowledged) >= before + at_least, f"{at_least} comments to be acknowledged")
        running.kill()
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _let_it_finish(made: Service, url: str) -> None:
    """Start once more, let all mails go out that are due, and stop as an operator does."""
    running, engine = made.serve(), sa.create_engine(url)
    due = sa.select(sa.func.count()).where(OutboxRow.state.in_([OutboxState.QUEUED, OutboxState.RETRY]))

    def nothing_due() -> bool:
        with engine.connect() as connection:
            return connection.scalar(due) == 0

    wait_until(nothing_due, "every mail that is due to be sent")
    running.process.terminate()
    assert running.ended() == 0
    engine.dispose()


def _read(url: str, folder: Path) -> Books:
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
        comments = {row.id: row.status for row in connection.execute(sa.select(CommentRow.id, CommentRow.status))}
        rows = connection.execute(sa.select(OutboxRow.payload, OutboxRow.state, OutboxRow.message_id)).all()
    engine.dispose()
    mails = Counter(str(message_from_bytes(file.read_bytes())["Message-ID"]) for file in folder.glob("*.eml"))
    return Books(
        comments=comments,
        notices=Counter(str(row.payload["comment"]) for row in rows),
        states=Counter(row.state for row in rows),
        sent={row.message_id for row in rows if row.state == OutboxState.SENT},
        mails=mails,
    )
