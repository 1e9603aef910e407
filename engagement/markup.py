"""A comment's Markdown as safe HTML, made once at write. Cleaning is the last step; nothing touches it after."""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import nh3
from markdown_it import MarkdownIt

from engagement.domain.desk.analysis import utf16_length

_TAGS = {"a", "p", "br", "em", "strong", "b", "i", "del", "s", "code", "pre", "blockquote", "ul", "ol", "li", "hr"}
_ATTRIBUTES: dict[str, set[str]] = {"*": set(), "a": {"href", "title", "lang"}, "code": {"class"}, "ol": {"start"}}
_LANGUAGE_CLASS = re.compile(r"language-[A-Za-z0-9_+#-]{1,40}")
_LINK = re.compile(r"""<a(?: [a-z]+="[^"]*")*? href=""")
_BLOCKS = re.compile(r"<(?:p|br|ul|ol|blockquote|pre|div)\b", re.IGNORECASE)
_EMPTY_LINES = re.compile(r"\n[ \t]*\n\s*")
_WHOLE_LINK = re.compile(r"<a [^>]*>.*?</a>", re.DOTALL)
_TARGET = re.compile(r"""<a(?: [a-z]+="[^"]*")*? href="([^"]*)\"""")
_WRITTEN = re.compile(r"(?:https?://|\bwww\.)[^\s<>\"']", re.IGNORECASE)
_PIECE = re.compile(r"""(<(?:[^<>"']|"[^"]*"|'[^']*')*>|&[#\w]+;)""")
_EMPHASIS = re.compile(r"(?<!\w)[*_~`]+|[*_~`]+(?!\w)")
_BREAKS = re.compile(r"</(?:p|li|blockquote|pre|ul|ol)>|<(?:br|hr)\s*/?>")


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    # Raw HTML is read as text; a nesting limit keeps hostile quotes flat. No reference definitions: one long address
    # named thousands of times makes hundreds of megabytes of a comment of 60 KB.
    parser = MarkdownIt("commonmark", {"html": False, "linkify": False, "breaks": True, "maxNesting": 20})
    return parser.enable("strikethrough").disable(["image", "heading", "lheading", "reference"])


def render(markdown: str) -> str:
    """HTML with only the allowed elements; links go to http, https or mailto, ``rel="nofollow ugc noopener"``."""
    return clean(_parser().render(markdown))


def clean(markup: str) -> str:
    """Drop all but the allowed elements and attributes. Cleaning twice changes nothing."""
    return nh3.clean(
        markup,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel="nofollow ugc noopener",
        attribute_filter=_keep,
        url_relative="deny",
    ).strip()


def visible_text(body_html: str) -> str:
    """What a reader sees of a rendered comment, blocks on lines of their own."""
    spaced = _BREAKS.sub("\n", body_html)
    return html.unescape(nh3.clean(spaced, tags=set())).strip()


def source_text(markdown: str) -> str:
    """What a comment's source says, shown or not, without its marks of emphasis: models read them as masked letters.

    Marks inside a word stay: where Markdown takes them for emphasis the visible text holds the word without them.
    """
    return _EMPHASIS.sub("", markdown)


@dataclass(frozen=True)
class Mark:
    """A part of the visible text to underline: ``begin`` to ``end`` in UTF-16 code units; a CSS class and a hint."""

    begin: int
    end: int
    style: str = ""
    title: str = ""

    def around(self, markup: str) -> str:
        style = f' class="{html.escape(self.style)}"' if self.style else ""
        title = f' title="{html.escape(self.title)}"' if self.title else ""
        return f"<mark{style}{title}>{markup}</mark>"


def underlined(body_html: str, marks: Sequence[Mark]) -> str:
    """A rendered comment with parts of its ``visible_text`` in ``<mark>``; they must not overlap.

    Tags and entities stay whole: what is marked is text between them.
    """
    pieces = [(piece, _shown(piece)) for piece in _PIECE.split(body_html) if piece]
    raw = "".join(shown for _, shown in pieces)
    at = -utf16_length(raw[: len(raw) - len(raw.lstrip())])
    out: list[str] = []
    for piece, shown in pieces:
        size = utf16_length(shown)
        here = [m for m in marks if m.begin < at + size and at < m.end] if not piece.startswith("<") else []
        out.append(_marked(piece, at, here) if here else piece)
        at += size
    return "".join(out)


def _shown(piece: str) -> str:
    if piece.startswith("<"):
        return "\n" if _BREAKS.fullmatch(piece) else ""
    return html.unescape(piece)


def _marked(piece: str, at: int, marks: Sequence[Mark]) -> str:
    if piece.startswith("&"):
        return marks[0].around(piece)
    found, out, done = piece.encode("utf-16-le"), [], 0
    for mark in marks:
        begin, end = max(0, mark.begin - at), mark.end - at
        out.append(found[2 * done : 2 * begin].decode("utf-16-le"))
        out.append(mark.around(found[2 * begin : 2 * end].decode("utf-16-le")))
        done = end
    return "".join([*out, found[2 * done :].decode("utf-16-le")])


def count_links(body_html: str) -> int:
    """Links in a rendered text; two addresses that stand there without being one count as one, as they do less.

    The website an author left beside the name does not count.
    """
    written = len(_WRITTEN.findall(_WHOLE_LINK.sub(" ", body_html)))
    return len(_LINK.findall(body_html)) + written // 2


def link_targets(body_html: str) -> tuple[str, ...]:
    """Where the links of a rendered text lead."""
    return tuple(html.unescape(target) for target in _TARGET.findall(body_html))


def _keep(tag: str, attribute: str, value: str) -> str | None:
    if tag == "code" and attribute == "class":
        return value if _LANGUAGE_CLASS.fullmatch(value) else None
    if tag == "ol" and attribute == "start":
        return value if value.isascii() and value.isdigit() and len(value) < 9 else None
    return value


def from_html(text: str) -> str:
    """Another system's HTML, or its text with bare line breaks, as safe HTML."""
    if _BLOCKS.search(text):
        return clean(text)
    parts = (part.strip().replace("\n", "<br>\n") for part in _EMPTY_LINES.split(text.replace("\r\n", "\n")))
    return clean("\n".join(f"<p>{part}</p>" for part in parts if part))
