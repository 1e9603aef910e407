"""What a site's verdicts taught its filter, and which challenges are spent."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from engagement.domain.spam import Corpus
from engagement.storage.db import insert
from engagement.storage.discussion.spam_tables import ChallengeRow, SpamTokenRow
from engagement.storage.tables import CommentRow

COUNTER = ""
SPAM, HAM, NOTHING = "spam", "ham", ""


def corpus(session: Session, site_id: int, tokens: Sequence[str]) -> Corpus:
    """The counts of a site, and of these tokens there."""
    query = select(SpamTokenRow.token, SpamTokenRow.spam, SpamTokenRow.ham).where(
        SpamTokenRow.site_id == site_id, SpamTokenRow.token.in_([COUNTER, *tokens])
    )
    found = {token: (spam, ham) for token, spam, ham in session.execute(query)}
    spam, ham = found.pop(COUNTER, (0, 0))
    return Corpus(spam, ham, found)


def learn(session: Session, site_id: int, tokens: Sequence[str], *, spam: int = 0, ham: int = 0) -> None:
    """Add to (or take from) the counts of the tokens and of the site."""
    rows = [{"site_id": site_id, "token": t, "spam": spam, "ham": ham} for t in sorted({COUNTER, *tokens})]
    statement = insert(session, SpamTokenRow).values(rows)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["site_id", "token"],
            set_={
                "spam": SpamTokenRow.spam + statement.excluded.spam,
                "ham": SpamTokenRow.ham + statement.excluded.ham,
            },
        )
    )


def taught(session: Session, comment_id: str) -> str:
    """What the filter was taught of a comment: ``spam``, ``ham`` or nothing."""
    return session.scalar(select(CommentRow.learnt).where(CommentRow.id == comment_id)) or NOTHING


def note(session: Session, comment_id: str, taught: str) -> None:
    session.execute(update(CommentRow).where(CommentRow.id == comment_id).values(learnt=taught))


def spend(session: Session, nonce: str, until: datetime) -> bool:
    """Use a challenge up; whether it was still unused."""
    statement = insert(session, ChallengeRow).values(nonce=nonce, expires_at=until).on_conflict_do_nothing()
    return session.scalar(statement.returning(ChallengeRow.nonce)) is not None


def purge(session: Session, now: datetime) -> None:
    session.execute(delete(ChallengeRow).where(ChallengeRow.expires_at < now))
