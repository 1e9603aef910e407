"""What stands in a blog's feed: RSS 2.0 and its older kin, RSS 1.0, Atom.

Feeds in the wild say one encoding and use another, leave identities out, and put HTML where text belongs. Whatever is
found, what leaves here is plain text, one line a field, and addresses that are absolute http or https ones.
"""

import codecs
import hashlib
import re
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin
from xml.etree.ElementTree import Element, ParseError  # only names; reading is defusedxml's affair

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from engagement.domain.discussion.pages import MAX_URL, BadAddress, origin_of
from engagement.domain.mailing.articles import Entry
from engagement.markup import visible_text

MOST_ENTRIES = 500
LONGEST_TITLE, LONGEST_SUMMARY = 200, 400  # characters
LONGEST_TEXT = 10_000  # of one field, before its markup is taken off: cleaning deep markup takes its square
_SLOW = {"punycode", "idna"}  # no encodings of texts, and their time grows with the square
_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_BASE = "{http://www.w3.org/XML/1998/namespace}base"
_DECLARED = re.compile(rb"""^<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["'][^>]*\?>""")
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_JOINER = "\u200d"  # holds families of emoji together
_ONE_BYTE = {"iso-8859-1", "latin-1", "latin1", "windows-1252", "cp1252", "us-ascii", "ascii"}


class NotAFeed(ValueError):
    """The text is no feed; the message says what it is not."""


def parse(raw: bytes, *, url: str, charset: str = "") -> list[Entry]:
    """The articles of a feed in its own order, each identity once. ``url`` is the feed's, ``charset`` HTTP's.

    Raises ``NotAFeed``. Entities that the document itself declares, and what it wants fetched, are refused.
    """
    root = _tree(raw, charset)
    base = urljoin(url, root.get(_BASE, ""))
    found: dict[str, Entry] = {}
    for item in _items(root):
        entry = _entry(item, urljoin(base, item.get(_BASE, "")))
        found.setdefault(entry.guid, entry)
        if len(found) >= MOST_ENTRIES:
            break
    return list(found.values())


def _tree(raw: bytes, charset: str) -> Element:
    try:
        for text in _readings(raw.lstrip(b"\t\n\r "), charset):
            try:
                root: Element = fromstring(text)
                return root
            except DefusedXmlException:  # a kind of ValueError
                raise
            except (ParseError, LookupError, ValueError):
                continue
    except DefusedXmlException as error:
        raise NotAFeed("it declares entities of its own, which are not read") from error
    raise NotAFeed("it is not well-formed XML")


def _readings(raw: bytes, charset: str) -> Iterator[bytes]:
    """The same text, the likeliest encoding first; all but the first are UTF-8 made anew."""
    declared = _DECLARED.match(raw.removeprefix(b"\xef\xbb\xbf"))
    says = declared[1].decode().lower() if declared else ""
    if not (says in _ONE_BYTE and not raw.isascii() and _decoded(raw, "utf-8")):  # bytes that are UTF-8 are no accident
        yield raw
    for encoding in dict.fromkeys(("utf-8", charset, says, "cp1252")):
        text = _decoded(raw, encoding) if encoding else None
        if text is not None:
            yield _plain_xml(text)
    yield _plain_xml(raw.decode("utf-8", "replace"))


def _decoded(raw: bytes, encoding: str) -> str | None:
    try:
        if codecs.lookup(encoding).name in _SLOW:
            return None
        return raw.decode(encoding)
    except (ValueError, LookupError):  # not these letters, not an encoding
        return None


def _plain_xml(text: str) -> bytes:
    """Without its declaration, and without the characters that XML does not have."""
    text = re.sub(r"^<\?xml[^>]*\?>", "", _NOT_XML.sub("", text.removeprefix("\ufeff")).lstrip())
    return text.encode("utf-8")


def _items(root: Element) -> Iterator[Element]:
    name = _name(root)
    if name == "feed":
        return (child for child in root if _name(child) == "entry")
    if name == "rss":
        return (item for channel in root if _name(channel) == "channel" for item in channel if _name(item) == "item")
    if name == "RDF":
        return (child for child in root if _name(child) == "item")
    raise NotAFeed(f"it is XML, but neither RSS nor Atom: its root is {name[:40]!r}")


def _entry(item: Element, base: str) -> Entry:
    link = _link(item, base)
    said = _text(item, "guid") or _text(item, "id") or item.get(f"{_RDF}about", "").strip()
    guid = _child(item, "guid")
    if not link and guid is not None and guid.get("isPermaLink", "true").lower() == "true":
        link = _address(said, base)
    title = line(_text(item, "title"), LONGEST_TITLE)
    date = _text(item, "pubDate") or _text(item, "published") or _text(item, "date") or _text(item, "updated")
    told = (_text(item, name) for name in ("description", "summary", "encoded", "content"))
    return Entry(
        guid=said or link or hashlib.sha256(f"{title}\n{date}".encode()).hexdigest(),
        url=link,
        title=title or link,
        summary=line(next(filter(None, told), ""), LONGEST_SUMMARY),
        published_at=_date(date),
    )


def line(markup: str, longest: int) -> str:
    """What a reader would see of HTML or text, on one line, without marks that turn its direction; cut at a word."""
    seen = visible_text(markup[:LONGEST_TEXT])
    flat = " ".join("".join(" " if unicodedata.category(c) in _UNSEEN and c != _JOINER else c for c in seen).split())
    if len(flat) <= longest:
        return flat
    cut = flat[: longest - 1]
    return f"{cut[: cut.rfind(' ')] if ' ' in cut[longest // 2 :] else cut}…"


def _link(item: Element, base: str) -> str:
    """RSS's ``link`` is text; Atom's are elements, of which the alternate one, or the first without ``rel``, counts."""
    links = [child for child in item if _name(child) == "link"]
    for child in links:
        if child.get("href") and child.get("rel", "alternate") == "alternate":
            return _address(child.get("href", ""), urljoin(base, child.get(_BASE, "")))
    for child in links:
        if not child.get("href") and (text := "".join(child.itertext()).strip()):
            return _address(text, base)
    return ""


def _address(text: str, base: str) -> str:
    """Absolute http or https, or ""."""
    try:
        found = urljoin(base, text.strip())
        origin_of(found)
    except (BadAddress, ValueError):
        return ""
    return found if len(found) <= MAX_URL else ""


def _name(element: Element) -> str:
    """Without its namespace."""
    tag = element.tag if isinstance(element.tag, str) else ""
    return tag.rpartition("}")[2]


def _child(item: Element, name: str) -> Element | None:
    """The first child of a name; that of the feed's own kind before one of an extension (``media:title``)."""
    found = [child for child in item if _name(child) == name]
    own = item.tag.rpartition("}")[0]
    return next((child for child in found if child.tag.rpartition("}")[0] == own), found[0] if found else None)


def _text(item: Element, name: str) -> str:
    child = _child(item, name)
    return "".join(child.itertext()).strip() if child is not None else ""


def _date(text: str) -> datetime | None:
    """RFC 822 (RSS) or RFC 3339 (Atom, Dublin Core); without a zone it is UTC. None for anything else."""
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            found = read(text)
            return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
        except (ValueError, TypeError, OverflowError, IndexError):
            continue
    return None
