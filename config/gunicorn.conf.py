"""gunicorn -c config/gunicorn.conf.py wsgi:app (the conservative choice; "engagement web" needs no gunicorn).

Background work does not run in these processes: set queue.url = "workers" and start "engagement worker" beside them.
Rates are counted for each process unless limits.storage names Redis.
"""

import os

bind = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
worker_class = "gthread"
threads = 8
timeout = 60  # a worker that shows no life this long is replaced
graceful_timeout = 30  # SIGTERM: what was accepted is finished
keepalive = 65  # longer than nginx keeps its connections, so that nginx closes them first
limit_request_line = 8190
accesslog = None  # an access log holds readers' addresses; nginx can keep one where you want it
errorlog = "-"
