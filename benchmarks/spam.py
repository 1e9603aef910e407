"""What the spam defences do to 1,000 spam posts and 1,000 honest ones, before and after a site's first verdicts.

    ENGAGEMENT_DATA=/path/to/data python benchmarks/spam.py

Posts go the whole way of a comment (limits, signs, policy, storage) on SQLite, with a classifier that finds nothing
toxic, so that spam's own defences are all that is measured. Data: see ``data/spam/SOURCE.md`` and the other
``SOURCE.md`` files of that folder. Spam comes in waves from 25 clients, with the changes that spammers make; no door
signs (form time, trap, proof of work) are given, so the figures are those of a patient sender who solves everything.
"""

import gzip
import html
import json
import os
import random
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from flask_migrate import upgrade

from engagement.app import create_app, make_toolbox
from engagement.domain.comments import Status, Submission
from engagement.domain.errors import DuplicateComment, TooManyRequests
from engagement.domain.moderation import Actor, Verdict
from engagement.domain.screening import Screening, Thresholds
from engagement.domain.sites import Site
from engagement.mail.postmen import MemoryPostman
from engagement.services import comments, moderation, sites
from engagement.services.ports import Toolbox
from engagement.settings import load
from engagement.storage.db import db
from engagement.storage.schema import migrations

DATA = Path(os.environ.get("ENGAGEMENT_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
SEED, HOW_MANY, CLIENTS, PAGES = 20261125, 1_000, 25, 20
START = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)

# Ways in which people give a link in honest talk; the addresses are invented or reserved.
HONEST_LINKS = (
    "Qui si spiega meglio: https://it.wikipedia.org/wiki/Server",
    "Ne avevo scritto anch’io: https://blog-di-anna.example/2024/portatile",
    "La fonte è questa: https://www.istat.example/dati/2025/famiglie.pdf",
    "Per chi vuole approfondire https://docs.python.org/3/library/",
    "Io ho seguito [questa guida](https://guida.example/debian) e ha funzionato.",
    "Il video della conferenza è su https://www.youtube.com/watch?v=abc123 al minuto 12.",
    "Source: https://www.bbc.co.uk/news/world-12345678",
    "See https://en.wikipedia.org/wiki/Laptop for the numbers.",
    "I wrote about the same problem here: https://johns-notes.example/fans",
    "The bug is tracked at https://github.com/example/project/issues/42 if anyone cares.",
    "There is a good map on openstreetmap.org, by the way.",
    "The report is at www.parliament.example/report-2025 (page 14).",
)
_GREETINGS = ("", "", "", "Hi! ", "Ciao a tutti, ", "Hello, ", "Buongiorno. ", "OMG ", "Dear friends, ")
_ENDINGS = ("", "", "", " !!", " 🔥", " 👍👍", " ok?", " ❤", " ...", " (2026)")
_NAMES = ("Anna", "Marco R.", "Lucia", "john_d", "Kate", "Pietro Neri", "user4711", "Sam", "Giulia F.", "Bob")
_KEYWORD_NAMES = ("Prestiti Veloci", "Best Casino Bonus", "Followers Shop", "Cheap Pills", "Bitcoin Trading Pro")
_KEYWORD_SITES = (
    "https://prestiti-subito.example",
    "https://casino-bonus.example",
    "https://comprafollower.example",
    "https://onlinepharma.example",
    "https://blog-di-lucia.example",
)


@dataclass(frozen=True)
class Post:
    """``taught``: whether the filter is shown other posts of its campaign; ``linked``: honest, with a link.

    ``blog``: spam as it is sent to blogs; else the self-promotion that stands under videos.
    """

    body: str
    author: str
    client: str
    page: int
    at: datetime
    spam: bool
    website: str = ""
    taught: bool = False
    blog: bool = False
    linked: bool = False


@dataclass
class Tally:
    """What became of posts of one kind."""

    all: int = 0
    held: int = 0
    refused: int = 0

    @property
    def stopped(self) -> float:
        return (self.held + self.refused) / self.all if self.all else 0.0

    @property
    def held_share(self) -> float:
        return self.held / self.all if self.all else 0.0


class Nothing:
    """A classifier that finds nothing."""

    model = "nothing@1"

    def screen(self, texts: Sequence[str]) -> Screening:
        return Screening(self.model, {"toxicity": 0.0}, Thresholds({}, {}))

    def score_each(self, texts: Sequence[str]) -> list[Mapping[str, float]]:
        return [{"toxicity": 0.0} for _ in texts]


class Hand:
    """A clock whose hand is moved."""

    def __init__(self) -> None:
        self.at = START

    def now(self) -> datetime:
        return self.at


def rows(name: str) -> list[dict[str, Any]]:
    path = DATA / name
    raw = gzip.decompress(path.read_bytes()) if name.endswith(".gz") else path.read_bytes()
    found = [json.loads(line) for line in raw.decode("utf-8").splitlines()]
    return [row | {"text": html.unescape(row["text"]).replace("<br />", "\n").strip()} for row in found]


def vary(text: str, chance: random.Random) -> str:
    """A third is sent as it is; else other numbers, hosts, greetings and endings."""
    if chance.random() < 1 / 3:
        return text
    text = re.sub(r"(?<![\w/])\d{2,}", lambda m: str(int(m.group()[:6]) + chance.randrange(1, 40)), text)
    text = re.sub(r"([a-z])(\.example)\b", lambda m: f"{m[1]}{chance.randrange(1, 99)}{m[2]}", text)
    text = text.upper() if chance.random() < 0.08 else text
    return chance.choice(_GREETINGS) + text + chance.choice(_ENDINGS)


def spam_texts(part: str) -> list[tuple[str, bool, bool]]:
    """Texts of ``taught`` or ``measured`` spam; whether their campaign is taught, and whether they are of blogs."""
    blog = [r["text"] for r in rows("spam/blog-dev.jsonl") if r["label"]]
    tube = [r["text"] for r in rows(f"spam/youtube-{'train' if part == 'taught' else 'dev'}.jsonl.gz") if r["label"]]
    if part == "taught":
        return [(text, True, True) for text in blog[::2] * 20] + [(text, True, False) for text in tube]
    campaigns = [(text, place % 2 == 0, True) for place, text in enumerate(blog)]
    return campaigns * 33 + [(text, False, False) for text in tube] * 2


def clean_texts(part: str) -> list[tuple[str, bool]]:
    """Honest texts, with whether they hold a link."""
    found = []
    for name in ("it-wikipedia", "en-news-ucc", "en-civil-comments"):
        kind = "train" if part == "taught" else "dev"
        found += [r["text"] for r in rows(f"toxicity-{name}/{kind}.jsonl.gz") if not r["label"]]
    seed = rows("toxicity-it-blog-seed/" + ("train.jsonl.gz" if part == "taught" else "dev.jsonl"))
    found += [r["text"] for r in seed if not r["label"]]
    blog = [] if part == "taught" else [r["text"] for r in rows("spam/blog-dev.jsonl") if not r["label"]]
    return [(text, "http" in text or "www." in text) for text in dict.fromkeys((*blog, *found))]


def stream(part: str, spam: int, clean: int) -> list[Post]:
    """Posts of both kinds in the order they come in; the same for the same arguments."""
    chance = random.Random(f"{SEED} {part}")
    posts = [*_spam_posts(part, spam, chance), *_clean_posts(part, clean, chance)]
    return sorted(posts, key=lambda post: post.at)


def _spam_posts(part: str, many: int, chance: random.Random) -> Iterator[Post]:
    texts = spam_texts(part)
    chance.shuffle(texts)
    at, client = START, 0
    for number in range(many):
        body, taught, blog = texts[number % len(texts)]
        if number % 6 == 0:  # a wave of six from one client, seconds apart
            client, at = (client + 1) % CLIENTS, at + timedelta(minutes=12)
        at += timedelta(seconds=chance.randrange(1, 9))
        sold = chance.random() < 0.3
        yield Post(
            body=vary(body, chance),
            author=chance.choice(_KEYWORD_NAMES if sold else _NAMES),
            client=f"198.51.100.{client}",
            page=chance.randrange(PAGES),
            at=at,
            spam=True,
            website=chance.choice(_KEYWORD_SITES) if sold else "",
            taught=taught,
            blog=blog,
        )


def _clean_posts(part: str, many: int, chance: random.Random) -> Iterator[Post]:
    texts = clean_texts(part)
    chance.shuffle(texts)
    texts.sort(key=lambda found: not found[1])  # all that hold a link by themselves are among them
    for number, (text, linked) in enumerate(texts[:many]):
        give = not linked and number % 5 == 0
        yield Post(
            body=f"{text}\n\n{chance.choice(HONEST_LINKS)}" if give else text,
            author=chance.choice(_NAMES),
            client=f"203.0.113.{number % 250}",
            page=chance.randrange(PAGES),
            at=START + timedelta(minutes=number * 2, seconds=30),
            spam=False,
            website="https://blog-di-anna.example" if number % 9 == 0 else "",
            linked=linked or give,
        )


def measure(tools: Toolbox, clock: Hand, site: Site, verdicts: int, many: int = HOW_MANY) -> dict[str, Tally]:
    """Teach the site's filter ``verdicts`` of each kind, then send the measured posts. Keys name kinds of posts."""
    if verdicts:
        _teach(tools, clock, site, verdicts)
    tallies: dict[str, Tally] = {}
    for post in stream("measured", many, many):
        became, why = _send(tools, clock, site, post, START + timedelta(days=9))
        for name in _kinds(post):
            tally = tallies.setdefault(name, Tally())
            tally.all += 1
            tally.held += became == "held"
            tally.refused += became == "refused"
        if became == "held":
            for reason in why:
                tallies.setdefault(f"held for {reason}{'' if post.spam else ' (honest)'}", Tally()).all += 1
    return tallies


def _kinds(post: Post) -> Iterable[str]:
    if post.spam:
        shown = "whose campaign the filter was shown" if post.taught else "that the filter was never shown"
        return ("spam", f"blog spam {shown}" if post.blog else f"video spam {shown}")
    return ("honest", "honest with a link") if post.linked else ("honest",)


def _teach(tools: Toolbox, clock: Hand, site: Site, verdicts: int) -> None:
    open_site = replace(tools, settings=_lenient(tools))
    for post in stream("taught", verdicts, verdicts):
        clock.at = post.at
        sent = Submission(_page(post), post.author, post.body, website=post.website, client=f"{post.client}.{post.at}")
        kept = comments.submit_comment(open_site, site, sent).comment
        verdict = Verdict.SPAM if post.spam else Verdict.APPROVE
        moderation.settle(tools, kept.id, verdict, actor=Actor.MODERATOR, who="m", version=None)


def _lenient(tools: Toolbox) -> Any:
    limits = replace(tools.settings.limits, flood_per_minute=0, flood_per_hour=0)
    return replace(tools.settings, limits=limits)


def _send(tools: Toolbox, clock: Hand, site: Site, post: Post, start: datetime) -> tuple[str, tuple[str, ...]]:
    clock.at = post.at - START + start
    sent = Submission(_page(post), post.author, post.body, website=post.website, client=post.client)
    try:
        receipt = comments.submit_comment(tools, site, sent)
    except (TooManyRequests, DuplicateComment):
        return "refused", ()
    codes = []
    for reason in receipt.decision.reasons:
        named = reason.code == "spam-signs"
        codes += str(reason.facts["signs"]).split(", ") if named else [reason.code]
    return ("passed" if receipt.comment.status is Status.PUBLISHED else "held"), tuple(codes)


def _page(post: Post) -> str:
    return f"https://blog.example/articolo-{post.page}"


def run(folder: Path, verdicts: int, many: int = HOW_MANY) -> dict[str, Tally]:
    """One measurement on a database of its own."""
    settings = load(
        environ={
            "ENGAGEMENT_DATABASE__URL": f"sqlite:///{folder}/{verdicts}.sqlite",
            "ENGAGEMENT_SERVER__SECRET_KEY": "a-key-for-a-benchmark-" * 2,
            "ENGAGEMENT_POLICY__BLOCK_LEXICON": "false",  # rude words are not this measurement's affair
        }
    )
    clock = Hand()
    tools = replace(make_toolbox(settings, clock), screener=Nothing(), postman=MemoryPostman())
    app = create_app(settings, tools)
    with app.app_context():
        upgrade(str(migrations()))
        site = sites.save_site(tools, Site(0, "demo", "Benchmark", origins=("https://blog.example",)))
        try:
            return measure(tools, clock, site, verdicts, many)
        finally:
            db.engine.dispose()


def show(verdicts: int, tallies: Mapping[str, Tally]) -> None:
    print(f"\nafter {verdicts} verdicts of each kind")
    print(f"  {'':48}{'posts':>7}{'held':>9}{'refused':>9}{'passed':>9}")
    for name in sorted(name for name in tallies if not name.startswith("held for")):
        one = tallies[name]
        shares = (one.held / one.all, one.refused / one.all, 1 - one.stopped)
        print(f"  {name:48}{one.all:7}" + "".join(f"{share:9.1%}" for share in shares))
    why = Counter({name.removeprefix("held for "): t.all for name, t in tallies.items() if name.startswith("held for")})
    print("  held for: " + ", ".join(f"{name} {n}" for name, n in why.most_common()))


def main() -> int:
    if not DATA.is_dir():
        print(f"no data at {DATA}; name its folder with ENGAGEMENT_DATA", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        for verdicts in (0, 20, 100):
            show(verdicts, run(Path(folder), verdicts))
    return 0


if __name__ == "__main__":
    sys.exit(main())
