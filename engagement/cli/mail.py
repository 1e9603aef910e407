"""``engagement mail``: what a mail server hands back."""

import sys
from typing import BinaryIO, Protocol

import click
from flask import Flask

from engagement.services.mailing import bounces
from engagement.services.ports import Toolbox

TRY_LATER = 75  # EX_TEMPFAIL of sysexits.h, which mail servers know: keep the message and come again
MOST_BYTES = 1024 * 1024  # a report begins with what matters, and our own mails are small
_CHUNK = 64 * 1024


class TryLater(click.ClickException):
    """A refusal that a mail server takes for a bad moment, and not for a bad message."""

    exit_code = TRY_LATER


class _House(Protocol):
    def app(self) -> Flask: ...
    def tools(self) -> Toolbox: ...


@click.group()
def mail() -> None:
    """Mails that come back."""


@mail.command()
@click.pass_obj
def bounce(house: _House) -> None:
    """Read one message from standard input, as a mail server's pipe gives it, and note what it says of an address.

    Whatever was taken ends with status 0, no report as well as a report about nobody here; what could not be, because
    the database or the settings are not well, with 75, so that the mail server comes again. See docs/bounces.md.
    """
    try:
        raw = _read(sys.stdin.buffer)
        with house.app().app_context():
            taken = bounces.take_report(house.tools(), raw)
    except Exception as error:  # whatever it is, a mail server must not answer a report with another report
        raise TryLater(f"try later: {type(error).__name__}") from error
    click.echo(taken.value)


def _read(stream: BinaryIO) -> bytes:
    """The beginning of a message. The rest is read too, so that who writes it sees no broken pipe."""
    kept = stream.read(MOST_BYTES)
    while stream.read(_CHUNK):
        pass
    return kept
