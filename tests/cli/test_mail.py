"""``engagement mail bounce``: at the end of a mail server's pipe."""

import io
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from engagement.cli.mail import MOST_BYTES, TRY_LATER, _read, mail
from engagement.console import commands
from engagement.services import sites
from engagement.storage.db import db
from engagement.storage.mailing.mail_tables import BounceRow
from tests.cli.test_moderators import House
from tests.mail.returned import postfix, vacation
from tests.services.test_bounces import sent
from tests.services.test_newsletter import rows


@pytest.fixture
def house(app: Flask) -> House:
    return House(app)


def pipe(house: House, raw: bytes) -> Result:
    return CliRunner().invoke(mail, ["bounce"], input=raw, obj=house)


def test_a_report_is_taken_and_said_without_an_address(house: House) -> None:
    row = sent(house.tools(), sites.find_site("demo"))
    answer = pipe(house, b"From MAILER-DAEMON Wed Nov 25 12:00:00 2026\n" + postfix(row.message_id))
    assert (answer.exit_code, answer.stdout, answer.stderr) == (0, "nobody is at the address\n", "")
    assert len(rows(BounceRow)) == 1


@pytest.mark.parametrize("raw", [b"", b"\xff\0" * 500, vacation(), postfix()])
def test_whatever_else_comes_is_taken_too(house: House, raw: bytes) -> None:
    answer = pipe(house, raw)
    assert (answer.exit_code, len(answer.stdout.splitlines()), answer.stderr) == (0, 1, "")


def test_more_than_a_report_needs_is_read_and_left(house: House) -> None:
    row = sent(house.tools(), sites.find_site("demo"))
    assert pipe(house, postfix(row.message_id) + b"x" * (3 * MOST_BYTES)).exit_code == 0
    assert len(rows(BounceRow)) == 1
    stream = io.BytesIO(b"x" * (MOST_BYTES + 5))
    assert (len(_read(stream)), stream.read()) == (MOST_BYTES, b"")


def test_a_database_without_its_tables_means_later(house: House) -> None:
    tools = house.tools()
    row = sent(tools, sites.find_site("demo"))
    with db.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE bounces RENAME TO elsewhere")
    try:
        answer = pipe(house, postfix(row.message_id))
    finally:
        with db.engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO bounces")
    assert (answer.exit_code, answer.stdout) == (TRY_LATER, "")
    assert answer.stderr in {"Error: try later: Unavailable\n", "Error: try later: ProgrammingError\n"}
    assert pipe(house, postfix(row.message_id)).exit_code == 0


def test_settings_that_cannot_be_used_mean_later(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in (("MAIL__COLOUR", "red"), ("SERVER__SECRET_KEY", "short")):
        with monkeypatch.context() as broken:
            broken.setenv(f"ENGAGEMENT_{name}", value)
            answer = CliRunner().invoke(commands, ["mail", "bounce"], input=postfix())
            assert (answer.exit_code, answer.stdout) == (TRY_LATER, "")
            assert CliRunner().invoke(commands, ["site", "list"]).exit_code == 1
