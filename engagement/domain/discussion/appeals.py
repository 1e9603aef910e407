"""An appeal: the author of a rejected comment asks a person to look at it."""

from collections.abc import Sequence
from dataclasses import dataclass

from engagement.domain.comments import Comment
from engagement.domain.moderation import LogLine, Verdict
from engagement.domain.policy import Reason

APPEALED = "appealed"  # ``LogLine.what`` of an appeal; its ``note`` holds the author's words
UNDO = "undo"
MAX_WORDS = 2_000  # characters


@dataclass(frozen=True)
class Appealable:
    """What the page of an appeal link shows. A link is ``spent`` by the appeal, or by a person's decision before it."""

    comment: Comment
    reasons: Sequence[Reason]
    spent: bool = False


def words_of(log: Sequence[LogLine]) -> str | None:
    """What the author said in the newest appeal of a comment; None where there was none."""
    return next((line.note for line in reversed(log) if line.what == APPEALED), None)


def is_waiting(log: Sequence[LogLine]) -> bool:
    """Whether an appeal waits for its verdict. ``log`` is oldest first; an undone verdict leaves it waiting again."""
    states = [False]
    for line in log:
        if line.what == APPEALED:
            states.append(True)
        elif line.what == UNDO and len(states) > 1:
            states.pop()
        elif line.what in set(Verdict):
            states.append(False)
    return states[-1]
