"""The analyzer as a serving process loads it, each with a model of its own."""

from engagement import logs, stopping
from engagement.app import create_analyzer, start_screening
from engagement.settings import load

supervisor = stopping.hold_back()  # first of all
settings = load()
logs.set_up(plain=settings.server.demo)
app = create_analyzer(settings)
start_screening(app)
if supervisor is not None:
    stopping.stop_once()
    stopping.leave_with(supervisor)
