"""A spam filter for each site, taught by its own verdicts and by nothing else."""

import hashlib
import hmac
from collections.abc import Sequence

from sqlalchemy.orm import Session

from engagement.domain.comments import Comment
from engagement.domain.moderation import Verdict
from engagement.domain.spam import likelihood, tokens
from engagement.services.ports import Toolbox
from engagement.storage.db import reading
from engagement.storage.discussion import spam

_TEACHES = {Verdict.SPAM.value: spam.SPAM, Verdict.APPROVE.value: spam.HAM}


def learnt(tools: Toolbox, comment: Comment) -> tuple[str, ...]:
    """The sign that the site's own verdicts give, or none."""
    at = tools.settings.spam.bayes_at
    found = _hashed(tools, comment)
    with reading() as session:
        corpus = spam.corpus(session, comment.site_id, found)
    return ("bayes",) if likelihood(found, corpus) >= at else ()


def teach(tools: Toolbox, session: Session, comment: Comment, what: str) -> None:
    """With a person's verdict, or its undoing, in its transaction. A comment teaches one thing at a time."""
    wanted = _TEACHES.get(what, spam.NOTHING)
    known = spam.taught(session, comment.id)
    if wanted == known:
        return
    found = _hashed(tools, comment)
    for kind, change in ((known, -1), (wanted, 1)):
        if kind:
            spam.learn(session, comment.site_id, found, **{kind: change})
    spam.note(session, comment.id, wanted)


def _hashed(tools: Toolbox, comment: Comment) -> Sequence[str]:
    """Keyed hashes of the tokens, so that the filter holds no readers' words."""
    site = str(comment.site_id).encode()
    return [
        hmac.new(tools.secret, b"spam " + site + token.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[
            :32
        ]
        for token in tokens(comment.body, comment.author, comment.website)
    ]
