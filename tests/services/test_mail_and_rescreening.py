"""Notices reach the author once, and a comment without a score gets one later."""

from email import message_from_bytes, policy

import pytest

from engagement.domain.comments import Receipt, Status, Submission
from engagement.domain.notices import Delivery, SendOutcome
from engagement.domain.screening import NotScreened
from engagement.domain.sites import Site
from engagement.mail.postmen import MemoryPostman
from engagement.screening.catalogue import open_screener
from engagement.services import comments
from engagement.services.mail import deliver_due
from engagement.services.operations import upkeep
from engagement.services.ports import Toolbox
from engagement.services.screening import screen_waiting
from engagement.storage import comments as stored
from engagement.storage import outbox
from engagement.storage.db import reading, transaction
from tests.fakes import FixedScreener, StoppedClock

PAGE = "https://blog.example/articolo"


def send(tools: Toolbox, site: Site, body: str = "Un articolo molto chiaro.", title: str = "Titolo") -> Receipt:
    submission = Submission(PAGE, "Anna", body, page_title=title, client="203.0.113.7")
    return comments.submit_comment(tools, site, submission)


def sent(tools: Toolbox) -> list[tuple[str, bytes]]:
    assert isinstance(tools.postman, MemoryPostman)
    return tools.postman.sent


def test_the_author_is_told_of_a_published_comment_once(tools: Toolbox, site: Site) -> None:
    send(tools, site)
    assert deliver_due(tools) == 1
    assert deliver_due(tools) == 0
    [(recipient, raw)] = sent(tools)
    letter = message_from_bytes(raw, policy=policy.default)
    assert (recipient, letter["To"]) == ("autore@demo.example", "autore@demo.example")
    assert letter["Subject"] == "Nuovo commento a «Titolo»"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert [part.get_content_type() for part in letter.iter_parts()] == ["text/plain", "text/html"]
    assert "Un articolo molto chiaro." in letter.get_body(("plain",)).get_content()


def test_a_held_comment_brings_a_decide_link_and_the_reason(
    tools: Toolbox, site: Site, screener: FixedScreener
) -> None:
    screener.toxicity = 0.71
    send(tools, site)
    deliver_due(tools)
    letter = message_from_bytes(sent(tools)[0][1], policy=policy.default)
    text = letter.get_body(("plain",)).get_content()
    assert "tossicità 0,71, soglia 0,60" in text
    assert "/decide/" in text


@pytest.mark.parametrize(
    "title",
    [
        "=?utf-8?q?x=0ABcc:_v@o.example?=",
        "=?utf-8?q?x=0A=0Abody?=",
        "x\r\nBcc: v@o.example",
        "=?utf-8?b?eApCY2M6IHZAby5leGFtcGxl?=",
        "a" * 10_000,
        "caffè ☕ \u202e",
    ],
)
def test_a_title_cannot_make_a_header(tools: Toolbox, site: Site, title: str) -> None:
    send(tools, site, title=title)
    deliver_due(tools)
    [(_, raw)] = sent(tools)
    letter = message_from_bytes(raw)
    assert letter.get_all("Bcc") is None
    assert letter.get_all("To") == ["autore@demo.example"]


def test_a_commenters_address_is_no_link_in_the_mail(tools: Toolbox, site: Site) -> None:
    send(tools, site, "Guarda https://spam.example/x e www.spam.example <img src=x>")
    deliver_due(tools)
    letter = message_from_bytes(sent(tools)[0][1], policy=policy.default)
    for kind in ("plain", "html"):
        content = letter.get_body((kind,)).get_content()
        assert "https://spam.example" not in content
        assert "www.spam" not in content
        assert "<img" not in content or kind == "plain"


@pytest.mark.parametrize("toxicity", [0.01, 0.71])
def test_a_failed_try_is_repeated_later_with_the_same_bytes(
    tools: Toolbox,
    site: Site,
    clock: StoppedClock,
    screener: FixedScreener,
    monkeypatch: pytest.MonkeyPatch,
    toxicity: float,
) -> None:
    screener.toxicity = toxicity
    send(tools, site)
    tried: list[bytes] = []

    def refuse(_self: object, _recipient: str, message: bytes) -> Delivery:
        tried.append(message)
        return Delivery(SendOutcome.RETRY, 451)

    with monkeypatch.context() as patch:
        patch.setattr(MemoryPostman, "send", refuse)
        assert deliver_due(tools) == 1
        assert deliver_due(tools) == 0  # not before its time
    clock.move(minutes=2)
    assert deliver_due(tools) == 1
    assert [raw for _, raw in sent(tools)] == tried


def test_a_lease_is_fenced_and_comes_back_when_it_ends(tools: Toolbox, site: Site, clock: StoppedClock) -> None:
    send(tools, site)
    with transaction() as session:
        [first] = outbox.claim(session, clock.now(), 10, "one")
    with transaction() as session:
        assert outbox.claim(session, clock.now(), 10, "two") == []
    clock.move(minutes=16)
    with transaction() as session:
        [second] = outbox.claim(session, clock.now(), 10, "two")
    assert (second.attempt, second.message_id) == (2, first.message_id)
    done = Delivery(SendOutcome.SENT, 250)
    with transaction() as session:
        assert not outbox.finish(session, first.id, "one", delivery=done, now=clock.now(), jitter=0)
    with transaction() as session:
        assert outbox.finish(session, first.id, "two", delivery=done, now=clock.now(), jitter=0)


def test_a_comment_without_a_score_is_screened_again_and_published(
    tools: Toolbox, site: Site, screener: FixedScreener, clock: StoppedClock
) -> None:
    screener.toxicity = NotScreened("slow", "fixed@1")
    receipt = send(tools, site)
    assert receipt.comment.status is Status.HELD
    screener.toxicity = 0.01
    assert screen_waiting(tools) == 0
    clock.move(minutes=1)
    assert screen_waiting(tools) == 1
    assert comments.read_comment(site, receipt.comment.id).status is Status.PUBLISHED
    assert comments.read_thread(site, PAGE, sort="oldest", limit=10, after=None).count == 1


def test_after_three_tries_a_person_decides(
    tools: Toolbox, site: Site, screener: FixedScreener, clock: StoppedClock
) -> None:
    screener.toxicity = NotScreened("broken", "fixed@1")
    receipt = send(tools, site)
    tries = 0
    for _ in range(10):
        clock.move(hours=1)
        tries += screen_waiting(tools)
    assert tries == 3
    with reading() as session:
        kept = stored.get(session, receipt.comment.id)
    assert kept is not None
    assert kept.status is Status.HELD


def test_tidying_destroys_keys_of_past_days(tools: Toolbox, site: Site, clock: StoppedClock) -> None:
    send(tools, site)
    deliver_due(tools)
    clock.move(days=40)
    upkeep.tidy(tools)
    send(tools, site, "Un altro giorno, un altro commento.")
    assert deliver_due(tools) == 1


@pytest.mark.parametrize("body", ["**Grazie**", "*Grazie* mille", "Grazie, **davvero** utile.", "* Grazie\n* Prego"])
def test_emphasis_is_not_taken_for_masked_letters(tools: Toolbox, site: Site, body: str) -> None:
    object.__setattr__(tools, "screener", open_screener("embedded", timeout=30))
    assert send(tools, site, body).comment.status is Status.PUBLISHED
