"""WordPress's export (WXR, every version): one article at a time, whatever the size of the file."""

from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from engagement.archives.entries import UNREADABLE, Article, Entry, Found, LeftOut, NotReadable, moment, xml
from engagement.domain.comments import Status

_WP = "{http://wordpress.org/export/"
_STATES = {
    "1": Status.PUBLISHED,
    "0": Status.HELD,
    "spam": Status.SPAM,
    "trash": Status.REJECTED,
    "post-trashed": Status.REJECTED,
}
_PUBLIC = {"", "publish"}


def read(path: Path) -> Iterator[Found]:
    """Articles with their numbers, then their comments. Raises ``NotReadable`` where not one article could be read."""
    articles = 0
    with xml(path) as file:
        try:
            for _, element in iterparse(file, events=("end",)):
                if element.tag == "item":
                    articles += 1
                    yield from _item(element)
                    element.clear()
        except (ParseError, DefusedXmlException, *UNREADABLE) as error:
            if not articles:
                raise NotReadable(f"this is no WordPress export: {error}") from error
            yield LeftOut("the rest of the file", f"it is broken there: {error}")
    if not articles:
        raise NotReadable("this is no WordPress export: there is no article in it")


def _item(item: Element) -> Iterator[Found]:
    link, title = _text(item, "link"), _text(item, "title")
    if _text(item, "post_type") == "attachment" and item.find("{*}comment") is None:
        return
    public = _text(item, "status") in _PUBLIC
    number = _text(item, "post_id")
    if public and link:
        known = int(number) if number.isascii() and number.isdigit() and len(number) < 19 else None
        yield Article(link, title, known, _text(item, "comment_status") != "closed")
    for comment in item:
        if comment.tag.startswith(_WP) and comment.tag.endswith("}comment"):
            yield _comment(comment, link, title, public)


def _comment(comment: Element, link: str, title: str, public: bool) -> Found:
    number, kind = _text(comment, "comment_id"), _text(comment, "comment_type")
    if kind not in {"", "comment"}:
        return LeftOut(f"comment {number}", f"it is a {kind}")
    if not public:
        return LeftOut(f"comment {number}", "its article is not published")
    state = _text(comment, "comment_approved")
    if state not in _STATES:
        return LeftOut(f"comment {number}", f"its state {state!r} is unknown")
    parent = _text(comment, "comment_parent")
    return Entry(
        source=number,
        page_url=link,
        page_title=title,
        body=_text(comment, "comment_content"),
        author=_text(comment, "comment_author"),
        email=_text(comment, "comment_author_email"),
        website=_text(comment, "comment_author_url"),
        parent="" if parent == "0" else parent,
        at=moment(_text(comment, "comment_date_gmt")) or moment(_text(comment, "comment_date")),
        status=_STATES[state],
        markup=True,
    )


def _text(element: Element, name: str) -> str:
    """The text of a child in WordPress's namespace, of any version, or in none."""
    for child in element:
        if child.tag == name or (child.tag.startswith(_WP) and child.tag.endswith("}" + name)):
            return (child.text or "").strip()
    return ""
