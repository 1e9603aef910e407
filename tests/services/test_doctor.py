"""What the doctor finds: each fault is made for real where that is possible."""

import os
import shutil
from collections import namedtuple
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from engagement.app import make_patient
from engagement.domain.notices import Delivery, SendOutcome
from engagement.domain.screening import NotScreened
from engagement.domain.sites import Site
from engagement.services.operations import doctor
from engagement.services.operations.findings import Finding, Grade, Patient
from engagement.storage.db import db
from tests.fakes import FixedScreener, StoppedClock
from tests.mail.servers import Script, free_port, only, smtp_server, spoken
from tests.web.test_limits import GONE

HEALTHY = {
    "server__public_url": "https://commenti.giornale.it",
    "server__secret_key": "dRx8vWq2mT5zLk0pBn7sYc4hJf1gAe9u",
    "mail__sender": "commenti@giornale.it",
    "mail__host": "smtp.giornale.it",
    "mail__dkim_selector": "s1",
}


class Records:
    """A name service with so many names in it."""

    def __init__(self, **found: Sequence[str]) -> None:
        self.found = found

    def answer(self, name: str, kind: str) -> Sequence[str]:
        return self.found.get(f"{name} {kind}", [])


RECORDS = Records(
    **{
        "giornale.it MX": ["10 smtp.giornale.it"],
        "giornale.it TXT": ["v=spf1 a:smtp.giornale.it -all", "something else"],
        "s1._domainkey.giornale.it TXT": ["v=DKIM1; k=rsa; p=MIGf"],
        "_dmarc.giornale.it TXT": ["v=DMARC1; p=none"],
        "smtp.giornale.it A": ["8.8.4.4"],
        "8.8.4.4 PTR": ["smtp.giornale.it"],
    }
)


def patient(app: Flask, *, mail: bool = False) -> Patient:
    """The installation; its server of mail is asked only where a test has one."""
    made = replace(make_patient(app), records=RECORDS.answer)
    return made if mail else replace(made, mail=lambda: Delivery(SendOutcome.SENT))


def found(one: Patient, what: str) -> Finding:
    return next(finding for finding in doctor.examine(one) if finding.what == what)


def grade(app: Flask, what: str, *, mail: bool = False) -> Grade:
    with app.app_context():
        finding = found(patient(app, mail=mail), what)
    assert bool(finding.advice) == (finding.grade is not Grade.OK)
    return finding.grade


def test_a_healthy_installation_has_nothing_wrong(make_app: Callable[..., Flask], clock: StoppedClock) -> None:
    app = make_app(**HEALTHY, mail__transport="smtp", limits__enabled="true")
    with app.app_context():
        one = patient(app)
        there = doctor.schema.server_time
        clock.at = clock.at if (now := _server_now(there)) is None else now
        findings = list(doctor.examine(one))
    away = {"forms on pages"}  # this site's pages are nowhere; test_outside.py has some that are there
    assert [(f.what, f.told) for f in findings if f.grade is not Grade.OK and f.what not in away] == []
    assert len(findings) == len(doctor.CHECKS) + len(doctor.IN_DATABASE) + 2


def _server_now(ask: Callable[[Any], Any]) -> Any:
    with doctor.reading() as session:
        return ask(session)


@pytest.mark.parametrize(
    ("settings", "what", "expected"),
    [
        ({"server__public_url": "http://commenti.giornale.it"}, "public address", Grade.WRONG),
        ({"server__public_url": "https://giornale.it/commenti"}, "public address", Grade.WRONG),
        ({"server__public_url": "https://a:b@giornale.it"}, "public address", Grade.WRONG),
        ({"server__public_url": "http://127.0.0.1:8000"}, "public address", Grade.WARN),
        ({"server__public_url": "http://10.0.0.8"}, "public address", Grade.WARN),
        ({"server__public_url": "https://commenti", "mail__transport": "smtp"}, "public address", Grade.WRONG),
        ({"server__public_url": "http://127.0.0.1:8000", "server__demo": "true"}, "public address", Grade.OK),
        ({"server__secret_key": "abcabcabc" * 5}, "secret key", Grade.WARN),
        ({"server__trusted_proxies": "10.0.0.0/8,0.0.0.0/0"}, "trusted proxies", Grade.WRONG),
        ({"server__trusted_proxies": "10.0.0.0/8"}, "trusted proxies", Grade.OK),
        ({"limits__enabled": "false"}, "limiter store", Grade.WARN),
        ({"limits__enabled": "true", "server__workers": "4"}, "limiter store", Grade.WARN),
        ({"limits__enabled": "true", "limits__storage": GONE}, "limiter store", Grade.WRONG),
        ({"screening__model": "none"}, "model", Grade.WARN),
        ({"mail__transport": "folder"}, "mail", Grade.WARN),
        ({"mail__sender": "commenti@localhost.localdomain", "mail__transport": "smtp"}, "sender", Grade.WRONG),
        ({"mail__sender": "commenti@demo.example"}, "sender", Grade.WARN),
        ({"mail__sender": "commenti", "mail__transport": "smtp"}, "sender", Grade.WRONG),
        ({"mail__sender": "commenti@ilmiotest.it", "mail__transport": "smtp"}, "sender", Grade.OK),
    ],
)
def test_settings_are_looked_at(
    make_app: Callable[..., Flask], settings: dict[str, str], what: str, expected: Grade
) -> None:
    if "limits__storage" in settings:
        pytest.importorskip("redis")
    assert grade(make_app(**HEALTHY | settings), what) is expected


def test_a_secret_that_others_may_read_is_wrong(make_app: Callable[..., Flask], tmp_path: Path) -> None:
    file = tmp_path / "key"
    app = make_app(server__secret_key="", server__secret_key_file=str(file))
    assert grade(app, "secret key") is Grade.OK
    file.chmod(0o644)
    assert grade(app, "secret key") is Grade.WRONG


def test_a_model_that_does_not_answer_is_wrong(make_app: Callable[..., Flask], screener: FixedScreener) -> None:
    screener.toxicity = NotScreened("broken")
    assert grade(make_app(), "model") is Grade.WRONG


def test_a_disk_that_fills_up_is_told(make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch) -> None:
    app = make_app()
    if not app.extensions["engagement"].settings.database.url.startswith("sqlite"):
        assert grade(app, "disk") is Grade.OK
        return
    usage = namedtuple("usage", "free")
    for free, expected in ((10, Grade.WRONG), (500, Grade.WARN), (5_000, Grade.OK)):
        monkeypatch.setattr(shutil, "disk_usage", lambda _folder, free=free: usage(free * 1024 * 1024))
        assert grade(app, "disk") is expected


def test_the_mail_server_is_asked_for_real_and_nothing_is_sent(make_app: Callable[..., Flask]) -> None:
    script = Script()
    with smtp_server(script, authenticator=only("utente", "giusta"), auth_require_tls=False) as port:
        for password, expected in (("giusta", Grade.OK), ("sbagliata", Grade.WRONG)):
            mail = {"host": "127.0.0.1", "port": port, "tls": "none", "username": "utente", "password": password}
            app = make_app(mail__transport="smtp", **{f"mail__{k}": v for k, v in mail.items()})
            assert grade(app, "mail", mail=True) is expected
    assert script.taken == []


def test_a_password_that_would_travel_unprotected_is_wrong(make_app: Callable[..., Flask]) -> None:
    login = {"mail__transport": "smtp", "mail__tls": "none", "mail__username": "utente", "mail__password": "segreta"}
    app = make_app(mail__host="smtp.provider.example", **login)
    with app.app_context():
        finding = found(patient(app, mail=True), "mail")
    assert (finding.grade, "unprotected" in finding.told) == (Grade.WRONG, True)


def test_a_mail_server_that_is_not_there_or_no_mail_server_is_wrong(make_app: Callable[..., Flask]) -> None:
    app = make_app(mail__transport="smtp", mail__host="127.0.0.1", mail__port=free_port(), mail__tls="none")
    assert grade(app, "mail", mail=True) is Grade.WRONG
    with spoken("220 plain.example ESMTP", "250 plain.example") as port:
        app = make_app(mail__transport="smtp", mail__host="127.0.0.1", mail__port=port, mail__tls="starttls")
        assert grade(app, "mail", mail=True) is Grade.WRONG


def test_a_folder_that_may_not_be_written_is_wrong(make_app: Callable[..., Flask], tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    app = make_app(mail__folder=str(file / "mails"), server__demo="true")
    assert grade(app, "mail", mail=True) is Grade.WRONG
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o500)
    if os.geteuid() != 0:  # who may do everything may write there too
        assert grade(make_app(mail__folder=str(folder), server__demo="true"), "mail", mail=True) is Grade.WRONG


def test_clocks_that_are_apart_are_told(make_app: Callable[..., Flask], clock: StoppedClock) -> None:
    app = make_app()
    with app.app_context():
        now = _server_now(doctor.schema.server_time)
    if now is None:
        assert grade(app, "clock") is Grade.OK
        return
    for apart, expected in ((0, Grade.OK), (30, Grade.WARN), (-30, Grade.WARN), (600, Grade.WRONG)):
        clock.at = now + timedelta(seconds=apart)
        assert grade(app, "clock") is expected


def test_an_installation_without_a_site_is_told(make_app: Callable[..., Flask], site: Site) -> None:
    app = make_app()
    assert grade(app, "sites") is Grade.OK
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(db.Model.metadata.tables["sites"].delete())
    assert grade(app, "sites") is Grade.WARN


def test_a_check_that_breaks_does_not_hide_the_others(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken_thing(_patient: Patient) -> Finding:
        raise RuntimeError("first line\nsecond line")

    monkeypatch.setattr(doctor, "CHECKS", (broken_thing, doctor.configuration))
    first, second, *_ = doctor.examine(patient(app))
    assert (first.what, first.grade, first.told) == (
        "broken thing",
        Grade.WRONG,
        "this could not be looked at: RuntimeError: first line",
    )
    assert second.grade is Grade.OK
