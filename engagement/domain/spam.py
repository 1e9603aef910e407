"""Signs of spam, each worth some points; a filter that learns from a site's own verdicts.

No sign alone refuses anything. Those that say little need company: fast typists exist, and so do honest links.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from math import exp, log
from urllib.parse import urlsplit

from engagement.domain.discussion import offers

# Points of each sign; a comment is held from ``policy.hold_spam`` points. docs/spam.md explains each.
POINTS: Mapping[str, int] = {
    "honeypot": 2,  # a field that no person sees was filled
    "bayes": 2,  # the site's own verdicts say so
    "bbcode": 2,  # links in a notation that this form does not have
    "no-challenge": 2,  # the proof of work was asked for and not given
    "bad-form-time": 2,  # the form's time was forged, or is more than a day old
    "link-in-name": 2,  # an address where a name should be
    "akismet": 2,  # Akismet says so, where the settings name it
    "stopforumspam": 2,  # StopForumSpam knows the address, where the settings name it
    "pitch": 2,  # a phrase that sells
    "follow-me": 2,  # asks to subscribe, or to visit a channel or profile
    "too-fast": 1,  # sent within seconds of being shown
    "link": 1,  # an address in the text
    "shortener": 1,  # an address that hides where it leads
    "hidden-link": 1,  # an address with spaces in it, so that no filter sees it
    "shop": 1,  # an address whose own name advertises
    "keyword-name": 1,  # a name made of what is sold
    "keyword-site": 1,  # the author's website advertises by its name
    "my-page": 1,  # invites to the writer's own page
    "contact": 1,  # a telephone number, a mail address, a messenger
    "flattery": 1,  # praise for "your blog", of the kind that fits every blog
    "repeated": 1,  # another comment of the last day said the same
    "shouting": 1,  # mostly capitals
    "offers": 1,  # the vocabulary of money, pills and followers
}
ENOUGH = 20  # verdicts of each kind before the filter speaks
LEAST, MOST = 0.01, 0.99  # a token never decides alone
STRENGTH, UNKNOWN = 1.0, 0.5  # Robinson's s and x
MOST_TOKENS = 600

_BBCODE = re.compile(r"\[/?(?:url|link|img|b)\b[^\]]{0,200}\]", re.IGNORECASE)
_ADDRESS = re.compile(r"(?:https?://|www\.)[^\s<>\"')\]]+", re.IGNORECASE)
_ENDINGS = r"(?:com|net|org|info|biz|ru|cn|it|eu|xyz|top|online|shop|site|store|click|live|club|vip|bet|example)"
_BARE = re.compile(rf"(?<![\w@./-])(?:[a-z0-9-]{{1,63}}\.){{1,3}}{_ENDINGS}(?![\w.-]*[@\w])[^\s<>]{{0,200}}")
_HIDDEN = re.compile(r"\b[a-z0-9-]{3,63}(?: \. ?|\. )(?:com|net|org|info)\b|\w ?[\[(](?:dot|punto)[\])] ?\w")
_NAME_ADDRESS = re.compile(
    r"https?:|www\.|\.(?:com|net|org|info|biz|ru|xyz|top|online|shop|site|example)\b", re.IGNORECASE
)
_WORD = re.compile(r"[^\W_]{3,24}", re.UNICODE)


@dataclass(frozen=True)
class Corpus:
    """What a site has decided so far: comments of each kind, and in how many of each a token stood."""

    spam: int = 0
    ham: int = 0
    tokens: Mapping[str, tuple[int, int]] | None = None  # token → (spam, ham)

    @property
    def ready(self) -> bool:
        return self.spam >= ENOUGH and self.ham >= ENOUGH


@dataclass(frozen=True)
class Question:
    """What an outside checker is told of a comment. ``client`` is the network address, "" where it is not known."""

    blog: str
    page_url: str
    author: str
    email: str
    website: str
    body: str
    at: datetime
    language: str = ""
    client: str = ""


def points(signs: Iterable[str]) -> int:
    """The sum over different signs; an unknown one counts nothing."""
    return sum(POINTS.get(sign, 0) for sign in set(signs))


def signs_of(body: str, author: str, links: int, website: str = "") -> tuple[str, ...]:
    """Signs that stand in the text itself. ``links`` counts those of the rendered text."""
    letters = [c for c in body if c.isalpha()]
    hosts = addressed(body)
    linked = links > 0 or bool(hosts) or bool(_ADDRESS.search(body))
    found = {
        "bbcode": bool(_BBCODE.search(body)),
        "link": linked,
        "shortener": any(offers.is_shortener(host) for host in hosts),
        "hidden-link": bool(_HIDDEN.search(body)),
        "shop": any(offers.is_shop(host) for host in hosts),
        "link-in-name": bool(_NAME_ADDRESS.search(author)),
        "keyword-name": bool(offers.OFFERS.search(author)),
        "keyword-site": offers.is_shop(_host(website)),
        "pitch": bool(offers.PITCH.search(body)),
        "follow-me": bool(offers.FOLLOW_ME.search(body)),
        "my-page": bool(offers.MY_PAGE.search(body)),
        "contact": bool(offers.CONTACT.search(body) or offers.INTERNATIONAL_NUMBER.search(body)),
        "flattery": bool(offers.FLATTERY.search(body)),
        "shouting": len(letters) >= 20 and sum(c.isupper() for c in letters) > 0.6 * len(letters),
        "offers": len({m.group().lower() for m in offers.OFFERS.finditer(body)}) >= 2,
    }
    return tuple(sign for sign, here in found.items() if here)


def addressed(body: str) -> tuple[str, ...]:
    """Hosts that a text names, with or without ``http://`` before them; each once."""
    found = (*_ADDRESS.findall(body), *_BARE.findall(body))
    return tuple(dict.fromkeys(host for url in found if (host := _host(url))))


def tokens(body: str, author: str, website: str) -> tuple[str, ...]:
    """Signs, words, pairs of neighbours, hosts of addresses, and who says it; each once, at most 600."""
    text = unicodedata.normalize("NFKC", body).lower()
    # A site's verdicts thus tell what each sign is worth there: where many give links, a link says nothing.
    found = dict.fromkeys(f"sign:{sign}" for sign in signs_of(body, author, 0, website))
    words = _WORD.findall(_ADDRESS.sub(" ", text))
    found |= dict.fromkeys(words)
    found |= dict.fromkeys(f"{one} {next_one}" for one, next_one in pairwise(words))
    found |= dict.fromkeys(f"host:{host}" for host in addressed(text))
    found |= dict.fromkeys(f"name:{word}" for word in _WORD.findall(author.lower()))
    if host := _host(website):
        found |= {f"site:{host}": None}
    return tuple(found)[:MOST_TOKENS]


def likelihood(found: Iterable[str], corpus: Corpus) -> float:
    """How much like the site's spam, 0 to 1; 0.5 says nothing, and is all that a young corpus says.

    G. Robinson's shrunk token probabilities, combined by R. A. Fisher's method over logarithms, as in "A statistical
    approach to the spam problem", Linux Journal 107 (2003).
    """
    if not corpus.ready:
        return 0.5
    known = corpus.tokens or {}
    shares = [p for token in found if token in known and abs((p := _share(*known[token], corpus)) - 0.5) > 0.1]
    if not shares:
        return 0.5
    spammy = _chi_square(-2 * sum(log(p) for p in shares), 2 * len(shares))
    hammy = _chi_square(-2 * sum(log(1 - p) for p in shares), 2 * len(shares))
    return (1 + spammy - hammy) / 2


def _share(in_spam: int, in_ham: int, corpus: Corpus) -> float:
    spam, ham = in_spam / corpus.spam, in_ham / corpus.ham
    raw = spam / (spam + ham) if spam + ham else UNKNOWN
    seen = in_spam + in_ham
    return min(MOST, max(LEAST, (STRENGTH * UNKNOWN + seen * raw) / (STRENGTH + seen)))


def _chi_square(value: float, degrees: int) -> float:
    """The chance of a chi-square as large as ``value`` with an even number of degrees of freedom."""
    half = value / 2
    if half > 700:  # exp(-half) is nothing any more
        return 0.0
    term = total = exp(-half)
    for i in range(1, degrees // 2):
        term *= half / i
        total += term
    return min(1.0, total)


def _host(url: str) -> str:
    text = url.lower().rstrip(".,;:!?")
    try:
        return (urlsplit(text if "://" in text else f"http://{text}").hostname or "") if url else ""
    except ValueError:
        return ""
