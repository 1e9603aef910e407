"""How a serving process ends: at the first signal, with what was accepted finished, and with its supervisor."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable

_STOP = {signal.SIGTERM, signal.SIGINT}


def hold_signals() -> None:
    """Block the signals to stop in this thread and in those it starts: the first thing a serving process does."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOP)


def stop_once(first: Callable[[], None] = lambda: None) -> None:
    """Let the server hear of the first SIGTERM or SIGINT, after ``first``, and of no other.

    A second one has Granian drop the requests in hand and then wait for them for ever; yet two are the rule. A terminal
    and systemd signal all processes, and then the supervisor tells its own once more. So these signals are blocked in
    all threads, one thread waits for them, and the main thread, where signal handlers must run, is woken by another.
    """

    def hand_over(*_: object) -> None:
        handler = signal.getsignal(signal.SIGTERM)
        if not callable(handler):
            os._exit(0)  # the server is not there yet, and has accepted nothing
        handler(signal.SIGTERM, None)

    def wait() -> None:
        signal.sigwait(_STOP)
        first()
        signal.pthread_kill(main, signal.SIGUSR1)

    main = threading.main_thread().ident or 0
    signal.signal(signal.SIGUSR1, hand_over)
    threading.Thread(target=wait, name="stop", daemon=True).start()


def leave_with(supervisor: multiprocessing.process.BaseProcess) -> None:
    """Stop when the supervisor was killed, and so cannot say it; left alone, this process would keep the port."""

    def wait() -> None:
        supervisor.join()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="supervisor", daemon=True).start()
