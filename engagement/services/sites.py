"""Sites: found by key at every door, made and changed from the command line."""

import re
from collections.abc import Sequence
from dataclasses import replace

from engagement.domain.desk.moderators import COMMAND_LINE
from engagement.domain.discussion.pages import BadAddress, origin_of
from engagement.domain.errors import FieldError, InvalidInput, SiteNotFound
from engagement.domain.mailing.digests import AuthorMail, hours_of_quiet, is_zone
from engagement.domain.messages import N_, Message
from engagement.domain.sites import DEFAULT_ZONE, MAX_BODY_BYTES, SITE_KEY, Site, SiteRules
from engagement.services.ports import Toolbox
from engagement.storage import audit, sites
from engagement.storage.db import reading, transaction

MOST_WORDS, LONGEST_WORD = 200, 100  # each is read anew for each comment
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?")


def find_site(key: str) -> Site:
    """Raises ``SiteNotFound``."""
    if not SITE_KEY.fullmatch(key):
        raise SiteNotFound
    with reading() as session:
        site = sites.by_key(session, key)
    if site is None:
        raise SiteNotFound
    return site


def every_site() -> list[Site]:
    with reading() as session:
        return sites.every(session)


def save_site(tools: Toolbox, site: Site) -> Site:
    """Make or change a site. Raises ``InvalidInput`` for a key or an origin that cannot be one."""
    site = replace(site, origins=_origins(site.origins))
    if not SITE_KEY.fullmatch(site.key):
        raise InvalidInput([FieldError("/key", Message(N_("A site key is made of a-z, 0-9 and dashes.")))])
    _check_rules(site.rules)
    with transaction() as session:
        known, now = sites.by_key(session, site.key), tools.clock.now()
        sites.save(session, site, now)
        if known is None or known != replace(site, id=known.id):  # the demo saves its own at every start
            audit.write(session, now, COMMAND_LINE, "site-saved", site.key)
    return find_site(site.key)


def change_rules(tools: Toolbox, site: Site, rules: SiteRules, *, who: str) -> None:
    """What a site's moderators may set for it; ``who`` stands in the audit. Raises ``InvalidInput``."""
    _check_rules(rules)
    now = tools.clock.now()
    with transaction() as session:
        sites.save(session, replace(site, rules=rules), now)
        audit.write(session, now, who, "settings-saved", site.key)


def _check_rules(rules: SiteRules) -> None:
    """Raises ``InvalidInput``."""
    wrong = _wrong_comments(rules)
    if rules.author_mail not in set(AuthorMail):
        known = ", ".join(AuthorMail)
        wrong.append(FieldError("/author_mail", Message(N_("Author mail is one of: %(known)s."), {"known": known})))
    try:
        hours_of_quiet(rules.quiet)
    except ValueError:
        wrong.append(FieldError("/quiet", Message(N_("Hours of quiet look like 22-7."))))
    if rules.time_zone != DEFAULT_ZONE and not is_zone(rules.time_zone):
        wrong.append(FieldError("/time_zone", Message(N_("A time zone looks like Europe/Rome."))))
    if wrong:
        raise InvalidInput(wrong)


def _wrong_comments(rules: SiteRules) -> list[FieldError]:
    wrong = []
    if not 1 <= rules.max_body_bytes <= MAX_BODY_BYTES:
        message = Message(N_("Please write a number of bytes from 1 to %(most)s."), {"most": MAX_BODY_BYTES})
        wrong.append(FieldError("/max_body_bytes", message))
    if not all(_LANGUAGE.fullmatch(code) for code in rules.languages):
        wrong.append(FieldError("/languages", Message(N_("A language is a code such as it or en."))))
    for name in ("block_words", "hold_words"):
        words = getattr(rules, name)
        if len(words) > MOST_WORDS or not all(len(word) <= LONGEST_WORD and word.isprintable() for word in words):
            text = N_("At most %(most)s words and phrases, each of %(long)s characters that can be read.")
            wrong.append(FieldError(f"/{name}", Message(text, {"most": MOST_WORDS, "long": LONGEST_WORD})))
    return wrong


def _origins(given: Sequence[str]) -> tuple[str, ...]:
    try:
        return tuple(dict.fromkeys(origin_of(url) for url in given))
    except BadAddress as error:
        raise InvalidInput(
            [FieldError("/origins", Message(N_("An origin looks like https://blog.example.")))]
        ) from error
