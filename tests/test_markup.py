"""What must hold for every rendered comment, whatever was sent."""

import gzip
import html
import json
import re
import time
from collections.abc import Iterator
from urllib.parse import urlsplit
from xml.etree import ElementTree

import html5lib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engagement.domain.desk.analysis import utf16_length as units
from engagement.domain.sites import MAX_BODY_BYTES
from engagement.markup import Mark, clean, count_links, render, source_text, underlined, visible_text
from tests.data_sets import DATA

TAGS = {"a", "p", "br", "em", "strong", "b", "i", "del", "s", "code", "pre", "blockquote", "ul", "ol", "li", "hr"}
TAGS |= {"html", "head", "body"}
ATTRIBUTES = {"a": {"href", "rel", "title", "lang"}, "code": {"class"}, "ol": {"start"}}


def check(markup: str) -> None:
    """An HTML parser of another make finds only what is allowed."""
    tree = html5lib.parse(markup, namespaceHTMLElements=False)
    for node in tree.iter():
        assert node.tag in TAGS, node.tag
        assert set(node.attrib) <= ATTRIBUTES.get(node.tag, set()), node.attrib
        if "href" in node.attrib:
            assert urlsplit(node.attrib["href"].strip()).scheme.lower() in {"http", "https", "mailto"}
            assert node.attrib["rel"] == "nofollow ugc noopener"


def payloads() -> Iterator[str]:
    for name in ("dompurify", "html5sec", "bleach", "naughty-strings"):
        for line in (DATA / "hostile-inputs" / f"{name}.jsonl").read_text("utf-8").splitlines():
            row = json.loads(line)
            if "payload" in row:
                yield row["payload"]
    with gzip.open(DATA / "xss" / "payloadbox.jsonl.gz", "rt", encoding="utf-8") as file:
        yield from (json.loads(line)["payload"] for line in file)


@pytest.mark.skipif(not DATA.is_dir(), reason="the corpora of hostile inputs are not beside this checkout")
def test_no_hostile_input_gets_through() -> None:
    count = 0
    for payload in payloads():
        check(render(payload))
        check(clean(payload))
        count += 1
    assert count > 3_000


@given(st.text(alphabet="<>&\"'/=ahref script:[]()*_`!\n-~", max_size=200))
@settings(max_examples=200, deadline=None)
def test_cleaning_twice_changes_nothing(text: str) -> None:
    once = render(text)
    check(once)
    assert clean(once) == once


def test_markdown_a_reader_expects_is_kept() -> None:
    assert render("**a** *b* ~~c~~ `d`") == ("<p><strong>a</strong> <em>b</em> <s>c</s> <code>d</code></p>")
    assert 'class="language-py"' in render("```py\nx = 1\n```")
    assert render("![x](http://i.example/x.png)").count("<img") == 0
    assert "href" not in render("[x](javascript:alert)") + render("[x](/desk/)")


def test_visible_text_is_what_a_reader_sees() -> None:
    assert visible_text(render("a **b**c &amp; d")) == "a bc & d"
    assert count_links(render("[a](http://a.example) [b](http://b.example)")) == 2


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("**Grazie** _mille_, ~~no~~ `sì`", "Grazie mille, no sì"),
        ("* uno\n* due", " uno\n due"),
        ("c*tt*vo e un_nome_lungo", "c*tt*vo e un_nome_lungo"),
        ('[qui](https://a.example/b_c "detto piano")', '[qui](https://a.example/b_c "detto piano")'),
    ],
)
def test_a_source_is_read_without_marks_of_emphasis(source: str, said: str) -> None:
    assert source_text(source) == said


def test_links_are_counted_wherever_their_address_stands() -> None:
    assert count_links(clean('<a title="x &gt; y" href="http://a.example">a</a><a name="b">b</a>')) == 1
    assert count_links(render('[a](http://a.example "<a href=") `<a href="x">`')) == 1
    assert count_links(render("[x](/relative)")) == 0


@pytest.mark.parametrize(
    "text",
    [
        "[a]: http://x.example/" + "b" * 30_000 + "\n\n" + "[a] " * 8_000,
        "[](b)" * 13_000,
        "<bb:>" * 13_000,
        "[a](http:b)" * 5_900,
        "*a*" * 21_000,
        '"' * MAX_BODY_BYTES,
        "&" * MAX_BODY_BYTES,
        "- a\n" * 16_000,
    ],
    ids=lambda text: text[:12],
)
def test_a_rendered_comment_is_never_much_longer_than_what_was_sent(text: str) -> None:
    assert len(render(text)) < 20 * len(text)


def test_only_a_language_class_is_kept() -> None:
    assert clean('<code class="language-c++">x</code>') == '<code class="language-c++">x</code>'
    for other in ("button", "language-", "language-a button", "x language-a", "language-" + "a" * 41):
        assert clean(f'<code class="{other}">x</code>') == "<code>x</code>"
    assert clean('<p class="language-c">x</p>') == "<p>x</p>"


@pytest.mark.skipif(not DATA.is_dir(), reason="the corpora of hostile inputs are not beside this checkout")
def test_a_comment_leaves_its_neighbours_and_itself_as_they_are() -> None:
    for payload in payloads():
        body = render(payload)
        page = f'<div id="one">{body}</div><div id="two"><p>neighbour</p></div>'
        tree = html5lib.parse(page, namespaceHTMLElements=False)
        assert [child.get("id") for child in tree.find("body")] == ["one", "two"], payload
        assert [child.tag for child in tree.find("body")[1]] == ["p"], payload
        written = html5lib.serialize(tree, omit_optional_tags=False, quote_attr_values="always")
        again = html5lib.parse(written, namespaceHTMLElements=False)
        assert ElementTree.tostring(again) == ElementTree.tostring(tree), payload


@pytest.mark.parametrize(
    "piece",
    ["![", "`", "*", "[", ">", "> ", "- ", "1. ", "a*b_", "\\", "&", "<!--", "[a]: b\n", "[a](", "~~", "\u0301"],
)
def test_the_longest_comment_of_one_sign_is_rendered_in_good_time(piece: str) -> None:
    text = piece * (MAX_BODY_BYTES // len(piece.encode()))
    begun = time.process_time()
    check(render(text))
    # Some hundredths of a second where it was written; anything quadratic takes minutes.
    assert time.process_time() - begun < 20


@pytest.mark.parametrize("piece", ["![", "`", "*", "[", ">", "- ", "**a", "<", "](", "_a_", "~~"])
def test_no_repetition_blows_up(piece: str) -> None:
    check(render((piece * 65_525)[:20_000]))


MARKDOWN = [
    "**a**",
    "🙂",
    "&",
    "<b>",
    "`x < y`",
    "\n\n",
    "> q",
    "[l](https://a.example/?a=1&b=2)",
    "- i",
    "ciao",
    " ",
    '"',
]
markdown = st.lists(st.sampled_from(MARKDOWN), max_size=20).map(" ".join) | st.text(max_size=200)


@given(markdown, st.lists(st.integers(0, 60), max_size=6))
def test_marks_stand_in_the_visible_text_where_they_say(text: str, borders: list[int]) -> None:
    body = render(text)
    visible = visible_text(body)
    cuts = sorted({min(border, len(visible)) for border in borders})
    marks = [Mark(units(visible[:b]), units(visible[:e])) for b, e in zip(cuts[::2], cuts[1::2], strict=False)]
    marked = underlined(body, marks)
    assert marked.replace("<mark>", "").replace("</mark>", "") == body
    found = "".join(re.findall(r"<mark>(.*?)</mark>", marked, re.DOTALL))
    wanted = "".join(visible[b:e] for b, e in zip(cuts[::2], cuts[1::2], strict=False))
    assert "".join(html.unescape(found).split()) == "".join(wanted.split())


def test_a_mark_cannot_break_out_of_its_attributes() -> None:
    assert underlined("<p>a</p>", [Mark(0, 1, '"><b>', '" onclick="')]) == (
        '<p><mark class="&quot;&gt;&lt;b&gt;" title="&quot; onclick=&quot;">a</mark></p>'
    )
