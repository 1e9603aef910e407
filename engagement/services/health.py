"""What a running service lacks, by name."""

from engagement.domain.errors import Unavailable
from engagement.services.ports import Toolbox
from engagement.storage import schema
from engagement.storage.db import reading


def missing(tools: Toolbox) -> list[str]:
    """Empty when the service is ready, else ``database`` or ``schema``.

    A missing model only degrades: comments are held.
    """
    try:
        with reading() as session:
            return [] if schema.is_current(session) else ["schema"]
    except Unavailable:
        return ["database"]
