"""What a feed says, whatever it is written in: plain text, absolute addresses, an identity for each article."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engagement.archives.feeds import MOST_ENTRIES, NotAFeed, line, parse
from engagement.domain.mailing.articles import Entry

URL = "https://blog.example/feed/index.xml"
RSS = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:media="http://search.yahoo.com/mrss/" xmlns:atom="http://www.w3.org/2005/Atom">
<channel><title>Il blog</title><link>https://blog.example/</link><atom:link href="https://blog.example/feed" rel="self"/>
<item><media:title>no</media:title><title>Perch&#233; un &lt;i&gt;server&lt;/i&gt; &amp;amp; basta</title>
<link>https://blog.example/server</link><guid isPermaLink="false">42</guid><pubDate>Wed, 25 Nov 2026 10:00:00 +0100</pubDate>
<description><![CDATA[<p>Un vecchio <b>portatile</b>.</p><script>alert(1)</script><img src="https://evil.example/p.gif"><p>Fine.</p>]]></description>
<content:encoded><![CDATA[<p>Tutto il testo</p>]]></content:encoded></item>
<item><title>Senza identità</title><link> /relativo </link><dc:date>2026-11-24T08:00:00Z</dc:date>
<content:encoded>&lt;p&gt;Solo contenuto&lt;/p&gt;</content:encoded></item>
<item><guid>https://blog.example/guid-che-porta</guid><description>Senza titolo</description></item>
<item><title>Nulla</title></item>
<item><title>Doppio</title><guid isPermaLink="false">42</guid><link>https://blog.example/altro</link></item>
</channel></rss>"""
ATOM = """<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://blog.example/a/">
<title>b</title><link rel="self" href="feed.atom"/>
<entry xml:base="2026/"><id>tag:blog.example,2026:1</id><title type="html">A &amp;lt;b&amp;gt; e &lt;b&gt;c&lt;/b&gt;</title>
<link rel="enclosure" href="https://evil.example/x.mp3"/><link rel="replies" href="r"/><link href="primo"/>
<published>2026-11-25T10:00:00+01:00</published><updated>2026-11-26T10:00:00Z</updated><summary>Riassunto</summary></entry>
<entry><id>2</id><title type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">Due <em>parole</em></div></title>
<link rel="alternate" href="/secondo"/><updated>2026-11-26T10:00:00</updated><content>Il contenuto</content></entry>
</feed>"""
RDF = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
 xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="https://blog.example/"><title>b</title></channel>
<item rdf:about="https://blog.example/uno"><title>Uno</title><link>https://blog.example/uno</link>
<description>d</description><dc:date>2026-11-25</dc:date></item></rdf:RDF>"""


def read(text: str | bytes, **options: str) -> list[Entry]:
    return parse(text.encode() if isinstance(text, str) else text, url=URL, **options)


def item(inner: str) -> Entry:
    [found] = read(f"<rss><channel><item>{inner}</item></channel></rss>")
    return found


def test_rss_2_is_read() -> None:
    first, second, third, fourth = read(RSS)
    assert first == Entry(
        "42",
        "https://blog.example/server",
        "Perché un server & basta",
        "Un vecchio portatile. Fine.",
        datetime(2026, 11, 25, 9, 0, tzinfo=UTC),
    )
    assert (second.guid, second.url) == ("https://blog.example/relativo", "https://blog.example/relativo")
    assert (second.summary, second.published_at) == ("Solo contenuto", datetime(2026, 11, 24, 8, 0, tzinfo=UTC))
    assert (third.url, third.title) == ("https://blog.example/guid-che-porta", "https://blog.example/guid-che-porta")
    assert (fourth.url, fourth.title, len(fourth.guid)) == ("", "Nulla", 64)


def test_atom_is_read() -> None:
    first, second = read(ATOM)
    assert first == Entry(
        "tag:blog.example,2026:1",
        "https://blog.example/a/2026/primo",
        "A <b> e c",
        "Riassunto",
        datetime(2026, 11, 25, 9, 0, tzinfo=UTC),
    )
    assert (second.url, second.title, second.summary) == ("https://blog.example/secondo", "Due parole", "Il contenuto")
    assert second.published_at == datetime(2026, 11, 26, 10, 0, tzinfo=UTC)


def test_rss_1_is_read() -> None:
    assert read(RDF) == [
        Entry("https://blog.example/uno", "https://blog.example/uno", "Uno", "d", datetime(2026, 11, 25, tzinfo=UTC))
    ]


def test_rss_0_91_with_its_document_type_is_read_and_nothing_is_fetched() -> None:
    kind = '<!DOCTYPE rss PUBLIC "-//Netscape//DTD RSS 0.91//EN" "http://127.0.0.1:1/rss-0.91.dtd">'
    text = f"<?xml version='1.0'?>{kind}<rss version='0.91'><channel><item><title>t</title></item></channel></rss>"
    assert [entry.title for entry in read(text)] == ["t"]


ACCENTS = "<rss><channel><item><title>Perché è così: «università»</title></item></channel></rss>"


@pytest.mark.parametrize(
    ("declared", "written", "charset"),
    [
        ("UTF-8", "utf-8", ""), ("ISO-8859-1", "iso-8859-1", ""), ("windows-1252", "cp1252", ""), ("UTF-16", "utf-16", ""),
        ("UTF-8", "cp1252", ""),  # says one thing and is another
        ("ISO-8859-1", "utf-8", ""), ("us-ascii", "utf-8", ""),
        ("nonsense", "utf-8", ""), ("", "cp1252", "windows-1252"), ("", "cp1252", ""), ("UTF-8", "utf-8-sig", "utf-8"),
        ("UTF-8", "utf-8", "iso-8859-1"), ("UTF-8", "utf-8", "nonsense"),
    ],
)  # fmt: skip
def test_a_wrong_encoding_is_seen_through(declared: str, written: str, charset: str) -> None:
    head = f'<?xml version="1.0" encoding="{declared}"?>\n' if declared else ""
    [entry] = read((head + ACCENTS).encode(written), charset=charset)
    assert entry.title == "Perché è così: «università»"


def test_characters_that_xml_does_not_have_and_space_before_it_are_forgiven() -> None:
    [entry] = read("\n\n <?xml version='1.0' encoding='utf-8'?>" + ACCENTS.replace("così", "co\x08sì\x00"))
    assert entry.title == "Perché è così: «università»"


@pytest.mark.parametrize(
    "bomb",
    [
        '<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]><rss>&b;</rss>',
        '<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/passwd">]><rss><channel><item><title>&a;</title></item></channel></rss>',
        '<!DOCTYPE r [<!ENTITY % a SYSTEM "http://127.0.0.1/x"> %a;]><rss/>',
    ],
)
def test_entities_of_the_document_s_own_are_refused(bomb: str) -> None:
    with pytest.raises(NotAFeed, match="entities"):
        read(bomb)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "no",
        "<html><body/></html>",
        "{}",
        "<rss",
        "<?xml version='1.0'?>",
        "<svg xmlns='x'/>",
        b"\x00\xff\xfe",
        b"\x1f\x8b",
    ],
)
def test_what_is_no_feed_is_told_so(text: str | bytes) -> None:
    with pytest.raises(NotAFeed):
        read(text)


def test_a_feed_without_articles_is_a_feed() -> None:
    assert read("<rss><channel/></rss>") == read("<rss/>") == read("<feed xmlns='http://www.w3.org/2005/Atom'/>") == []


def test_an_encoding_that_is_none_does_not_take_for_ever() -> None:
    [entry] = read(
        b"<rss><channel><item><title>" + b"\xe8" * 4_000_000 + b"</title></item></channel></rss>", charset="punycode"
    )
    assert entry.title.startswith("èèè")


def test_deep_nesting_and_many_articles_are_survived() -> None:
    deep = "<b>" * 200_000 + "x" + "</b>" * 200_000
    assert item(f"<title>t</title><description>{deep}</description>").title == "t"
    many = "".join(f"<item><guid>{number}</guid></item>" for number in range(3 * MOST_ENTRIES))
    assert len(read(f"<rss><channel>{many}</channel></rss>")) == MOST_ENTRIES


@pytest.mark.parametrize(
    ("link", "kept"),
    [
        ("https://blog.example/a", "https://blog.example/a"), ("HTTP://Blog.example/a", "HTTP://Blog.example/a"), ("/a?b=c", "https://blog.example/a?b=c"),
        ("a", "https://blog.example/feed/a"), ("javascript:alert(1)", ""), ("data:text/html,x", ""), ("mailto:a@b.example", ""),
        ("https://user:secret@evil.example/", ""), ("https://blog.example\\@evil.example", ""), ("http://[", ""),
        ("https://blog.example/a b", ""), ("https://blog.example/" + "a" * 3000, ""),
    ],
)  # fmt: skip
def test_links_are_absolute_web_addresses_or_none(link: str, kept: str) -> None:
    assert item(f"<guid isPermaLink='false'>1</guid><link>{link.replace('&', '&amp;')}</link>").url == kept


@pytest.mark.parametrize(
    ("date", "meant"),
    [
        ("Wed, 25 Nov 2026 10:00:00 GMT", datetime(2026, 11, 25, 10, 0, tzinfo=UTC)),
        ("25 Nov 2026 10:00 EST", datetime(2026, 11, 25, 15, 0, tzinfo=UTC)),
        ("2026-11-25T10:00:00.123Z", datetime(2026, 11, 25, 10, 0, 0, 123000, tzinfo=UTC)),
        ("Wed, 25 Nov 2026 10:00:00", datetime(2026, 11, 25, 10, 0, tzinfo=UTC)),
        ("ieri", None), ("", None), ("Wed, 99 Nov 2026 10:00:00 GMT", None), ("0001-01-01T00:00:00+14:00", None),
        ("Wed, 25 Nov 99999 10:00:00 GMT", None), ("2026-11-25T10:00:00+99:00", None),
    ],
)  # fmt: skip
def test_dates_are_read_or_left_out(date: str, meant: datetime | None) -> None:
    assert item(f"<pubDate>{date}</pubDate>").published_at == meant


@pytest.mark.parametrize(
    ("markup", "seen"),
    [
        ("5 &lt; 6 &amp; 7", "5 < 6 & 7"), ("<b>forte</b>", "forte"), ("a<br>b", "a b"), ("<script>alert(1)</script>x", "x"),
        ("<img src=x onerror=alert(1)>", ""), ("a\u202eb\u2066c", "a b c"), ("a\r\nBcc: x", "a Bcc: x"), ("  a \n b ", "a b"),
        ("👩‍👩‍👧 ok", "👩‍👩‍👧 ok"), ("<p>uno</p><p>due</p>", "uno due"), ("a\x1bb", "a b"),
    ],
)  # fmt: skip
def test_only_text_is_kept_on_one_line(markup: str, seen: str) -> None:
    assert line(markup, 100) == seen


def test_a_long_text_is_cut_between_words() -> None:
    cut = line("parola " * 100, 50)
    assert cut == "parola parola parola parola parola parola parola…"
    assert line("x" * 500, 50) == "x" * 49 + "…"
    assert line("x" * 50, 50) == "x" * 50


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300), st.sampled_from(["", "utf-8", "utf-16", "idna", "base64", "x\0y"]))
def test_no_bytes_break_it(raw: bytes, charset: str) -> None:
    for text in (raw, b"<rss><channel><item><title>" + raw + b"</title></item></channel></rss>"):
        try:
            for entry in parse(text, url=URL, charset=charset):
                assert "\n" not in entry.title + entry.summary
        except NotAFeed:
            pass
