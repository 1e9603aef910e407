"""The WSGI entry: ``gunicorn -c config/gunicorn.conf.py wsgi:app``."""

from engagement.app import create_app

app = create_app()
