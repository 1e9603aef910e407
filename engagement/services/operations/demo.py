"""First comments under the demo blog's article, so that a visitor finds a conversation and the desk some work."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from engagement.domain.comments import Status, Submission
from engagement.domain.sites import Site
from engagement.services import comments, sites
from engagement.services.ports import Toolbox

UNKNOWN_PAGE = "0"  # the mark of a page that nobody has commented
BLOCKED = "soldi facili"  # the demo site's own list of words that reject


@dataclass(frozen=True)
class _Said:
    """``ago``: minutes before the start of the demo; ``answers``: the name of whom it answers."""

    author: str
    ago: int
    body: str
    email: str = ""
    answers: str = ""


_DAY = 24 * 60
_CONVERSATION = (
    _Said(
        "Giulia Ferri",
        2 * _DAY + 1340,  # letters are good for 72 hours: an older one would be seen as failed at the desk
        "Confermo tutto: il mio vecchio portatile fa da server di casa da due anni, "
        "e non si sente. Quanto consuma il tuo *sotto carico*, con due persone che guardano le foto?",
    ),
    _Said(
        "Paolo Marchetti",
        2 * _DAY + 1265,
        "Il mio sta sui 4 watt con il disco fermo e arriva a 12. "
        "La differenza l’ha fatta spegnere la scheda grafica dal BIOS.",
        answers="Giulia Ferri",
    ),
    _Said(
        "Giulia Ferri",
        2 * _DAY + 600,
        "Provato stasera: da 9 a 5,5 watt. Grazie!",
        answers="Paolo Marchetti",
    ),
    _Said(
        "Elena Conti",
        _DAY + 300,
        "Grazie per la parte sulle copie di sicurezza, di solito è quella che manca. "
        "Ho provato `rsync` come suggerisci e in dieci minuti era tutto pronto.",
    ),
    _Said(
        "Davide Sala",
        190,
        "Per chi comincia, ecco quello che ho letto io: <https://example.com/guida>, <https://example.com/rete>, "
        "<https://example.org/copie> e <https://example.net/consumi>.",
        email="davide.sala@example.org",
    ),
    _Said(
        "lettore_deluso",
        75,
        "Che articolo ridicolo. Sei proprio incapace, cambia mestiere.",
        email="deluso@example.org",
    ),
    _Said(
        "Offerte Lampo",
        40,
        "Con il tuo computer puoi fare soldi facili da casa, scrivimi in privato.",
        email="offerte@example.net",
    ),
)


@dataclass(frozen=True)
class _Then:
    """A clock that stands at one moment."""

    at: datetime

    def now(self) -> datetime:
        return self.at


def seed_demo(tools: Toolbox, site: Site, page_url: str, page_title: str = "") -> bool:
    """Comments of the last days, some of them held or rejected; only where nobody has commented.

    The way in is the ordinary one, so each is published, held or rejected by its own words. Tells whether it did.
    """
    if comments.thread_mark(site, page_url) != UNKNOWN_PAGE:
        return False
    words = tuple(dict.fromkeys((*site.rules.block_words, BLOCKED)))
    site = sites.save_site(tools, replace(site, rules=replace(site.rules, block_words=words)))
    start, known = tools.clock.now(), dict[str, str]()
    for said in _CONVERSATION:
        then = replace(tools, clock=_Then(start - timedelta(minutes=said.ago)))
        sent = Submission(
            page_url,
            said.author,
            said.body,
            page_title=page_title,
            email=said.email,
            parent=known.get(said.answers),
        )
        kept = comments.submit_comment(then, site, sent).comment
        if kept.status is Status.PUBLISHED:
            known[said.author] = kept.id
    return True
