"""Votes of readers."""

import hashlib
import hmac

from engagement.domain.comments import Comment, Status
from engagement.domain.errors import NotFound
from engagement.domain.sites import Site
from engagement.services.ports import Toolbox
from engagement.storage import comments, pages
from engagement.storage.db import transaction
from engagement.storage.discussion import votes


def vote(tools: Toolbox, site: Site, comment_id: str, value: int, *, client: str, agent: str) -> Comment:
    """Vote -1, 0 (take it back) or 1 on a published comment; a reader's last word counts. The comment, with new sums.

    A reader is known by a keyed hash of comment, network address and user agent, and by nothing else.
    Raises ``NotFound``.
    """
    with transaction() as session:
        comment = comments.get(session, comment_id)
        if comment is None or comment.site_id != site.id or comment.status is not Status.PUBLISHED:
            raise NotFound
        pages.lock(session, comment.page_id)
        changed = votes.cast(session, comment.id, voter(tools, comment_id, client, agent), value, tools.clock.now())
        if changed:
            pages.changed(session, comment.page_id)
        session.expire_all()
        counted = comments.get(session, comment_id)
    if changed:
        tools.wake()
    return counted or comment


def voter(tools: Toolbox, comment_id: str, client: str, agent: str) -> str:
    """HMAC-SHA256 under the installation's secret, 16 bytes in hex."""
    text = "\n".join(("vote", comment_id, client, agent))
    return hmac.new(tools.secret, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:32]
