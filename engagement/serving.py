"""The application as a serving process loads it: with its background work where the queue is embedded."""

import multiprocessing
import os
import signal
import threading

from engagement import logs
from engagement.app import create_app, start_screening
from engagement.settings import load
from engagement.worker import Background

_STOP = {signal.SIGTERM, signal.SIGINT}


def stop_once(background: Background) -> None:
    """Let the server hear of the first SIGTERM or SIGINT, and of no other.

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
        background.stop(0)
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


supervisor = multiprocessing.parent_process()
if supervisor is not None:
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOP)  # first of all: threads inherit it from who starts them
settings = load()
logs.set_up(plain=settings.server.demo)
app = create_app(settings)
start_screening(app)
background: Background = app.extensions["engagement-background"]
if settings.queue.url == "embedded":
    background.start()
if supervisor is not None:
    stop_once(background)
    leave_with(supervisor)
