"""The WSGI entry: ``gunicorn -c config/gunicorn.conf.py wsgi:app``."""

from engagement import logs
from engagement.app import create_app

logs.set_up(plain=False)
app = create_app()
