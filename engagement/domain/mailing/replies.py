"""Readers who asked to be told of replies: a state with double opt-in, as a subscription's."""

from dataclasses import dataclass
from datetime import datetime

from engagement.domain.comments import Comment
from engagement.domain.newsletter import SubscriptionState

# A link to leave stays good for so many later versions of its row.
LEAVE_REACH = 1_000
EVERYWHERE = 0  # in the place of a page's id


@dataclass(frozen=True)
class ReplyConsent:
    """One address at one site; it is written to only while ``state`` is confirmed."""

    id: int
    site_id: int
    email: str
    state: SubscriptionState
    created_at: datetime
    version: int = 1
    confirmed_at: datetime | None = None
    left_at: datetime | None = None

    def may_confirm(self, version: int) -> bool:
        """Whether a link to confirm, made for ``version``, is still about this row; a second click finds it done."""
        if self.state is SubscriptionState.PENDING:
            return self.version == version
        return self.state is SubscriptionState.CONFIRMED and self.version == version + 1

    def may_leave(self, version: int) -> bool:
        return 0 <= self.version - version < LEAVE_REACH


def own_reply(reply: Comment, answered: Comment) -> bool:
    """Whether somebody answers themselves: by address, or without one under the same name."""
    if reply.email:
        return reply.email.lower() == answered.email.lower()
    return reply.author.casefold() == answered.author.casefold()
