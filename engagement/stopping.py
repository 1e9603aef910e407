"""How a serving process ends: at the first SIGTERM or SIGINT, after what it accepted, or with its supervisor."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from multiprocessing.process import BaseProcess

_STOP = {signal.SIGTERM, signal.SIGINT}


def hold_back() -> BaseProcess | None:
    """Block the signals that stop, before anything starts a thread, which would take them; the supervisor, if any."""
    supervisor = multiprocessing.parent_process()
    if supervisor is not None:
        signal.pthread_sigmask(signal.SIG_BLOCK, _STOP)
    return supervisor


def stop_once(before: Callable[[], object] = lambda: None) -> None:
    """Let the server hear of the first SIGTERM or SIGINT, and of no other; ``before`` it does, this is called.

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
        before()
        signal.pthread_kill(main, signal.SIGUSR1)

    main = threading.main_thread().ident or 0
    signal.signal(signal.SIGUSR1, hand_over)
    threading.Thread(target=wait, name="stop", daemon=True).start()


def leave_with(supervisor: BaseProcess) -> None:
    """Stop when the supervisor was killed, and so cannot say it; left alone, this process would keep the port."""

    def wait() -> None:
        supervisor.join()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="supervisor", daemon=True).start()
