"""The application as a serving process loads it: with its background work where the queue is embedded."""

import atexit

from engagement import logs
from engagement.app import create_app
from engagement.settings import load
from engagement.worker import Background

settings = load()
logs.set_up(plain=settings.server.demo)
app = create_app(settings)
background: Background = app.extensions["engagement-background"]
if settings.queue.url == "embedded":
    background.start()
    atexit.register(background.stop)
