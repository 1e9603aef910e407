"""Forgetting what is no longer needed."""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from engagement.domain.desk.moderators import SESSION_MOST
from engagement.domain.mailing.bounces import GIVEN_UP_AFTER
from engagement.services.ports import Toolbox
from engagement.storage import idempotency, outbox
from engagement.storage.db import empty_log, transaction
from engagement.storage.discussion import spam, suggestions, votes
from engagement.storage.mailing import bounces
from engagement.storage.operations import day_keys, retention

KEYS_KEPT = timedelta(hours=24)
DAY_KEYS_KEPT = timedelta(hours=48)
AUDIT_LEAST = timedelta(days=1)  # failed logins are counted there, so the newest lines stay whatever is set
BATCH = 200  # rows a transaction


def tidy(tools: Toolbox) -> None:
    """Drop what ``[privacy]`` no longer wants: refused comments, old audit lines, finished mails, keys of past days."""
    now, privacy = tools.clock.now(), tools.settings.privacy
    with transaction() as session:
        idempotency.purge(session, now - KEYS_KEPT)
        day_keys.destroy(session, (now - DAY_KEYS_KEPT).date().isoformat())
        spam.purge(session, now)
        votes.purge(session, now - timedelta(days=privacy.vote_days))
        outbox.purge(session, now - timedelta(days=privacy.mail_log_days))
        bounces.drop_disproved(session, now - GIVEN_UP_AFTER)
        bounces.purge(session, now - timedelta(days=privacy.bounce_days))
        suggestions.purge(session, now - timedelta(days=privacy.suggestion_days))
        retention.forget_logins(session, links_before=now, sessions_before=now - SESSION_MOST)
    _in_batches(retention.forget_refused, now - timedelta(days=privacy.rejected_days))
    _in_batches(retention.forget_audit, now - max(timedelta(days=privacy.audit_days), AUDIT_LEAST))
    empty_log()


def _in_batches(forget: Callable[[Session, datetime, int], int], before: datetime) -> None:
    while True:
        with transaction() as session:
            if forget(session, before, BATCH) < BATCH:
                return
