"""Take the README's pictures anew: ``make pictures``. A demo of its own, in a folder that is gone afterwards."""

import logging
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

from flask import Flask
from flask_migrate import upgrade
from playwright.sync_api import Page, sync_playwright
from werkzeug.serving import make_server

from engagement.app import create_app, make_demo_site
from engagement.services.desk import moderators
from engagement.services.discussion.explaining import explain_held
from engagement.services.operations.demo import seed_demo
from engagement.settings import load
from engagement.storage.schema import migrations

HERE = Path(__file__).resolve().parent
CHROMIUM = os.environ.get("ENGAGEMENT_CHROMIUM", "/usr/bin/chromium")
SIZE = {"width": 1280, "height": 860}
TITLE = "Un server di casa con un vecchio portatile"


def main() -> None:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with TemporaryDirectory() as folder, demo(Path(folder)) as (url, login), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport=SIZE, locale="it-IT", color_scheme="light")
        picture_of_the_thread(page, url)
        picture_of_the_desk(page, login)
        browser.close()


def picture_of_the_thread(page: Page, url: str) -> None:
    """The end of the article's thread, with a comment that waits and the form below."""
    page.goto(f"{url}/demo/")
    page.get_by_label("Nome").fill("Ada Rossi")
    page.get_by_label("Commento", exact=True).fill(
        "Tre guide per cominciare: <https://example.org/a>, <https://example.org/b>, <https://example.org/c>."
    )
    page.get_by_role("button", name="Invia commento").click()
    page.get_by_text("Il tuo commento è in attesa di moderazione").first.wait_for()
    page.locator("#comments").evaluate("heading => scrollTo(0, heading.offsetTop - 32)")
    page.locator("#comments").click()  # takes the focus ring off the new comment
    page.screenshot(path=HERE / "demo.png")


def picture_of_the_desk(page: Page, login: str) -> None:
    """The queue of held comments."""
    page.goto(login)
    page.get_by_label("Password").fill(secrets.token_urlsafe(16))
    page.get_by_role("button", name="Imposta la password ed entra").click()
    page.locator("article.card").first.wait_for()
    page.screenshot(path=HERE / "desk.png")


@contextmanager
def demo(folder: Path) -> Iterator[tuple[str, str]]:
    """The address of a demo under way, and its moderator's one-time login."""
    server = make_server("127.0.0.1", 0, lambda environ, start: [], threaded=True)
    url = f"http://127.0.0.1:{server.server_port}"
    app = application(folder, url, server.server_port)
    with app.app_context():
        upgrade(directory=str(migrations()))
        tools = app.extensions["engagement"]
        seed_demo(tools, make_demo_site(app, tools.settings), f"{url}/demo/", TITLE)
        explain_held(tools)  # as the background work would: it underlines the words
        login = moderators.add(tools, "moderatrice@demo.example", ["demo"])
    server.app = app
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield url, login
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def application(folder: Path, url: str, port: int) -> Flask:
    wanted = {
        "DATABASE__URL": f"sqlite:///{folder}/demo.sqlite",
        "MAIL__FOLDER": str(folder / "mails"),
        "MAIL__SENDER": "commenti@demo.example",
        "SERVER__DEMO": "true",
        "SERVER__PORT": str(port),
        "SERVER__PUBLIC_URL": url,
        "SERVER__SECRET_KEY": secrets.token_hex(32),
    }
    return create_app(load(environ={f"ENGAGEMENT_{key}": value for key, value in wanted.items()}))


if __name__ == "__main__":
    main()
