"""Forgetting what is no longer needed."""

from datetime import timedelta

from engagement.services.ports import Toolbox
from engagement.storage import day_keys, idempotency, outbox, spam, suggestions, votes
from engagement.storage.db import transaction

KEYS_KEPT = timedelta(hours=24)
DAY_KEYS_KEPT = timedelta(hours=48)


def tidy(tools: Toolbox) -> None:
    """Drop old idempotency keys, keys of the day, finished mails and suggestions, as ``[privacy]`` says."""
    now, privacy = tools.clock.now(), tools.settings.privacy
    with transaction() as session:
        idempotency.purge(session, now - KEYS_KEPT)
        day_keys.destroy(session, (now - DAY_KEYS_KEPT).date().isoformat())
        spam.purge(session, now)
        votes.purge(session, now - timedelta(days=privacy.vote_days))
        outbox.purge(session, now - timedelta(days=privacy.mail_log_days))
        suggestions.purge(session, now - timedelta(days=privacy.suggestion_days))
