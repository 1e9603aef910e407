"""The policy against its own promises, for any facts."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engagement.domain.comments import Status
from engagement.domain.moderation import Verdict, status_after, status_of
from engagement.domain.policy import Case, History, Outcome, Rules, decide
from engagement.domain.screening import LABELS, NotScreened, Reading, Screening, Thresholds
from engagement.domain.wordlists import WordLists

_SHARE = st.floats(0, 1)
_BY_LABEL = st.dictionaries(st.sampled_from(LABELS), _SHARE)
_ORDER = [Outcome.PUBLISH, Outcome.HOLD, Outcome.REJECT]
CASES = st.builds(
    Case,
    screening=st.one_of(
        st.builds(NotScreened, st.sampled_from(["missing", "slow", "broken", "unsure"])),
        st.builds(Screening, st.just("m@1"), _BY_LABEL, st.builds(Thresholds, _BY_LABEL, _BY_LABEL)),
    ),
    reading=st.builds(Reading, st.sampled_from(["ciao", "brutta parola", "sospetto"]), st.just(()), _SHARE),
    links=st.integers(0, 5),
    history=st.builds(History, st.integers(0, 2)),
    repeats=st.integers(0, 3),
    rules=st.builds(Rules, _BY_LABEL, _BY_LABEL, st.integers(0, 3), st.booleans(), st.booleans(), st.integers(0, 2)),
    words=st.just(WordLists(frozenset({"brutta parola"}), frozenset({"sospetto"}))),
)


@given(CASES)
def test_the_outcome_is_that_of_the_strictest_reason(case: Case) -> None:
    decision = decide(case)
    assert decision.outcome == max((r.outcome for r in decision.reasons), key=_ORDER.index, default=Outcome.PUBLISH)
    assert all(r.outcome is not Outcome.PUBLISH for r in decision.reasons)


@given(CASES)
def test_what_was_not_screened_is_never_published(case: Case) -> None:
    assert decide(replace(case, screening=NotScreened("broken"))).outcome is not Outcome.PUBLISH


@given(CASES, st.sampled_from(LABELS), _SHARE, _SHARE)
def test_a_higher_score_is_never_treated_more_kindly(case: Case, label: str, one: float, other: float) -> None:
    if isinstance(case.screening, NotScreened):
        return
    outcomes = []
    for score in sorted((one, other)):
        scores = {**case.screening.scores, label: score}
        outcomes.append(_ORDER.index(decide(replace(case, screening=replace(case.screening, scores=scores))).outcome))
    assert outcomes == sorted(outcomes)


def test_a_threshold_of_the_owner_stands_above_the_models_own() -> None:
    screening = Screening("m@1", {"insult": 0.8}, Thresholds({"insult": 0.7}, {"insult": 0.75}))
    mild = Case(screening, Reading("x"), rules=Rules({"insult": 0.9}, {"insult": 0.95}))
    assert decide(mild).outcome is Outcome.PUBLISH
    assert decide(Case(screening, Reading("x"))).outcome is Outcome.REJECT


def test_a_name_is_read_as_the_text_is() -> None:
    words = WordLists(frozenset({"spam"}))
    case = Case(Screening("m@1", {}), Reading("x"), author_reading=Reading("spam shop"), words=words)
    assert decide(case).outcome is Outcome.REJECT


@pytest.mark.parametrize("switch", ["hold_links", "hold_repeats", "hold_disguise"])
def test_zero_switches_a_check_off(switch: str) -> None:
    off = replace(Rules(hold_links=0, hold_repeats=0, hold_disguise=0))
    case = Case(Screening("m@1", {}), Reading("x", ("leet",), 1.0), links=99, repeats=99, rules=off)
    assert decide(case).outcome is Outcome.PUBLISH
    assert decide(replace(case, rules=replace(off, **{switch: 1}))).outcome is Outcome.HOLD


def test_every_outcome_and_verdict_gives_a_status_of_its_own() -> None:
    assert [status_of(o) for o in Outcome] == [Status.PUBLISHED, Status.HELD, Status.REJECTED]
    assert [status_after(v) for v in Verdict] == [Status.PUBLISHED, Status.REJECTED, Status.SPAM]
