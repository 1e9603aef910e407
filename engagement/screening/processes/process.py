"""A native model in a process of its own, so that no crash, hang or hunger of it touches the service.

    raises, gives nonsense, crashes, eats too much   ScreenerBroken("broken")
    does not answer in time, still loads             ScreenerBroken("slow")
    cannot be loaded                                 ScreenerBroken("missing")

The child is a fresh interpreter (no fork: threads and locks of a web server do not survive one) that ends by
itself when its pipe closes, also after a ``kill -9`` of the parent.
"""

import logging
import os
import pickle
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from engagement.screening.guarded import Inner, ScreenerBroken
from engagement.screening.processes.pipe import Child, ChildLimits, Loaded, Lost, Why, resident_mb

_log = logging.getLogger(__name__)


class NotRunning(ScreenerBroken):
    """There is no child to ask now; asking again at once is useless."""


class IsolatedModel:
    """The model that ``factory`` makes, in a child process that is started again whenever it is lost.

    ``factory``: picklable, called in the child without arguments. ``name``: the model's until it has told its own.
    """

    def __init__(self, name: str, factory: Callable[[], Inner], limits: ChildLimits) -> None:
        self._name = name
        self._factory = pickle.dumps(factory)
        self._limits = limits
        self._turn = threading.Lock()  # one call at a time
        self._changed = threading.Condition()  # guards all below
        self._child: Child | None = None  # ready to be asked
        self._starting: Child | None = None
        self._starter: threading.Thread | None = None
        self._loaded: Loaded | None = None
        self._missing_since = 0.0
        self._ready_since = 0.0
        self._failures = 0
        self._loss: tuple[Why, str] = ("slow", "it is loading")
        self._closed = False

    @property
    def model(self) -> str:
        return self._loaded.model if self._loaded else self._name

    @property
    def loaded(self) -> Loaded | None:
        """None until the first child has loaded."""
        return self._loaded

    def start(self) -> None:
        """Begin to load, in the background; a call without it does the same."""
        with self._changed:
            self._begin()

    def ready(self, seconds: float) -> bool:
        """Begin to load, and wait up to so many seconds for it; whether there is a child to ask."""
        with self._changed:
            self._begin()
            self._changed.wait_for(lambda: self._child is not None or self._closed, seconds)
            return self._child is not None

    def close(self) -> None:
        """End the child; later calls are refused."""
        with self._changed:
            self._closed = True
            child, starting, starter = self._child, self._starting, self._starter
            self._child = None
            self._changed.notify_all()
        if starting is not None:
            starting.kill()  # its own thread buries it
        if starter is not None:
            starter.join()
        if child is not None:
            with self._turn:
                child.end(gently=1.0)

    def score(self, texts: Sequence[str]) -> Any:
        """What the model says are the scores of the texts, unchecked. Raises ``ScreenerBroken``."""
        with self._turn:
            child = self._ready()
            try:
                return child.ask(texts)
            except Lost as lost:
                self._bury(child, lost)
                raise ScreenerBroken(lost.why, lost.detail) from lost

    def _ready(self) -> Child:
        with self._changed:
            if self._closed:
                raise NotRunning("missing", "the service is ending")
            self._begin()
            failures, ends = self._failures, self._missing_since + self._limits.patience
            while self._child is None and self._failures == failures and not self._closed:
                if (left := ends - time.monotonic()) <= 0:
                    break
                self._changed.wait(left)
            if self._child is None:
                raise NotRunning(*self._loss)
            return self._child

    def _begin(self) -> None:
        if self._child is None and self._starter is None and not self._closed:
            self._missing_since = time.monotonic()
            self._starter = threading.Thread(target=self._start_until_ready, name="screening-start", daemon=True)
            self._starter.start()

    def _bury(self, child: Child, lost: Lost) -> None:
        child.end()
        with self._changed:
            if self._child is child:
                self._child = None
            if time.monotonic() - self._ready_since >= self._limits.longest_backoff:
                self._failures = 0
            self._note(lost)
            self._begin()

    def _note(self, lost: Lost) -> None:
        self._failures += 1
        self._loss = (lost.why, lost.detail)
        delay = self._limits.delay(self._failures)
        _log.error("%s was lost: %s. It is started again in %g s", self.model, lost.detail, delay)

    def _start_until_ready(self) -> None:
        while self._pause():
            child = None
            try:
                child = self._new_child()
                loaded = child.load()
            except (Lost, OSError) as error:
                lost = error if isinstance(error, Lost) else Lost("broken", f"no process could be started: {error}")
                if child is not None:
                    child.end()
                with self._changed:
                    self._starting = None
                    if not self._closed:
                        self._note(lost)
                    self._changed.notify_all()
                continue
            self._present(child, loaded)
            return
        with self._changed:
            self._starter = None
            self._changed.notify_all()

    def _pause(self) -> bool:
        """Wait as the failures ask for; whether to start."""
        with self._changed:
            ends = time.monotonic() + self._limits.delay(self._failures)
            while not self._closed and (left := ends - time.monotonic()) > 0:
                self._changed.wait(left)
            return not self._closed

    def _new_child(self) -> Child:
        if self._limits.memory_mb and resident_mb(os.getpid()) is None:
            _log.warning("this system does not tell the memory of a process; screening.memory_mb is not kept")
        child = Child(self._factory, self._limits)
        with self._changed:
            self._starting = child
            closed = self._closed
        if closed:
            child.end()
            raise Lost("missing", "the service is ending")
        return child

    def _present(self, child: Child, loaded: Loaded) -> None:
        with self._changed:
            self._starting = self._starter = None
            if not self._closed:
                self._child, self._loaded, self._ready_since = child, loaded, time.monotonic()
                _log.info("%s is loaded, in process %d", loaded.model, child.pid)
            closed = self._closed
            self._changed.notify_all()
        if closed:
            child.end()
