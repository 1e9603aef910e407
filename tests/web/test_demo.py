"""The demo blog, its first comments, and the mails it caught."""

import gzip
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from engagement.domain.comments import Status
from engagement.domain.notices import DEAD
from engagement.mail.postmen import FolderPostman
from engagement.services import moderation
from engagement.services.mailing import mails
from engagement.services.operations.demo import seed_demo
from engagement.services.sites import find_site
from tests.fakes import FixedScreener

PAGE = "http://127.0.0.1:8000/demo/"


@pytest.fixture
def demo(make_app: Callable[..., Flask]) -> Flask:
    return make_app(server__demo="true", mail__transport="folder")


def letter(subject: str, html: str = "") -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@blog.example", "b@blog.example", subject
    message.set_content("Ciao, leggi http://127.0.0.1:8000/x?a=1&b=2. <fine>")
    if html:
        message.add_alternative(html, subtype="html")
    return message.as_bytes()


def test_without_the_demo_setting_there_is_no_demo(client: FlaskClient) -> None:
    for path in ("/demo/", "/demo/mails/", "/demo/demo.js"):
        assert client.get(path).status_code == 404


def test_the_article_carries_form_thread_and_newsletter(demo: Flask) -> None:
    client = demo.test_client()
    text = client.get("/demo/").text
    assert "LASCIA UN COMMENTO" in text
    assert 'action="/sites/demo/comments"' in text
    assert 'action="/sites/demo/newsletter"' in text
    sent = {"page_url": PAGE, "author": "Ada", "body": "Un pensiero"}
    assert client.post("/sites/demo/comments", data=sent).location.startswith(f"{PAGE}#comment-")
    assert "Un pensiero" in client.get("/demo/").text


def test_seeds_are_sown_once(demo: Flask, screener: FixedScreener) -> None:
    screener.answers["ridicolo"] = 0.7
    with demo.app_context():
        tools, site = demo.extensions["engagement"], find_site("demo")
        assert seed_demo(tools, site, PAGE) is True
        assert seed_demo(tools, site, PAGE) is False
    text = demo.test_client().get("/demo/").text
    assert text.count("<li class=") == 4
    assert "Giulia Ferri" in text
    demo.extensions["engagement-background"].once()
    with demo.app_context():
        assert mails.listed([site.id], DEAD, limit=9)[0] == []  # no letter was too old to be sent
    assert "in risposta a Paolo Marchetti" in text
    assert "Davide Sala" not in text  # held for its links
    assert "Offerte Lampo" not in text  # rejected for words on the site's list


def test_the_desk_finds_published_held_and_rejected_seeds(demo: Flask) -> None:
    with demo.app_context():
        tools, site = demo.extensions["engagement"], find_site("demo")
        seed_demo(tools, site, PAGE)
        found = {
            status: moderation.queue(tools, [site.id], status=status, order="oldest", limit=10, after=None)[0]
            for status in (Status.PUBLISHED, Status.HELD, Status.REJECTED)
        }
        _, oldest, _ = moderation.waiting([site.id])
    assert all(found.values())
    assert "links" in {reason.code for item in found[Status.HELD] for reason in item.reasons}
    assert [r.code for item in found[Status.REJECTED] for r in item.reasons] == ["blocked-word"]
    assert oldest is not None
    assert oldest < tools.clock.now()


def test_the_demo_begins_at_its_article(demo: Flask, client: FlaskClient) -> None:
    assert demo.test_client().get("/").location == "/demo/"
    assert client.get("/").status_code == 404


def test_the_demo_tells_when_a_mail_was_written(demo: Flask, tmp_path: Path) -> None:
    message = EmailMessage()
    message["Subject"], message["Date"] = "Con data", "Wed, 25 Nov 2026 12:00:00 +0000"
    FolderPostman(tmp_path / "mails").send("b@blog.example", message.as_bytes())
    FolderPostman(tmp_path / "mails").send("b@blog.example", b"Subject: Strana\r\nDate: domani\r\n\r\nx")
    text = demo.test_client().get("/demo/mails/").text
    assert "25 novembre 2026, 13:00" in text  # on the clocks of Rome
    assert "Strana" in text


def test_mails_are_listed_newest_first_and_shown_safely(demo: Flask, tmp_path: Path) -> None:
    postman = FolderPostman(tmp_path / "mails")
    postman.send("b@blog.example", letter("Prima"))
    postman.send("b@blog.example", letter("Seconda", '<p onclick="x()">Ciao "tu"</p><script>x()</script>'))
    client = demo.test_client()
    text = client.get("/demo/mails/").text
    assert text.index("Seconda") < text.index("Prima")
    name = max(path.stem for path in (tmp_path / "mails").glob("*.eml"))
    shown = client.get(f"/demo/mails/{name}").text
    assert "<script" not in shown
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in shown
    assert 'href="http://127.0.0.1:8000/x?a=1&amp;b=2"' in shown
    assert "&lt;fine&gt;" in shown
    raw = client.get(f"/demo/mails/{name}.eml")
    assert raw.data == (tmp_path / "mails" / f"{name}.eml").read_bytes()
    assert raw.mimetype == "message/rfc822"


@pytest.mark.parametrize("name", ["../secret", "..%2fsecret", "%2e%2e/secret", "secret", "..", "."])
def test_nothing_outside_the_folder_can_be_asked_for(demo: Flask, tmp_path: Path, name: str) -> None:
    (tmp_path / "mails").mkdir()
    (tmp_path / "secret.eml").write_bytes(letter("Segreto"))
    client = demo.test_client()
    for path in (f"/demo/mails/{name}", f"/demo/mails/{name}.eml"):
        assert "Segreto" not in client.get(path, follow_redirects=True).text


def test_a_link_in_the_folder_is_not_followed(demo: Flask, tmp_path: Path) -> None:
    (tmp_path / "mails").mkdir()
    (tmp_path / "secret.eml").write_bytes(letter("Segreto"))
    (tmp_path / "mails" / "link.eml").symlink_to(tmp_path / "secret.eml")
    client = demo.test_client()
    assert client.get("/demo/mails/link").status_code == 404
    assert "Segreto" not in client.get("/demo/mails/").text


def test_the_widget_is_small_and_readable_from_anywhere(client: FlaskClient) -> None:
    answer = client.get("/embed.js")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert len(gzip.compress(answer.data)) < 15_000
