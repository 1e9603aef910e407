"""Whether a reader has to solve a challenge first."""

from datetime import timedelta

from engagement.domain.discussion import challenges
from engagement.domain.sites import Site
from engagement.services.ports import Toolbox
from engagement.services.readers import client_hash
from engagement.storage import comments
from engagement.storage.db import reading

WINDOW = timedelta(hours=1)


def demanded(tools: Toolbox, site: Site, client: str) -> bool:
    """``always``, or ``risky`` and this client's comments of the last hour were bad. Lifted with ``limits.enabled``."""
    mode = site.rules.challenge or tools.settings.spam.challenge
    if mode != "risky":
        return challenges.demanded(mode, 0)
    if not tools.settings.limits.enabled:
        return False
    hashed = client_hash(tools, client)
    with reading() as session:
        bad = comments.unpublished_of(session, site.id, hashed, tools.clock.now() - WINDOW)
    return challenges.demanded(mode, bad)
