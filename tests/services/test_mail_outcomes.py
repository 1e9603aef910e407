"""What becomes of a mail and of the way out, for each thing a real SMTP server can answer; one table."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from engagement.domain.notices import BACKOFF, OutboxState
from engagement.domain.sites import Site
from engagement.mail.postmen import SmtpPostman
from engagement.services.mail import deliver_due
from engagement.services.mailing import mails
from engagement.services.ports import Toolbox
from engagement.settings import Mail
from engagement.storage.db import reading
from engagement.storage.tables import OutboxRow
from tests.fakes import StoppedClock
from tests.mail.servers import Script, free_port, only, smtp_server, spoken
from tests.services.test_mail import comment

GREETED = ("220 here", "250 here")
SENT, RETRY, FAILED = OutboxState.SENT, OutboxState.RETRY, OutboxState.FAILED


@contextmanager
def login_refused() -> Iterator[int]:
    with smtp_server(Script(), authenticator=only("me", "good"), auth_require_tls=False) as port:
        yield port


# Outcome → what the row becomes, tries that count against it, whether the way out pauses.
TABLE: dict[str, tuple[Any, OutboxState, int, bool]] = {
    "connection refused": (lambda: nullcontext(free_port()), RETRY, 0, True),
    "hangs up at once": (spoken, RETRY, 0, True),
    "421 at connect": (lambda: spoken("421 busy"), RETRY, 0, True),
    "421 at RCPT": (lambda: smtp_server(Script(rcpt="421 too many")), RETRY, 0, True),
    "450 at RCPT": (lambda: smtp_server(Script(rcpt="450 greylisted")), RETRY, 1, False),
    "451 at RCPT": (lambda: smtp_server(Script(rcpt="451 later")), RETRY, 1, False),
    "452 at RCPT": (lambda: smtp_server(Script(rcpt="452 full")), RETRY, 1, False),
    "550 at RCPT": (lambda: smtp_server(Script(rcpt="550 5.1.1 no such user")), FAILED, 1, False),
    "530 at MAIL": (lambda: smtp_server(Script(mail="530 log in first")), RETRY, 0, True),
    "535 at login": (login_refused, RETRY, 0, True),
    "552 after DATA": (lambda: smtp_server(Script(data="552 too large")), FAILED, 1, False),
    "554 after DATA": (lambda: smtp_server(Script(data="554 looks like spam")), FAILED, 1, False),
    "lost after the dot": (lambda: spoken(*GREETED, "250 sender", "250 recipient", "354 go on"), RETRY, 1, True),
    "250": (lambda: smtp_server(Script()), SENT, 1, False),
}


@pytest.mark.parametrize(("server", "state", "tries", "pauses"), TABLE.values(), ids=TABLE.keys())
def test_each_outcome_has_its_action(
    tools: Toolbox, site: Site, clock: StoppedClock, server: Any, state: OutboxState, tries: int, pauses: bool
) -> None:
    comment(tools, site)
    login = {"username": "me", "password": "bad"} if server is login_refused else {}
    with server() as port:
        settings = Mail(host="127.0.0.1", port=port, tls="none", timeout=5.0, **login)
        assert deliver_due(replace(tools, postman=SmtpPostman(settings))) == 1
    with reading() as session:
        row = session.scalars(sa.select(OutboxRow)).one()
    assert (row.state, row.attempts) == (state, tries)
    assert (tools.channel.opens_at(clock.now()) > clock.now()) is pauses
    assert (mails.channel_state().paused_until is not None) is pauses
    assert (row.sent_at is not None) is (state is SENT)
    if state is RETRY:
        assert row.next_attempt_at >= clock.now() + BACKOFF[0] * 0.8
        assert row.expires_at > row.next_attempt_at
