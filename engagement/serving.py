"""The application as a serving process loads it: with its background work where the queue is embedded."""

import multiprocessing
import os
import signal
import threading

from engagement.app import create_app
from engagement.worker import Background


def leave_with_supervisor() -> None:
    """A supervisor that was killed cannot tell its processes to stop; left alone, they would keep the port."""
    supervisor = multiprocessing.parent_process()
    if supervisor is not None:
        supervisor.join()
        os.kill(os.getpid(), signal.SIGTERM)


app = create_app()
background: Background = app.extensions["engagement-background"]
if app.extensions["engagement"].settings.queue.url == "embedded":
    background.start()
threading.Thread(target=leave_with_supervisor, name="supervisor", daemon=True).start()
