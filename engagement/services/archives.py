"""Taking in what another comment system exports: nothing twice, nothing wiped, and a report of what was left out."""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from engagement.archives import commento, disqus, isso, native, remark42, wordpress
from engagement.archives.entries import Article, Entry, Found, LeftOut, Reader
from engagement.domain.comments import MAX_AUTHOR, MAX_TITLE, MAX_WEBSITE, Comment, Status, comment_id, text_hash
from engagement.domain.discussion.pages import BadAddress, belongs, normalise
from engagement.domain.discussion.tongue import told
from engagement.domain.moderation import Actor, LogLine
from engagement.domain.sites import MAX_BODY_BYTES, Site
from engagement.language import say
from engagement.markup import from_html, render, visible_text
from engagement.services.discussion.posts import map_posts
from engagement.services.ports import Toolbox
from engagement.services.privacy import NO_NAME
from engagement.storage import pages
from engagement.storage.db import reading, transaction
from engagement.storage.operations import imports

READERS: Mapping[str, Reader] = {
    "wordpress": wordpress.read,
    "disqus": disqus.read,
    "isso": isso.read,
    "remark42": remark42.read,
    "commento": commento.read,
    "native": native.read,
}
BATCH, EXAMPLES = 100, 5
_FIRST = datetime(1990, 1, 1, tzinfo=UTC)  # no comment is older; a date before is a mistake
_MAIL = re.compile(r"[^@\s<>]{1,64}@[^@\s<>]{3,189}")
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_ID = re.compile(r"[0-9a-hjkmnp-tv-z]{20}")


@dataclass
class Report:
    """What became of an archive. ``left_out``: why → how many; ``examples``: why → some of them."""

    kept: Counter[str] = field(default_factory=Counter)  # by status
    known: int = 0
    attached: int = 0
    pages: int = 0
    posts: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def leave_out(self, what: str, why: str) -> None:
        self.left_out[why] += 1
        some = self.examples.setdefault(why, [])
        if len(some) < EXAMPLES:
            some.append(what)


@dataclass
class _Import:
    """One archive on its way in."""

    tools: Toolbox
    site: Site
    kind: str
    moved_from: Sequence[str]
    dry_run: bool
    report: Report = field(default_factory=Report)
    ids: dict[str, str] = field(default_factory=dict)  # source → our id
    parents: dict[str, str] = field(default_factory=dict)  # source → source of what it answers
    closed: set[str] = field(default_factory=set)  # addresses of articles that take no comments
    answered: set[str] = field(default_factory=set)  # sources that something answers


def import_archive(
    tools: Toolbox,
    site: Site,
    kind: str,
    path: Path,
    *,
    moved_from: Sequence[str] = (),
    dry_run: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> Report:
    """Take in the comments of a file. A second time adds nothing; after a crash the next time completes it.

    Pages must be the site's; ``moved_from`` names origins that the articles had before. Comments keep dates and
    states; none is mailed about. The first pass keeps comments, the second hangs answers below them, since a file
    promises no order. Raises ``NotReadable``.
    """
    work = _Import(tools, site, kind, tuple(o.rstrip("/") for o in moved_from), dry_run)
    work.answered = {
        _source(work, e.page_url, e.parent) for e in READERS[kind](path) if isinstance(e, Entry) and e.parent
    }
    entries = _entries(work, READERS[kind](path))
    done = 0
    while batch := list(islice(entries, BATCH)):
        _keep(work, batch)
        done += len(batch)
        progress(done)
    _attach(work)
    if not dry_run:
        _count(work)
        tools.wake()
    return work.report


def _entries(work: _Import, found: Iterable[Found]) -> Iterator[tuple[str, Entry]]:
    """The comments that can be kept, each with its source; articles and refusals are dealt with on the way."""
    seen: set[str] = set()
    articles: list[Article] = []
    for one in found:
        if isinstance(one, LeftOut):
            work.report.leave_out(one.what, one.why)
        elif isinstance(one, Article):
            articles.append(one)
            if not one.open and (url := _address(work, one.url)):
                work.closed.add(url)
        elif entry := _usable(work, one):
            source = _source(work, one.page_url, one.source)
            if source in seen:
                work.report.leave_out(_name(one), "its id stands there twice")
            else:
                seen.add(source)
                if one.parent:
                    work.parents[source] = _source(work, one.page_url, one.parent)
                yield source, entry
        if len(articles) >= BATCH:
            _learn(work, articles)
            articles = []
    _learn(work, articles)


def _usable(work: _Import, entry: Entry) -> Entry | None:
    """The comment as it will be kept, or None with a line in the report."""
    why, url = "", _address(work, entry.page_url)
    body = _UNSEEN.sub("", entry.body).strip()
    if url is None:
        why = "its page is not this site's"
    elif entry.status is Status.DELETED:
        body = ""
        if _source(work, entry.page_url, entry.source) not in work.answered:
            why = "it was deleted, and nothing answers it"
    elif len(body.encode()) > MAX_BODY_BYTES:  # before anything looks into it: cleaning deep markup takes its square
        why = f"its text is longer than {MAX_BODY_BYTES} bytes"
    elif not body or not (visible_text(from_html(body)) if entry.markup else body):
        why = "it has no text"
    if why or url is None:
        work.report.leave_out(_name(entry), why)
        return None
    return replace(entry, page_url=url, body=body)


def _keep(work: _Import, batch: Sequence[tuple[str, Entry]]) -> None:
    with reading() as session:
        known = imports.known(session, work.site.id, [source for source, _ in batch])
        taken = imports.taken(session, [entry.own_id for _, entry in batch if entry.own_id])
    # Our own export, read by the site that wrote it: what is still there is known too.
    known |= {source: e.own_id for source, e in batch if taken.get(e.own_id) == work.site.id}
    work.ids |= known
    work.report.known += len(known)
    new = [(source, entry) for source, entry in batch if source not in known]
    work.ids |= {source: _id(work, source, entry, taken) for source, entry in new}
    work.report.kept.update(entry.status.value for _, entry in new)
    if work.dry_run or not new:
        return
    now = work.tools.clock.now()
    with transaction() as session:
        for source, entry in new:
            page = pages.by_url(session, work.site.id, entry.page_url)
            if page is None:
                page = pages.ensure(session, work.site.id, entry.page_url, _flat(entry.page_title, MAX_TITLE), now)
                work.report.pages += 1
                if entry.page_url in work.closed:
                    imports.close_page(session, page.id)
            kept = _comment(work, entry, work.ids[source], page.id)
            imports.add(session, kept, source, text_hash(kept.body) if kept.body else "", _line(kept, now))


def _comment(work: _Import, entry: Entry, own_id: str, page_id: int) -> Comment:
    shown = from_html(entry.body) if entry.markup else render(entry.body)
    gone = entry.status is Status.DELETED
    return Comment(
        id=own_id,
        site_id=work.site.id,
        page_id=page_id,
        status=entry.status,
        author="" if gone else _flat(entry.author, MAX_AUTHOR) or say(NO_NAME, work.site.language),
        body=visible_text(shown) if entry.markup else entry.body,
        body_html="" if gone else shown,
        created_at=_at(work, entry),
        email="" if gone else _mail(entry.email),
        website="" if gone else _website(entry.website),
        language=told(visible_text(shown)),
    )


def _line(comment: Comment, now: datetime) -> LogLine:
    return LogLine(now, Actor.MACHINE, "imported", Status.RECEIVED, comment.status)


def _attach(work: _Import) -> None:
    """Hang answers below what they answer. A missing parent, itself, or a circle leaves a comment at the top."""
    wanted = [(source, parent) for source, parent in work.parents.items() if source in work.ids]
    for start in range(0, len(wanted), BATCH):
        good = []
        for source, parent in wanted[start : start + BATCH]:
            if parent not in work.ids:
                work.report.leave_out(f"the place of comment {work.ids[source]}", "what it answers is not there")
            elif _circles(work, source):
                work.report.leave_out(f"the place of comment {work.ids[source]}", "it answers itself")
            else:
                good.append((work.ids[source], work.ids[parent]))
        if work.dry_run:
            work.report.attached += len(good)
            continue
        with transaction() as session:
            pages.lock_all(session, imports.pages_of(session, [child for child, _ in good]))
            work.report.attached += sum(imports.attach(session, child, parent) for child, parent in good)


def _circles(work: _Import, source: str) -> bool:
    seen, at = {source}, work.parents.get(source)
    while at is not None and at not in seen:
        seen.add(at)
        at = work.parents.get(at)
    return at is not None


def _count(work: _Import) -> None:
    """Of every page of the archive, since an import that broke off may have counted none."""
    ids, page_ids = list(work.ids.values()), set[int]()
    with reading() as session:
        for start in range(0, len(ids), BATCH):
            page_ids |= imports.pages_of(session, ids[start : start + BATCH])
    for page_id in sorted(page_ids):
        with transaction() as session:
            pages.lock(session, page_id)
            imports.recount(session, page_id)


def _learn(work: _Import, articles: Sequence[Article]) -> None:
    """Post numbers, for themes' forms."""
    numbered = [
        (one.number, url, _flat(one.title, MAX_TITLE))
        for one in articles
        if one.number is not None and (url := _address(work, one.url)) is not None
    ]
    work.report.posts += len(numbered) if work.dry_run else map_posts(work.site, numbered)[0]


def _address(work: _Import, url: str) -> str | None:
    """The article's address on this site, or None. A path alone, and http for https, are the site's own."""
    origins = work.site.origins
    if not url.strip() or not origins:
        return None
    full = urljoin(f"{origins[0]}/", url.strip())
    for old in work.moved_from:
        if full == old or full.startswith((f"{old}/", f"{old}?")):
            full = origins[0] + full[len(old) :]
    try:
        parts = urlsplit(full)
        same_host = next((o for o in origins if urlsplit(o).netloc == parts.netloc.lower()), None)
        if not belongs(full, origins) and same_host and parts.scheme in {"http", "https"}:
            full = same_host + full[len(f"{parts.scheme}://{parts.netloc}") :]
        return normalise(full) if belongs(full, origins) else None
    except ValueError:  # BadAddress is one
        return None


def _source(work: _Import, page: str, number: str) -> str:
    """One name for a comment of an archive; its id alone may stand on two pages."""
    place = "" if work.kind == "native" else page
    return hashlib.sha256(f"{work.kind}\0{place}\0{number}".encode("utf-8", "surrogatepass")).hexdigest()


def _id(work: _Import, source: str, entry: Entry, taken: Mapping[str, int]) -> str:
    """The id it had with us where it is free, so that links to it stay good; else one made of its date and source."""
    if _ID.fullmatch(entry.own_id) and entry.own_id not in taken:
        return entry.own_id
    return comment_id(_at(work, entry), int(source[:13], 16) >> 2)


def _at(work: _Import, entry: Entry) -> datetime:
    now = work.tools.clock.now()
    return min(entry.at, now) if entry.at and entry.at >= _FIRST else _FIRST


def _flat(text: str, most: int) -> str:
    return " ".join(_UNSEEN.sub("", text).split())[:most]


def _mail(text: str) -> str:
    local, _, domain = text.strip().rpartition("@")
    return f"{local}@{domain.lower()}" if _MAIL.fullmatch(text.strip()) and len(text.strip()) <= 254 else ""


def _website(text: str) -> str:
    try:
        found = normalise(text.strip()) if text.strip() else ""
    except BadAddress:
        return ""
    return found if len(found) <= MAX_WEBSITE else ""


def _name(entry: Entry) -> str:
    return f"comment {entry.source} on {entry.page_url or 'no page'}"[:200]
