"""The application as a serving process loads it: with its background work where the queue is embedded."""

from engagement import logs, stopping
from engagement.app import create_app, start_screening
from engagement.settings import load
from engagement.worker import Background

supervisor = stopping.hold_back()  # first of all
settings = load()
logs.set_up(plain=settings.server.demo)
app = create_app(settings)
start_screening(app)
background: Background = app.extensions["engagement-background"]
if settings.queue.url == "embedded":
    background.start()
if supervisor is not None:
    stopping.stop_once(lambda: background.stop(0))
    stopping.leave_with(supervisor)
