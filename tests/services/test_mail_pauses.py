"""Where the mail server says "not now", all mails wait and none of them pays for it; a stop ends a batch early."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
import sqlalchemy as sa
from flask import Flask

from engagement.domain.comments import Submission
from engagement.domain.mailing.channel import PAUSES
from engagement.domain.notices import Delivery, SendOutcome
from engagement.domain.screening import NotScreened
from engagement.domain.sites import Site
from engagement.mail.postmen import SmtpPostman
from engagement.services import comments
from engagement.services.mail import deliver_due
from engagement.services.ports import Toolbox
from engagement.services.screening import screen_waiting
from engagement.settings import Mail
from engagement.storage.db import reading
from engagement.storage.tables import CommentRow, OutboxRow
from engagement.worker import Background
from tests.fakes import FixedScreener, StoppedClock
from tests.mail.servers import Script, free_port, smtp_server

PAGE = "https://blog.example/articolo"


class Postman:
    """Answers by recipient's letter: the n-th letter ever written gets the n-th answer, the last one for ever."""

    def __init__(self, *answers: Delivery) -> None:
        self.answers = list(answers)
        self.tried: list[bytes] = []

    def send(self, _recipient: str, message: bytes) -> Delivery:
        self.tried.append(message)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def post(tools: Toolbox, site: Site, count: int) -> None:
    for number in range(count):
        comments.submit_comment(tools, site, Submission(PAGE, "Anna", f"Un parere, il numero {number}, molto pacato."))


def rows() -> Sequence[OutboxRow]:
    with reading() as session:
        return session.scalars(sa.select(OutboxRow).order_by(OutboxRow.id)).all()


def smtp(tools: Toolbox, port: int) -> Toolbox:
    return replace(tools, postman=SmtpPostman(Mail(host="127.0.0.1", port=port, tls="none", timeout=5.0)))


@pytest.mark.parametrize("broken", ["421", "refused"])
def test_one_mail_finds_out_and_the_others_are_left_alone(
    tools: Toolbox, site: Site, clock: StoppedClock, broken: str
) -> None:
    post(tools, site, 10)
    if broken == "421":
        with smtp_server(Script(mail="421 not now")) as port:
            tried = [deliver_due(smtp(tools, port)), deliver_due(smtp(tools, port))]
    else:
        nobody = smtp(tools, free_port())
        tried = [deliver_due(nobody), deliver_due(nobody)]
    assert tried == [1, 0]
    assert [(row.state, row.attempts) for row in rows()] == [("retry", 0), *[("queued", 0)] * 9]
    clock.move(minutes=5)
    script = Script()
    with smtp_server(script) as port:
        assert deliver_due(smtp(tools, port)) == 10
    assert len(script.taken) == 10
    assert [(row.state, row.attempts) for row in rows()] == [("sent", 1)] * 10


def test_after_a_pause_one_mail_tries_again_and_the_pause_grows(
    tools: Toolbox, site: Site, clock: StoppedClock
) -> None:
    post(tools, site, 10)
    postman = Postman(Delivery(SendOutcome.CHANNEL, 421, "not now"))
    tools = replace(tools, postman=postman)
    for pause in PAUSES:
        assert (deliver_due(tools), deliver_due(tools)) == (1, 0)
        clock.move(seconds=pause.total_seconds() - 1)
        assert deliver_due(tools) == 0
        clock.move(seconds=1)
    assert len(postman.tried) == len(PAUSES)
    assert {row.attempts for row in rows()} == {0}


def test_a_mail_that_the_server_hangs_up_on_each_time_does_not_stand_before_the_others(
    tools: Toolbox, site: Site, clock: StoppedClock
) -> None:
    post(tools, site, 1)
    bad = Delivery(SendOutcome.CHANNEL, 421, "closing")
    for pause in PAUSES:  # the only mail there is, so the pause grows to its limit
        assert deliver_due(replace(tools, postman=Postman(bad))) == 1
        clock.move(seconds=pause.total_seconds())
        clock.move(minutes=2)
    assert deliver_due(replace(tools, postman=Postman(bad))) == 1
    post(tools, site, 3)
    clock.move(seconds=PAUSES[-1].total_seconds())
    assert deliver_due(replace(tools, postman=Postman(Delivery(SendOutcome.SENT, 250)))) == 3
    assert [row.state for row in rows()] == ["retry", "sent", "sent", "sent"]


def test_a_refused_or_greylisted_mail_pauses_nothing(tools: Toolbox, site: Site) -> None:
    post(tools, site, 4)
    postman = Postman(
        Delivery(SendOutcome.REFUSED, 550), Delivery(SendOutcome.RETRY, 451), Delivery(SendOutcome.SENT, 250)
    )
    assert deliver_due(replace(tools, postman=postman)) == 4
    assert [row.state for row in rows()] == ["failed", "retry", "sent", "sent"]


def test_asked_to_stop_it_ends_after_the_mail_in_hand(tools: Toolbox, site: Site) -> None:
    post(tools, site, 5)
    postman = Postman(Delivery(SendOutcome.SENT, 250))
    stopping = replace(tools, postman=postman, stopping=lambda: len(postman.tried) == 2)
    assert deliver_due(stopping) == 2
    assert [row.state for row in rows()] == ["sent", "sent", "queued", "queued", "queued"]


def test_asked_to_stop_no_comment_loses_a_try_of_its_screening(
    tools: Toolbox, site: Site, screener: FixedScreener, clock: StoppedClock
) -> None:
    screener.toxicity = NotScreened("slow", "fixed@1")
    post(tools, site, 3)
    clock.move(minutes=1)
    asked = iter([False, True])
    assert screen_waiting(replace(tools, stopping=lambda: next(asked))) == 1
    with reading() as session:
        attempts = session.scalars(sa.select(CommentRow.screen_attempts).order_by(CommentRow.id)).all()
    assert sorted(attempts) == [0, 0, 1]


def test_a_long_queue_is_worked_off_without_waiting_for_the_next_sweep(app: Flask, tools: Toolbox, site: Site) -> None:
    post(tools, site, 45)
    background = Background(app, sweep_seconds=600)
    assert [background.once() for _ in range(4)] == [True, True, True, False]
    assert {row.state for row in rows()} == {"sent"}
