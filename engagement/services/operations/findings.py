"""What a look at an installation finds, and what it needs for it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from engagement.domain.notices import Delivery
from engagement.services.ports import Toolbox


class Grade(StrEnum):
    OK = "ok"
    WARN = "warn"
    WRONG = "wrong"


@dataclass(frozen=True)
class Finding:
    """``what`` was looked at, how it is, and what to do where it is not well."""

    what: str
    grade: Grade
    told: str
    advice: str = ""


@dataclass(frozen=True)
class Patient:
    """The installation. ``mail`` connects and signs in without sending; ``store_answers`` asks the limits' store.

    ``records`` asks the name service for the records of a name and a kind, such as TXT; none where there are none.
    It raises ``LookupError`` when nobody answers.
    """

    tools: Toolbox
    mail: Callable[[], Delivery]
    store_answers: Callable[[], bool]
    records: Callable[[str, str], Sequence[str]]


Check = Callable[[Patient], Finding]
