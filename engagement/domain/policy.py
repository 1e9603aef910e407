"""The moderation policy. Read ``CHECKS`` to know it.

Each check is pure, ``(Case) -> Reason | None``. All are heard, every reason is kept, the strictest outcome wins.
A new rule is one function and one word in the tuple.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from engagement.domain.screening import LABELS, NOTHING_READ, NotScreened, Reading, Screening
from engagement.domain.spam import points
from engagement.domain.wordlists import NO_WORDS, WordLists

# Raise when a check is added, removed or decides differently; kept with every decision.
POLICY_VERSION = "3"


class Outcome(StrEnum):
    PUBLISH = "publish"
    HOLD = "hold"
    REJECT = "reject"


_STRICTNESS = {Outcome.PUBLISH: 0, Outcome.HOLD: 1, Outcome.REJECT: 2}


@dataclass(frozen=True)
class Reason:
    """Why a decision was not plainly "publish". ``facts`` are numbers and words a moderator may see."""

    code: str
    outcome: Outcome
    facts: Mapping[str, str | float | int] = field(default_factory=dict)


@dataclass(frozen=True)
class Rules:
    """The policy's dials. ``hold_at`` and ``reject_at`` override a model's own thresholds, label by label."""

    hold_at: Mapping[str, float] = field(default_factory=dict)
    reject_at: Mapping[str, float] = field(default_factory=dict)
    hold_links: int = 3  # held from this many links; 0 switches the check off
    hold_first_time: bool = False
    hold_all: bool = False
    hold_repeats: int = 2  # held when this many others said the same in a day; 0: off
    hold_spam: int = 2  # held from so many points of spam; 0: off
    hold_disguise: float = 0.15  # held when this share of characters was disguised; 0: off
    languages: tuple[str, ...] = ()  # held when written in another one; empty: off


@dataclass(frozen=True)
class History:
    """What became of an author's earlier comments, by e-mail address (or name and client, where none was left)."""

    published: int = 0
    held: int = 0
    rejected: int = 0
    spam: int = 0


NOT_YET = NotScreened("missing")


@dataclass(frozen=True)
class Case:
    """All facts about one comment. Nothing here is fetched later.

    Storage's come first, ``services.screening.examine`` adds those of the text.
    """

    screening: Screening | NotScreened = NOT_YET
    reading: Reading = NOTHING_READ
    author_reading: Reading = NOTHING_READ
    beside: Reading = NOTHING_READ  # mail address, website, where links lead, a new title
    links: int = 0
    history: History = History()
    repeats: int = 0  # others' comments with the same text in the last day
    rules: Rules = field(default_factory=Rules)
    words: WordLists = NO_WORDS
    signs: tuple[str, ...] = ()  # of spam, see ``domain.spam``
    language: str = ""  # domain.discussion.tongue.told; "": too short to tell
    title: str = ""  # of the page, where it came with this comment and would be shown for the first time


@dataclass(frozen=True)
class Decision:
    """The machine's word. ``model`` and ``policy`` are the versions that took it."""

    outcome: Outcome
    reasons: tuple[Reason, ...] = ()
    model: str = ""
    policy: str = POLICY_VERSION
    scores: Mapping[str, float] = field(default_factory=dict)

    @property
    def about_wording(self) -> bool:
        """Whether it was the words themselves that kept the text from being published."""
        return any(reason.code in _ABOUT_WORDING for reason in self.reasons)

    @property
    def unscreened(self) -> bool:
        """Whether a score is missing, so that it is worth another try."""
        return is_unscreened(self.reasons)


def is_unscreened(reasons: Iterable[Reason]) -> bool:
    return any(reason.code == UNSCREENED for reason in reasons)


# A writer can mend these by reading the text again; nobody can rewrite a first comment or a list that is only watched.
_ABOUT_WORDING = {"toxicity", "blocked-word"}
UNSCREENED = "not-screened"
Check = Callable[[Case], Reason | None]


def not_screened(case: Case) -> Reason | None:
    """No score, no publication: a person or a later try decides."""
    if isinstance(case.screening, NotScreened):
        return Reason(UNSCREENED, Outcome.HOLD, {"why": case.screening.why})
    return None


def toxicity(label: str) -> Check:
    """A check of one label against its thresholds."""

    def check(case: Case) -> Reason | None:
        if isinstance(case.screening, NotScreened) or label not in case.screening.scores:
            return None
        score, card = case.screening.scores[label], case.screening.thresholds
        reject_at = case.rules.reject_at.get(label, card.reject_at.get(label))
        hold_at = case.rules.hold_at.get(label, card.hold_at.get(label))
        for outcome, threshold in ((Outcome.REJECT, reject_at), (Outcome.HOLD, hold_at)):
            if threshold is not None and score >= threshold:
                return Reason("toxicity", outcome, {"label": label, "score": score, "threshold": threshold})
        return None

    return check


def blocked_words(case: Case) -> Reason | None:
    """Unmistakable terms: these alone reject."""
    term = case.words.blocked_in(case.reading.cleaned) or case.words.blocked_in(case.author_reading.cleaned)
    return Reason("blocked-word", Outcome.REJECT, {"term": term}) if term else None


def held_words(case: Case) -> Reason | None:
    term = case.words.held_in(case.reading.cleaned) or case.words.held_in(case.author_reading.cleaned)
    return Reason("held-word", Outcome.HOLD, {"term": term}) if term else None


def words_beside(case: Case) -> Reason | None:
    """A listed word in an address: nobody reads those as prose, so a person looks, even for words that reject."""
    beside = case.beside.cleaned
    term = case.words.blocked_in(beside) or case.words.held_in(beside)
    return Reason("held-word", Outcome.HOLD, {"term": term}) if term else None


def links(case: Case) -> Reason | None:
    if case.rules.hold_links and case.links >= case.rules.hold_links:
        return Reason("links", Outcome.HOLD, {"count": case.links, "limit": case.rules.hold_links})
    return None


def first_time_author(case: Case) -> Reason | None:
    if case.rules.hold_first_time and not case.history.published:
        return Reason("first-time", Outcome.HOLD)
    return None


def everything_held(case: Case) -> Reason | None:
    return Reason("hold-all", Outcome.HOLD) if case.rules.hold_all else None


def repetition(case: Case) -> Reason | None:
    if case.rules.hold_repeats and case.repeats >= case.rules.hold_repeats:
        return Reason("repetition", Outcome.HOLD, {"count": case.repeats})
    return None


def disguised_text(case: Case) -> Reason | None:
    """Much of the text was hidden from machines, which alone deserves a look; or a little, and what was found hurts."""
    if not case.rules.hold_disguise or not case.reading.steps:
        return None
    if case.reading.altered >= case.rules.hold_disguise or any(check(case) for check in HURTFUL):
        facts: dict[str, str | float | int] = {
            "share": case.reading.altered,
            "steps": ", ".join(case.reading.steps),
        }
        return Reason("disguised", Outcome.HOLD, facts)
    return None


def spam_signs(case: Case) -> Reason | None:
    """Enough signs of spam together; a person decides."""
    signs = (*case.signs, "repeated") if case.repeats else case.signs
    total = points(signs)
    if case.rules.hold_spam and total >= case.rules.hold_spam:
        return Reason("spam-signs", Outcome.HOLD, {"signs": ", ".join(signs), "points": total})
    return None


def other_language(case: Case) -> Reason | None:
    """Written in a language that this site's moderators do not read; a text too short to tell passes."""
    if case.rules.languages and case.language and case.language not in case.rules.languages:
        return Reason("other-language", Outcome.HOLD, {"language": case.language})
    return None


# What a disguise may have hidden.
HURTFUL: tuple[Check, ...] = (*(toxicity(label) for label in LABELS), blocked_words, held_words)

CHECKS: tuple[Check, ...] = (
    not_screened,
    *HURTFUL,
    words_beside,
    links,
    first_time_author,
    everything_held,
    repetition,
    disguised_text,
    spam_signs,
    other_language,
)


def decide(case: Case) -> Decision:
    """Hear every check; the strictest outcome wins."""
    reasons = tuple(reason for check in CHECKS if (reason := check(case)) is not None)
    outcome = max((r.outcome for r in reasons), key=_STRICTNESS.__getitem__, default=Outcome.PUBLISH)
    scores = {} if isinstance(case.screening, NotScreened) else dict(case.screening.scores)
    return Decision(outcome, reasons, case.screening.model, POLICY_VERSION, scores)
