"""Held comments are explained in the background; the desk and the moderation API show it."""

import pytest
from flask import Flask

from engagement.domain.comments import Receipt, Status, Submission
from engagement.domain.moderation import Actor, QueueItem, Verdict
from engagement.domain.screening import NotScreened, Span
from engagement.domain.sites import Site
from engagement.services import comments, moderation
from engagement.services.desk import highlights
from engagement.services.discussion import explaining
from engagement.services.discussion.explaining import explain_held
from engagement.services.ports import Toolbox
from engagement.services.screening import screen_waiting
from engagement.storage.db import reading, transaction
from engagement.storage.discussion import explanations
from engagement.storage.tables import CommentRow
from tests.fakes import FixedScreener, StoppedClock

BODY = "Ciao 🙂, sei un **idiota** & basta"


class Explaining:
    """Says what a test says, or fails so many times first."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.asked: list[str] = []

    def explain(self, text: str) -> list[Span]:
        self.asked.append(text)
        if self.failures:
            self.failures -= 1
            raise RuntimeError("not now")
        at = text.encode("utf-16-le").index("idiota".encode("utf-16-le")) // 2
        return [Span(at, at + 6, "toxicity", 2.5)]


@pytest.fixture
def explainer(app: Flask) -> Explaining:
    made = Explaining()
    object.__setattr__(app.extensions["engagement"], "explainer", made)
    return made


def send(tools: Toolbox, site: Site, body: str = BODY) -> Receipt:
    return comments.submit_comment(tools, site, Submission("https://blog.example/a", "Anna", body))


def item(receipt: Receipt) -> QueueItem:
    return moderation.item(receipt.comment.id)


def test_a_held_comment_is_explained_once(
    tools: Toolbox, site: Site, screener: FixedScreener, explainer: Explaining
) -> None:
    screener.toxicity = 0.7
    receipt = send(tools, site)
    assert item(receipt).spans == ()
    assert (explain_held(tools), explain_held(tools)) == (1, 0)
    assert explainer.asked == ["Ciao 🙂, sei un idiota & basta"]
    assert item(receipt).spans == (Span(16, 22, "toxicity", 2.5),)
    assert highlights.highlights(item(receipt)) == ["idiota"]


@pytest.mark.parametrize("toxicity", [0.01, NotScreened("slow")])
def test_what_no_score_held_is_not_explained(
    tools: Toolbox, site: Site, screener: FixedScreener, explainer: Explaining, toxicity: float | NotScreened
) -> None:
    screener.toxicity = toxicity
    send(tools, site)
    assert explain_held(tools) == 0


def test_a_comment_held_at_the_second_look_is_explained_too(
    tools: Toolbox, site: Site, screener: FixedScreener, explainer: Explaining, clock: StoppedClock
) -> None:
    screener.toxicity = NotScreened("slow")
    receipt = send(tools, site)
    screener.toxicity = 0.7
    clock.move(minutes=1)
    assert screen_waiting(tools) == 1
    assert explain_held(tools) == 1
    assert item(receipt).spans


def test_a_comment_settled_in_the_meantime_needs_no_explanation(
    tools: Toolbox, site: Site, screener: FixedScreener, explainer: Explaining
) -> None:
    screener.toxicity = 0.7
    receipt = send(tools, site)
    moderation.settle(tools, receipt.comment.id, Verdict.APPROVE, actor=Actor.MODERATOR, who="x", version=None)
    assert explain_held(tools) == 1
    assert explainer.asked == []


def test_after_three_failures_it_stays_unexplained(
    tools: Toolbox, site: Site, screener: FixedScreener, explainer: Explaining, clock: StoppedClock
) -> None:
    screener.toxicity = 0.7
    explainer.failures = 100
    receipt = send(tools, site)
    tries = 0
    for _ in range(10):
        tries += explain_held(tools)
        clock.move(hours=2)
    assert tries == explanations.TRIES == len(explainer.asked)
    assert item(receipt).spans == ()


def test_a_try_that_kills_the_process_is_counted_and_costs_nobody_else(
    tools: Toolbox, site: Site, screener: FixedScreener, explainer: Explaining, clock: StoppedClock
) -> None:
    screener.toxicity = 0.7
    deadly = send(tools, site)
    clock.move(seconds=1)
    other = send(tools, site, "Un altro idiota")
    for _ in range(3):  # claimed, and never heard of again
        with transaction() as session:
            assert explanations.claim(session, clock.now(), "gone") == deadly.comment.id
        explain_held(tools)
        clock.move(minutes=3)
    assert explain_held(tools) == 0
    assert item(other).spans
    assert item(deadly).spans == ()


def test_a_late_answer_does_not_overwrite_another(tools: Toolbox, site: Site, screener: FixedScreener) -> None:
    screener.toxicity = 0.7
    receipt = send(tools, site)
    with transaction() as session:
        explanations.claim(session, tools.clock.now(), "one")
    with transaction() as session:
        assert not explanations.keep(session, receipt.comment.id, "two", text_mark="x", spans=[])


def test_an_explanation_of_an_earlier_text_is_not_shown(
    tools: Toolbox, site: Site, screener: FixedScreener, explainer: Explaining
) -> None:
    screener.toxicity = 0.7
    receipt = send(tools, site)
    explain_held(tools)
    with transaction() as session:
        session.get(CommentRow, receipt.comment.id).body_html = "<p>Un testo tutto diverso</p>"  # type: ignore[union-attr]
    assert item(receipt).spans == ()


def test_asking_again_forgets_the_earlier_explanation(
    tools: Toolbox, site: Site, screener: FixedScreener, explainer: Explaining
) -> None:
    screener.toxicity = 0.7
    receipt = send(tools, site)
    explain_held(tools)
    with transaction() as session:
        explaining.ask(session, receipt.comment, receipt.decision, tools.clock.now())
    with reading() as session:
        assert explanations.of(session, [receipt.comment.id]) == {}
    assert receipt.comment.status is Status.HELD


def test_the_embedded_model_explains_as_shipped(tools: Toolbox, site: Site, screener: FixedScreener) -> None:
    screener.toxicity = 0.7
    receipt = send(tools, site)
    explain_held(tools)
    assert "idiota" in highlights.highlights(item(receipt))
