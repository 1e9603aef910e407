"""Explaining held comments in the background: which words moved which label."""

import hashlib
import secrets
from datetime import datetime

from sqlalchemy.orm import Session

from engagement.domain.comments import Comment, Status
from engagement.domain.policy import Decision, Outcome
from engagement.domain.screening import Span
from engagement.markup import visible_text
from engagement.services.ports import Toolbox
from engagement.storage import comments
from engagement.storage.db import reading, transaction
from engagement.storage.discussion import explanations, revisions

BATCH = 20


def ask(session: Session, comment: Comment, decision: Decision, now: datetime) -> None:
    """Have the comment explained, where it is held for its score."""
    if decision.outcome is Outcome.HOLD and any(reason.code == "toxicity" for reason in decision.reasons):
        explanations.put(session, comment.id, now)


def explain_held(tools: Toolbox) -> int:
    """Explain what waits for it; how many comments were tried."""
    for tried in range(BATCH):
        token = secrets.token_hex(16)
        with transaction() as session:
            due = explanations.claim(session, tools.clock.now(), token)
        if due is None:
            return tried
        _explain(tools, due, token)
    return BATCH


def current(comment: Comment, kept: tuple[str, tuple[Span, ...]] | None) -> tuple[Span, ...]:
    """The spans of a comment's explanation; none where it was made for an earlier text."""
    if kept is None:
        return ()
    mark, spans = kept
    return spans if mark == _mark(visible_text(comment.body_html)) else ()


def _explain(tools: Toolbox, comment_id: str, token: str) -> None:
    with reading() as session:
        comment = comments.get(session, comment_id)
        edit = revisions.get(session, comment.edit) if comment and comment.edit is not None else None
    waits = edit.body_html if edit else comment.body_html if comment and comment.status is Status.HELD else ""
    text = visible_text(waits)
    try:
        spans = tools.explainer.explain(text) if text else []
    except RuntimeError:
        with transaction() as session:
            explanations.put_back(session, comment_id, token, tools.clock.now())
        return
    with transaction() as session:
        explanations.keep(session, comment_id, token, text_mark=_mark(text), spans=spans)


def _mark(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
