"""What a running service lacks, by name."""

import threading
import time
from datetime import timedelta

from engagement.domain.errors import Unavailable
from engagement.domain.screening import NotScreened
from engagement.services.ports import Toolbox
from engagement.storage import outbox, schema
from engagement.storage.audience import wishes
from engagement.storage.db import reading
from engagement.storage.discussion import waiting
from engagement.storage.mailing import channel

DATABASE, SCHEMA, QUEUE, STORE, MODEL = "database", "schema", "queue", "limiter-store", "model"
DEGRADED = frozenset({QUEUE, STORE, MODEL})  # readers are still answered without these

_OVERDUE = timedelta(minutes=5)  # work that waits longer than this has been forgotten by everybody
_NO_MODEL = "none"
_PROBE = ("Grazie, un articolo chiaro.",)
_REST = 2.0  # seconds between two questions to the model


def missing(tools: Toolbox) -> list[str]:
    """``database``, ``schema`` and ``queue``, where they are missing.

    The queue is rows of the database, so it is missing when due work lies there and no process takes it up.
    """
    try:
        with reading() as session:
            if not schema.is_current(session):
                return [SCHEMA]
            now = tools.clock.now()
            full = channel.state(session).full_until
            mails = (full is None or full <= now) and outbox.neglected(session, now, _OVERDUE)
            late = waiting.neglected(session, now, _OVERDUE) or wishes.neglected(session, now, _OVERDUE)
            return [QUEUE] if mails or late else []
    except Unavailable:
        return [DATABASE]


def analyzer_lacks(tools: Toolbox) -> list[str]:
    """As ``missing``, for a process that only scores: the database holds nothing but its keys."""
    lacking = [] if tools.settings.analyzer.open else [name for name in missing(tools) if name != QUEUE]
    return [*lacking, MODEL] if tools.settings.screening.model == _NO_MODEL else lacking


class ModelWatch:
    """Whether the classifier answers: asked for real, every two seconds at most, by one caller at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked = float("-inf")
        self._answers = True

    def answers(self, tools: Toolbox) -> bool:
        """True also where the settings choose to have no model."""
        if tools.settings.screening.model == _NO_MODEL:
            return True
        with self._lock:
            if time.monotonic() - self._asked >= _REST:
                self._answers = not isinstance(tools.screener.screen(_PROBE), NotScreened)
                self._asked = time.monotonic()
            return self._answers
