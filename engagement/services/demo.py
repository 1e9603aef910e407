"""First comments under the demo blog's article, so that a visitor finds a conversation."""

from engagement.domain.comments import Status, Submission
from engagement.domain.sites import Site
from engagement.services import comments
from engagement.services.ports import Toolbox

UNKNOWN_PAGE = "0"  # the mark of a page that nobody has commented

_FIRST = (
    "Giulia Ferri",
    "Confermo tutto: il mio vecchio portatile fa da server di casa da due anni, "
    "e non si sente. Quanto consuma il tuo *a riposo*?",
)
_ANSWER = (
    "Paolo Marchetti",
    "Il mio sta sui 4 watt con il disco fermo. La differenza l’ha fatta spegnere la scheda grafica dal BIOS.",
)
_SECOND = (
    "Elena Conti",
    "Grazie per la parte sulle copie di sicurezza, di solito è quella che manca. "
    "Ho provato `rsync` come suggerisci e in dieci minuti era tutto pronto.",
)
_HELD = (
    "Davide Sala",
    "Per chi comincia, ecco quello che ho letto io: <https://example.com/guida>, <https://example.com/rete>, "
    "<https://example.org/copie> e <https://example.net/consumi>.",
)


def seed_demo(tools: Toolbox, site: Site, page_url: str, page_title: str = "") -> bool:
    """Three comments and one that is held for its links; only where nobody has commented. Tells whether it did."""
    if comments.thread_mark(site, page_url) != UNKNOWN_PAGE:
        return False

    def say(author: str, body: str, parent: str | None = None) -> str | None:
        sent = Submission(page_url, author, body, page_title=page_title, parent=parent, door="demo")
        kept = comments.submit_comment(tools, site, sent).comment
        return kept.id if kept.status is Status.PUBLISHED else None

    first = say(*_FIRST)
    say(*_ANSWER, parent=first)
    say(*_SECOND)
    say(*_HELD)
    return True
