"""What a campaign at the newsletter service needs next, as values."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from engagement.domain.mailing.articles import CampaignState
from engagement.domain.mailing.contacts import Answer, Brevo, Outcome
from engagement.domain.mailing.handovers import (
    DEPARTING,
    Figures,
    Handover,
    Step,
    There,
    failed,
    next_look,
    stands,
    step_of,
)

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
NEW = Handover(1, "engagement-x", attempt=3)
MADE = replace(NEW, number=7, status="draft")
ASKED = replace(MADE, asked_at=NOW)


@pytest.mark.parametrize(
    ("handover", "state", "step"),
    [
        (NEW, CampaignState.SENDING, Step.MAKE),
        (MADE, CampaignState.SENDING, Step.SEND),
        (ASKED, CampaignState.SENDING, Step.SEND),
        (ASKED, CampaignState.HANDED_OVER, Step.LOOK),
        (replace(MADE, status="sent"), CampaignState.HANDED_OVER, Step.LOOK),
        (ASKED, CampaignState.PAUSED, Step.LOOK),
        (ASKED, CampaignState.CANCELLED, Step.LOOK),
        (MADE, CampaignState.PAUSED, None),
        (NEW, CampaignState.PAUSED, None),
        (NEW, CampaignState.CANCELLED, None),
        (MADE, CampaignState.CANCELLED, None),
    ],
)
def test_a_halted_campaign_is_looked_at_at_most(handover: Handover, state: CampaignState, step: Step | None) -> None:
    assert step_of(handover, state) is step


@pytest.mark.parametrize("status", ["queued", "sent", "suspended", "archive", "in_process", "something new"])
def test_whatever_is_no_draft_is_never_sent_again(status: str) -> None:
    assert stands(MADE, There(7, status), NOW).taken


def test_a_look_that_is_well_ends_what_was_wrong_before() -> None:
    before = replace(MADE, code=500, reply="x", figures=Figures(3))
    assert stands(before, There(7, "draft"), NOW) == replace(
        before, looked_at=NOW, due_at=NOW, attempt=0, code=None, reply=""
    )
    assert stands(before, There(7, "sent", Figures(9)), NOW).figures == Figures(9)


@pytest.mark.parametrize(
    ("status", "after", "due"),
    [
        ("queued", timedelta(0), timedelta(minutes=10)),
        ("queued", timedelta(hours=23), timedelta(hours=23, minutes=10)),
        ("queued", timedelta(hours=30), timedelta(hours=72)),
        ("sent", timedelta(0), timedelta(hours=1)),
        ("sent", timedelta(hours=1), timedelta(hours=6)),
        ("archive", timedelta(hours=7), timedelta(hours=24)),
        ("sent", timedelta(hours=72), None),
    ],
)
def test_looks_become_fewer_and_end(status: str, after: timedelta, due: timedelta | None) -> None:
    found = next_look(replace(ASKED, status=status), NOW + after)
    assert found == (NOW + due if due else None)


@pytest.mark.parametrize(
    ("answer", "due", "stopped"),
    [
        (Answer(Outcome.LATER), timedelta(minutes=1), False),
        (Answer(Outcome.LATER, 503), timedelta(minutes=1), False),
        (Answer(Outcome.LATER, 500), timedelta(minutes=15), False),
        (Answer(Outcome.LATER, 0, DEPARTING), timedelta(minutes=1), False),
        (Answer(Outcome.LATER, 429), timedelta(seconds=30), False),
        (Answer(Outcome.SHUT, 401), timedelta(seconds=30), False),
        (Answer(Outcome.SHUT, 402), timedelta(hours=12, minutes=5), False),
        (Answer(Outcome.REFUSED, 400), None, True),
        (Answer(Outcome.MISSING, 404), None, True),
    ],
)
def test_a_step_that_did_not_do_waits_as_it_should(answer: Answer, due: timedelta | None, stopped: bool) -> None:
    after = failed(NEW, answer, NOW, opens_at=NOW + timedelta(seconds=30), jitter=0.0)
    assert (after.due_at, after.stopped) == (NOW + due if due else None, stopped)
    assert after.trouble


def test_no_step_is_due_before_the_way_opens() -> None:
    later = NOW + timedelta(hours=1)
    assert failed(NEW, Answer(Outcome.LATER, 500), NOW, opens_at=later, jitter=0.0).due_at == later


def test_brevo_mails_a_site_to_lists_that_are_its_own() -> None:
    ours = Brevo(api_key="k", list_ids=(4,), site_lists={"b": (7,), "c": (), "d": (7, 9)})
    sites = ["a", "b", "c", "d"]
    assert [site for site in sites if ours.mails(site, sites)] == ["a"]
    assert ours.shared("d", sites) == (7,)
    assert ours.mails("b", ["a", "b", "c"])
    for changed in ({"api_key": ""}, {"campaigns": False}, {"sync_unsubscribes": "off"}):
        assert not replace(ours, **changed).mails("a", sites)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "sender", ["news", "a@b", "A <a@b.example>", "a@b.example\r\nBcc: c@d.example", "a b@c.example"]
)
def test_a_sender_is_a_plain_address(sender: str) -> None:
    assert [line for line in Brevo(sender=sender).mistakes() if "sender" in line]
    assert Brevo(sender="news@blog.example").mistakes() == []
