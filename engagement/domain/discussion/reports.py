"""Notices of illegal or rule-breaking comments, as article 16 of the Digital Services Act (EU 2022/2065) wants them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from engagement.domain.messages import N_

MAX_EXPLANATION = 5_000  # characters
MAX_NAME = 245


class ReportReason(StrEnum):
    ILLEGAL = "illegal"
    HATE = "hate"
    HARASSMENT = "harassment"
    PERSONAL_DATA = "personal-data"
    CHILD_SAFETY = "child-safety"
    SPAM = "spam"
    OTHER = "other"


REASON_NAMES = {
    ReportReason.ILLEGAL: N_("illegal content"),
    ReportReason.HATE: N_("hate"),
    ReportReason.HARASSMENT: N_("harassment"),
    ReportReason.PERSONAL_DATA: N_("personal data"),
    ReportReason.CHILD_SAFETY: N_("child safety"),
    ReportReason.SPAM: N_("spam"),
    ReportReason.OTHER: N_("something else"),
}


class ReportState(StrEnum):
    OPEN = "open"
    KEPT = "kept"  # the comment stays
    REMOVED = "removed"  # the comment went


@dataclass(frozen=True)
class Report:
    """What a notifier sent. Name and address may be missing for ``child-safety`` alone (article 16, 2 c)."""

    comment: str
    reason: ReportReason
    explanation: str
    name: str = ""
    email: str = ""
    client: str = ""


@dataclass(frozen=True)
class KeptReport:
    """A notice as it is kept. ``reference`` is what the notifier was given."""

    reference: str
    comment: str
    reason: ReportReason
    explanation: str
    name: str
    email: str
    state: ReportState
    created_at: datetime
    settled_at: datetime | None = None
