"""What a running service lacks, by name."""

from engagement.domain.errors import Unavailable
from engagement.domain.screening import NotScreened
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


def analyzer_lacks(tools: Toolbox) -> list[str]:
    """As ``missing``, for a process that only scores: without a ``model`` it is of no use, and the database holds
    nothing but its keys.
    """
    lacking = [] if tools.settings.analyzer.open else missing(tools)
    return [*lacking, "model"] if isinstance(tools.screener.screen(("ok",)), NotScreened) else lacking
