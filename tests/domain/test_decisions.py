"""Rules, addresses, limits and words: values in, values out."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engagement.domain.comments import comment_id
from engagement.domain.discussion import pages
from engagement.domain.errors import DuplicateComment, TooManyRequests
from engagement.domain.newsletter import may_be_mailed
from engagement.domain.notices import BACKOFF, next_try
from engagement.domain.policy import CHECKS, Case, History, Outcome, Rules, decide
from engagement.domain.screening import NotScreened, Reading, Screening, Thresholds
from engagement.domain.throttling import FloodLimits, Recent, throttle
from engagement.domain.wordlists import WordLists

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
CARD = Thresholds({"toxicity": 0.6, "insult": 0.7}, {"insult": 0.95})


def screened(**scores: float) -> Case:
    return Case(screening=Screening("m@1", scores, CARD), reading=Reading("un testo qualunque"))


@pytest.mark.parametrize(
    ("case", "outcome", "codes"),
    [
        (screened(toxicity=0.59), Outcome.PUBLISH, []),
        (screened(toxicity=0.6), Outcome.HOLD, ["toxicity"]),
        (screened(toxicity=0.999), Outcome.HOLD, ["toxicity"]),
        (screened(toxicity=0.7, insult=0.96), Outcome.REJECT, ["toxicity", "toxicity"]),
        (Case(NotScreened("slow"), Reading("x")), Outcome.HOLD, ["not-screened"]),
        (Case(Screening("m@1", {}), Reading("x"), links=3), Outcome.HOLD, ["links"]),
        (Case(Screening("m@1", {}), Reading("x"), repeats=2), Outcome.HOLD, ["repetition"]),
        (Case(Screening("m@1", {}), Reading("x", ("leet",), 0.5)), Outcome.HOLD, ["disguised"]),
        (Case(Screening("m@1", {}), Reading("x"), rules=Rules(hold_first_time=True)), Outcome.HOLD, ["first-time"]),
        (
            Case(Screening("m@1", {}), Reading("x"), history=History(1), rules=Rules(hold_first_time=True)),
            Outcome.PUBLISH,
            [],
        ),
        (
            Case(Screening("m@1", {}), Reading("che bel (fiore)!"), words=WordLists(frozenset({"fiore"}))),
            Outcome.REJECT,
            ["blocked-word"],
        ),
        (
            Case(Screening("m@1", {}), Reading("fioreria"), words=WordLists(frozenset({"fiore"}))),
            Outcome.PUBLISH,
            [],
        ),
    ],
)
def test_the_strictest_check_wins_and_every_reason_is_kept(case: Case, outcome: Outcome, codes: list[str]) -> None:
    decision = decide(case)
    assert (decision.outcome, [r.code for r in decision.reasons]) == (outcome, codes)


def test_the_owner_can_move_a_threshold() -> None:
    strict = Rules(hold_at={"toxicity": 0.1}, reject_at={"toxicity": 0.5})
    case = screened(toxicity=0.55)
    assert decide(Case(case.screening, case.reading, rules=strict)).outcome is Outcome.REJECT


def test_the_policy_is_a_table_of_checks() -> None:
    assert len(CHECKS) == 18


@pytest.mark.parametrize(
    "url",
    [
        "https://blog.example@evil.example/",
        "https://blog.example.evil.example/",
        "https://evil.example/https://blog.example",
        "https:\\\\blog.example/",
        "https://blog.example\\@evil.example/",
        "javascript:alert(1)",
        "//blog.example/",
        "https://blog.example:8443/",
        "http://blog.example/",
        "https://[::1/",
        "https://blog.example:99999/",
        "",
    ],
)
def test_a_foreign_address_never_belongs(url: str) -> None:
    assert not pages.belongs(url, ["https://blog.example"])


def test_one_article_has_one_spelling() -> None:
    for other in ("HTTPS://BLOG.example/a", "https://blog.example:443/a#x", "https://blog.example/a?utm_medium=m"):
        assert pages.normalise(other) == "https://blog.example/a"
    assert pages.normalise("https://blog.example?p=4&fbclid=x") == "https://blog.example/?p=4"
    assert pages.normalise("https://città.example/") == "https://xn--citt-3na.example/"


@given(st.text(max_size=60))
def test_normalising_twice_changes_nothing_and_nothing_else_is_raised(tail: str) -> None:
    try:
        once = pages.normalise("https://blog.example/" + tail)
    except pages.BadAddress:
        return
    assert pages.normalise(once) == once


def test_floods_and_twins_are_refused() -> None:
    limits = FloodLimits(2, 3)
    throttle(Recent((NOW - timedelta(seconds=90), NOW - timedelta(seconds=70))), limits, NOW)
    with pytest.raises(TooManyRequests) as caught:
        throttle(Recent((NOW - timedelta(seconds=50), NOW - timedelta(seconds=10))), limits, NOW)
    assert caught.value.retry_after == 11
    with pytest.raises(DuplicateComment):
        throttle(Recent(same_text=True), limits, NOW)


def test_a_mailbox_gets_one_confirmation_a_day_and_three_a_month() -> None:
    assert may_be_mailed([], NOW)
    assert not may_be_mailed([NOW - timedelta(hours=23)], NOW)
    assert not may_be_mailed([NOW - timedelta(days=d) for d in (2, 9, 20)], NOW)
    assert may_be_mailed([NOW - timedelta(days=d) for d in (2, 9, 31)], NOW)


def test_tries_grow_apart_and_stay_within_a_fifth() -> None:
    waits = [next_try(n, NOW, 0) - NOW for n in range(1, 12)]
    assert waits == sorted(waits)
    assert waits[-1] == BACKOFF[-1]
    assert next_try(1, NOW, 1) - NOW == BACKOFF[0] * 1.2


def test_ids_sort_by_time() -> None:
    later = NOW + timedelta(milliseconds=1)
    assert comment_id(NOW, 2**50 - 1) < comment_id(later, 0)
    assert len(comment_id(NOW, 0)) == 20
    with pytest.raises(ValueError, match="50 bits"):
        comment_id(NOW, 2**50)
