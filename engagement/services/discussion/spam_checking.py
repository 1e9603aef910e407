"""Asking outside checkers about a comment, and telling them what people decided."""

import logging
from dataclasses import replace
from datetime import timedelta

from sqlalchemy.orm import Session

from engagement.domain.comments import Comment
from engagement.domain.moderation import Verdict
from engagement.domain.sites import Site
from engagement.domain.spam import Question
from engagement.services.ports import Toolbox
from engagement.storage import comments, sites
from engagement.storage.db import reading, transaction
from engagement.storage.discussion import spam_reports

BATCH, TRIES = 20, 5
RETRY = timedelta(minutes=10)
_TELLS = {Verdict.SPAM: True, Verdict.APPROVE: False}
_log = logging.getLogger(__name__)


def outside_signs(tools: Toolbox, site: Site, comment: Comment, client: str) -> tuple[str, ...]:
    """Signs of the checkers that the settings name; () without any. No connection to the database is open here."""
    return tools.checker.signs(replace(_question(site, comment), client=client.partition("/")[0]))


def note_verdict(tools: Toolbox, session: Session, comment: Comment, verdict: Verdict) -> None:
    """With a person's verdict, in its transaction: a row, so that a checker hears of it even after a crash."""
    if tools.checker.learns and verdict in _TELLS:
        spam_reports.put(session, comment.id, _TELLS[verdict], tools.clock.now())


def tell_checkers(tools: Toolbox) -> int:
    """Tell the checkers what is due; how many verdicts were tried. After five tries one is dropped, and logged."""
    if not tools.checker.learns:
        return 0
    now = tools.clock.now()
    with transaction() as session:
        due = spam_reports.claim(session, now, now + RETRY, BATCH)
    for number, comment_id, spam, attempts in due:
        with reading() as session:
            comment = comments.get(session, comment_id)
            site = sites.by_id(session, comment.site_id) if comment else None
        # A comment that was erased meanwhile has nothing to tell.
        told = not (comment and site and comment.body) or tools.checker.learn(_question(site, comment), spam)
        if told or attempts >= TRIES:
            if not told:
                _log.warning("a verdict was not told to the spam checkers after %s tries", attempts)
            with transaction() as session:
                spam_reports.done(session, number)
    return len(due)


def _question(site: Site, comment: Comment) -> Question:
    return Question(
        blog=site.origins[0] if site.origins else "",
        page_url=comment.page_url,
        author=comment.author,
        email=comment.email,
        website=comment.website,
        body=comment.body,
        at=comment.created_at,
        language=site.language,
    )
