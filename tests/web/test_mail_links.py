"""Programs that scan mails follow every link, some of them twice: nothing changes by it, whatever the mail."""

import re
from collections.abc import Mapping
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from flask import Flask

from engagement import jobs
from engagement.services import sites
from engagement.services.desk import moderators
from engagement.services.ports import Toolbox
from tests.fakes import FixedScreener, StoppedClock
from tests.services.test_privacy import everything

SITE, PAGE = "/api/v1/sites/demo", "https://blog.example/articolo"
READER, WRITER = "lettrice@posta.example", "scrittore@posta.example"


class House:
    """The doors, and the background work whenever it is asked for."""

    def __init__(self, app: Flask) -> None:
        self.app, self.client = app, app.test_client()
        self.tools: Toolbox = app.extensions["engagement"]

    def work(self) -> None:
        with self.app.app_context():
            for job in (*jobs.OFTEN, *jobs.HOURLY, *jobs.OFTEN):
                job(self.tools)

    def send(self, path: str, body: Mapping[str, Any]) -> Any:
        answer = self.client.post(path, json=body)
        assert answer.status_code in {200, 201, 202, 403}, answer.text
        return answer.get_json()

    def comment(self, body: str, email: str, **more: Any) -> Any:
        sent = {"page_url": PAGE, "author": "Anna", "email": email, "body": body, "notify_replies": True}
        return self.send(f"{SITE}/comments", sent | more)

    def letters(self) -> list[EmailMessage]:
        self.work()
        sent: list[tuple[str, bytes]] = self.tools.postman.sent  # type: ignore[attr-defined]
        return [message_from_bytes(raw, policy=policy.default) for _, raw in sent]  # type: ignore[arg-type]

    def links(self, letter: EmailMessage) -> set[str]:
        """Paths of ours in text, markup and headers."""
        parts = [part.get_content() for part in letter.walk() if part.get_content_maintype() == "text"]
        base = re.escape(self.tools.settings.server.public_url.rstrip("/"))
        text = " ".join([*parts, *(str(value) for value in letter.values())])
        return {path.rstrip(".,)") for path in re.findall(rf"{base}(/[^\s\"'<>]*)", text)}

    def state(self) -> dict[str, list[dict[str, Any]]]:
        with self.app.app_context():
            return everything()


def test_following_every_link_of_every_mail_twice_changes_nothing(
    app: Flask, screener: FixedScreener, clock: StoppedClock
) -> None:
    house = House(app)
    with app.app_context():
        site = sites.find_site("demo")
        sites.save_site(house.tools, replace(site, rules=replace(site.rules, weekly=True)))
        moderators.add(house.tools, "moderatrice@posta.example", ["demo"])
    parent = house.comment("Un articolo chiaro.", READER)["comment"]["id"]
    _press(house, "replies/confirm")
    house.comment("Una risposta chiara.", WRITER, parent=parent)
    screener.toxicity = 0.7
    house.comment("Una risposta meno chiara.", WRITER)
    screener.toxicity = 0.99
    house.comment("Una risposta per niente chiara.", WRITER)
    screener.toxicity = 0.01
    report = {"reason": "insult", "explanation": "Offende.", "name": "Lia", "email": READER, "good_faith": True}
    answer = house.client.post(f"{SITE}/comments/{parent}/reports", json=report)
    assert answer.status_code in {202, 422}
    house.send(f"{SITE}/newsletter", {"email": READER, "consent": True})
    _press(house, "newsletter/confirm")
    house.client.post("/sites/demo/newsletter/leave", data={"email": READER})
    house.send(f"{SITE}/messages", {"name": "Lia", "email": READER, "body": "Buongiorno."})
    house.work()
    clock.move(days=8)
    letters = house.letters()
    kinds = {str(letter["Message-ID"]).partition("@")[0].rpartition(".")[2] for letter in letters}
    assert len(kinds) >= 8, kinds
    links = set().union(*(house.links(letter) for letter in letters))
    assert {path.split("/")[1] for path in links} >= {"decide", "newsletter", "preferences", "replies", "desk"}, links
    before = house.state()
    for path in sorted(links):
        for method in ("GET", "HEAD", "GET", "HEAD"):
            assert house.client.open(path, method=method).status_code < 500, (method, path)
    assert house.state() == before


def _press(house: House, way: str) -> None:
    """Press the button behind the newest link of a kind, as its reader would."""
    found = [path for letter in house.letters() for path in house.links(letter) if path.startswith(f"/{way}")]
    assert found, way
    assert house.client.post(found[-1]).status_code == 200
