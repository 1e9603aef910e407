"""Telling a cache in front of the service which addresses have changed."""

import secrets
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlencode

from sqlalchemy.orm import Session

from engagement.services.ports import Toolbox
from engagement.storage.db import transaction
from engagement.storage.operations import purges
from engagement.storage.operations.purges import Purge

BATCH = 100
LONGEST = timedelta(minutes=10)  # between two tries


def note_changes(tools: Toolbox) -> Callable[[Session, int], None]:
    """What storage calls for each changed page, inside the transaction of the change."""
    return lambda session, page_id: purges.add(session, page_id, tools.clock.now())


def purge_changed(tools: Toolbox) -> int:
    """Tell the hook of changed pages, once a page however often it changed; how many changes were worked on.

    No transaction is open while the hook is asked. A hook that does not take it is asked again, for an hour.
    """
    if tools.purge is None or tools.stopping():
        return 0
    token = secrets.token_hex(16)
    with transaction() as session:
        due = purges.claim(session, tools.clock.now(), BATCH, token)
    pages: dict[tuple[str, str], list[Purge]] = {}
    for purge in due:
        pages.setdefault((purge.site, purge.page_url), []).append(purge)
    for (site, page_url), changes in pages.items():
        taken = not tools.stopping() and tools.purge(site, page_url, addresses(tools, site, page_url))
        ids = [change.id for change in changes]
        with transaction() as session:
            if taken:
                purges.done(session, ids, token)
            else:
                purges.later(session, ids, token, tools.clock.now() + _pause(changes))
    return len(due)


def addresses(tools: Toolbox, site: str, page_url: str) -> tuple[str, ...]:
    """Where the thread of a page is shown: the article, and our own addresses of it without cursor or order."""
    ours = tools.settings.server.address
    query = urlencode({"page_url": page_url})
    return (
        page_url,
        f"{ours}/api/v1/sites/{site}/comments?{query}",
        f"{ours}/sites/{site}/thread?{query}",
        f"{ours}/sites/{site}/thread?{query}&fragment=1",
        f"{ours}/sites/{site}/thread?{query}&fragment=1&form=0",
        f"{ours}/sites/{site}/comments.atom?{query}",
    )


def _pause(changes: list[Purge]) -> timedelta:
    attempt: int = min(change.attempt for change in changes)
    return min(timedelta(seconds=10) * (1 << min(attempt, 10)), LONGEST)
