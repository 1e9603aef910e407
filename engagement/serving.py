"""The application as a serving process loads it: with its background work where the queue is embedded."""

import atexit

from engagement.app import create_app, start_screening
from engagement.worker import Background

app = create_app()
start_screening(app)
background: Background = app.extensions["engagement-background"]
if app.extensions["engagement"].settings.queue.url == "embedded":
    background.start()
    atexit.register(background.stop)
