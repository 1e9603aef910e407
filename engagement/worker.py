"""Background work, its start and its end: a thread beside the web server, or a process of its own."""

import logging
import signal
import threading
import time
from collections.abc import Callable

from flask import Flask

from engagement import jobs

_log = logging.getLogger(__name__)
_HOUR = 3600.0
_CHANNEL = "engagement:bell"
_PATIENCE = 2.0  # seconds that Redis may take to answer
_REST = 5.0  # seconds that a lost Redis is left alone


class RedisBell:
    """Rings in all processes that listen at one Redis. A ring that is lost costs a sweep's wait and nothing else."""

    def __init__(self, url: str) -> None:
        from redis import Redis  # noqa: PLC0415 - of the extra [redis]; the small installation has no use for it

        self._redis = Redis.from_url(url, socket_connect_timeout=_PATIENCE, socket_timeout=_PATIENCE)
        self._silent = False

    def ring(self) -> None:
        """Never raises: work is in the database, and a sweep finds it."""
        try:
            self._redis.publish(_CHANNEL, b"")
            self._silent = False
        except Exception as error:  # noqa: BLE001 - whatever a client throws, the commit stands
            if not self._silent:
                _log.warning("the bell at Redis cannot be rung (%s); workers sweep", type(error).__name__)
            self._silent = True

    def listen(self, heard: Callable[[], None], stopping: threading.Event) -> None:
        """Call ``heard`` at each ring, until ``stopping``; a lost Redis is waited for."""
        while not stopping.is_set():
            try:
                with self._redis.pubsub(ignore_subscribe_messages=True) as ears:  # type: ignore[no-untyped-call]
                    ears.subscribe(_CHANNEL)
                    while not stopping.is_set():
                        if ears.get_message(timeout=_PATIENCE / 2) is not None:
                            heard()
            except Exception as error:  # noqa: BLE001 - as above
                _log.warning("the bell at Redis is not heard (%s); sweeping meanwhile", type(error).__name__)
                stopping.wait(_REST)


def open_bell(queue_url: str) -> RedisBell | None:
    """The bell between processes that ``queue.url`` names, if it names one."""
    return RedisBell(queue_url) if queue_url.startswith(("redis://", "rediss://")) else None


class Background:
    """Runs the jobs whenever the bell rings, and at least every ``sweep_seconds``.

    ``far``: the bell between processes, where there is one.
    """

    def __init__(self, app: Flask, sweep_seconds: float, far: RedisBell | None = None) -> None:
        self._app = app
        self._far = far
        self._sweep = sweep_seconds
        self._bell = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._tidied = -_HOUR

    def ring(self) -> None:
        """Work has come; called after a commit."""
        self._bell.set()
        if self._far is not None:
            self._far.ring()

    def stopping(self) -> bool:
        """Whether it was asked to stop; work in batches asks between two pieces."""
        return self._stopping.is_set()

    def start(self) -> None:
        """Run in a thread of this process, until its main thread ends; the work in hand is finished then.

        Leases make any number of processes safe beside each other.
        """
        self._thread = threading.Thread(target=self.loop, name="background", daemon=True)
        self._thread.start()
        # Not atexit: the processes of multiprocessing, which the web server's are, end without calling its hooks.
        threading.Thread(target=self._end_with_main, name="background-end").start()

    def _end_with_main(self) -> None:
        threading.main_thread().join()
        self.stop()

    def stop(self, timeout: float = 30.0) -> None:
        """Finish the work at hand, then end."""
        self._stopping.set()
        self._bell.set()
        if self._thread is not None:
            self._thread.join(timeout)

    def loop(self) -> None:
        """Work until ``stop``; what was left over by an earlier process is looked for at once."""
        self._bell.set()
        if self._far is not None:
            listening = (self._bell.set, self._stopping)
            threading.Thread(target=self._far.listen, args=listening, name="bell", daemon=True).start()
        while not self._stopping.is_set():
            self._bell.wait(self._sweep)
            self._bell.clear()
            if self.once():
                self._bell.set()  # where there was work, there may be more

    def once(self) -> bool:
        """Run every job that is due; whether one of them found work.

        A job that fails is logged and never ends the others.
        """
        found = False
        due = list(jobs.OFTEN)
        if time.monotonic() - self._tidied >= _HOUR:
            self._tidied = time.monotonic()
            due += jobs.HOURLY
        for job in due:
            if self._stopping.is_set():
                break
            try:
                with self._app.app_context():
                    found = bool(job(self._app.extensions["engagement"])) or found
            except Exception:  # noqa: BLE001 - one broken job must not end the others
                _log.exception("the job %s failed; it is tried again at the next sweep", job.__name__)
        return found


def run_forever(app: Flask) -> None:
    """``engagement worker``: work until SIGTERM or Ctrl-C, then finish what is at hand."""
    background: Background = app.extensions["engagement-background"]

    def stop(*_: object) -> None:
        # In a thread: the signal may come while this thread holds the very lock that stopping needs.
        threading.Thread(target=background.stop, args=(0,)).start()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    background.loop()
