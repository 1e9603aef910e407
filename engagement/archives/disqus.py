"""Disqus's export: threads first, in one pass over the file, then posts in another; it promises no order."""

from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from engagement.archives.entries import UNREADABLE, Article, Entry, Found, LeftOut, NotReadable, moment, xml
from engagement.domain.comments import Status

_NS, _ID = "{http://disqus.com}", "{http://disqus.com/disqus-internals}id"


def read(path: Path) -> Iterator[Found]:
    """Raises ``NotReadable`` where there is no thread."""
    threads: dict[str, Article] = {}
    for thread in _each(path, "thread"):
        if isinstance(thread, Element) and len(thread):  # inside of a post it is a mere reference
            closed = _text(thread, "isClosed") == "true"
            threads[thread.get(_ID, "")] = Article(_text(thread, "link"), _text(thread, "title"), open=not closed)
    if not threads:
        raise NotReadable("this is no Disqus export: there is no thread in it")
    yield from (thread for thread in threads.values() if thread.url)
    for post in _each(path, "post"):
        yield _post(post, threads) if isinstance(post, Element) else post


def _each(path: Path, name: str) -> Iterator[Element | LeftOut]:
    """Every element of a name, and the place where the file breaks off."""
    with xml(path) as file:
        try:
            for _, element in iterparse(file, events=("end",)):
                if element.tag == _NS + name:
                    yield element
                if element.tag == _NS + "post" or (element.tag == _NS + "thread" and len(element)):
                    element.clear()
        except (ParseError, DefusedXmlException, *UNREADABLE) as error:
            yield LeftOut("the rest of the file", f"it is broken there: {error}")


def _post(post: Element, threads: dict[str, Article]) -> Found:
    number = post.get(_ID, "")
    if not number:
        return LeftOut("a post", "it has no id")
    thread = threads.get(_reference(post, "thread"))
    if thread is None or not thread.url:
        return LeftOut(f"post {number}", "its thread is not in the file")
    author = post.find(_NS + "author")
    return Entry(
        source=number,
        page_url=thread.url,
        page_title=thread.title,
        body=_text(post, "message"),
        author=_text(author, "name"),
        email=_text(author, "email"),
        website=_text(author, "link"),
        parent=_reference(post, "parent"),
        at=moment(_text(post, "createdAt")),
        status=_status(post),
        markup=True,
    )


def _status(post: Element) -> Status:
    if _text(post, "isDeleted") == "true":
        return Status.DELETED
    if _text(post, "isSpam") == "true":
        return Status.SPAM
    return Status.HELD if _text(post, "isApproved") == "false" else Status.PUBLISHED


def _reference(post: Element, name: str) -> str:
    found = post.find(_NS + name)
    return found.get(_ID, "") if found is not None else ""


def _text(element: Element | None, name: str) -> str:
    found = element.find(_NS + name) if element is not None else None
    return (found.text or "").strip() if found is not None else ""
