"""The analyzer as a serving process loads it."""

import multiprocessing

from engagement import logs, stopping
from engagement.app import create_analyzer, start_screening
from engagement.settings import load

supervisor = multiprocessing.parent_process()
if supervisor is not None:
    stopping.hold_signals()
settings = load()
logs.set_up(plain=settings.server.demo)
app = create_analyzer(settings)
start_screening(app)
if supervisor is not None:
    stopping.stop_once()
    stopping.leave_with(supervisor)
