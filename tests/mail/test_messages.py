"""Letters say what they mean to, to whom they mean to, and carry no stranger's links or headers."""

import re
from html.parser import HTMLParser

import pytest

from engagement.domain.notices import NoticeKind
from engagement.mail import messages
from engagement.mail.messages import Letterbox, header_safe
from tests.mail.facts import AT, FACTS, MESSAGE_ID, SENDER, part, read, write

HEADERS = {
    "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress", "List-Id",
    "In-Reply-To", "References", "Reply-To", "MIME-Version", "Content-Type",
}  # fmt: skip
LISTED = {NoticeKind.NEW_ARTICLE, NoticeKind.WEEKLY_DIGEST}
OF_LISTS = HEADERS | {"List-Unsubscribe", "List-Unsubscribe-Post"}
ARTICLE = "https://blog.example/server"
MIME = {"MIME-Version", "Content-Type"}
KINDS = list(NoticeKind)
QUOTING = [
    NoticeKind.COMMENT_HELD,
    NoticeKind.COMMENT_PUBLISHED,
    NoticeKind.CONTACT_MESSAGE,
    NoticeKind.COMMENT_REPLY,
]
# A title or a site's name that tries to be a header, or to change one.
HOSTILE = {
    "encoded word with a line break": "=?utf-8?q?x=0ABcc:_victim@example.com?=",
    "encoded word with CR LF": "=?utf-8?q?x=0D=0ABcc:_victim@example.com?=",
    "base64 word": "=?utf-8?b?eApCY2M6IHZpY3RpbUBleGFtcGxlLmNvbQ==?=",
    "word in a word": "==??utf-8?q?x=0ABcc:_victim@example.com?=",
    "word hidden by a mark": "=\u200b?utf-8?q?x=0ABcc:_victim@example.com?=",
    "CR LF": "x\r\nBcc: victim@example.com",
    "LF": "x\nBcc: victim@example.com",
    "CR": "x\rBcc: victim@example.com",
    "folded": "x\r\n Bcc: victim@example.com",
    "line separator": "x\u2028Bcc: victim@example.com",
    "next line": "x\x85Bcc: victim@example.com",
    "vertical tab and form feed": "x\x0b\x0cBcc: victim@example.com",
    "NUL": "x\x00Bcc: victim@example.com",
    "body": "x\r\n\r\n<b>another letter</b>",
    "right to left": "x\u202emoc.elpmaxe\u202c",
    "long": "à" * 10_000,
    "emoji": "👩‍👩‍👧‍👦 è già qui",
    "half a pair": "x\ud83d",
    "address": '"victim@example.com" <victim@example.com>, other@example.com',
    "empty": "",
}


class Links(HTMLParser):
    """Every address that an element of the page would follow or fetch."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.names: set[str] = set()
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.found += [str(v) for k, v in attrs if k in {"href", "src", "background", "action"}]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", ["it", "en"])
def test_a_letter_has_text_first_then_html_and_both_hold_its_link(kind: NoticeKind, language: str) -> None:
    raw = write(kind, language)
    assert read(raw).get_content_type() == "multipart/alternative"
    assert [p.get_content_type() for p in read(raw).iter_parts()] == ["text/plain", "text/html"]
    links = {
        NoticeKind.COMMENT_HELD: FACTS["decide_url"],
        NoticeKind.COMMENT_REPORTED: FACTS["decide_url"],
        NoticeKind.REPORT_DECIDED: FACTS["comment_url"],
        NoticeKind.COMMENT_PUBLISHED: FACTS["page_url"],
        NoticeKind.NEWSLETTER_CONFIRM: FACTS["confirm_url"],
        NoticeKind.NEWSLETTER_LEAVE: FACTS["leave_url"],
        NoticeKind.CONTACT_MESSAGE: FACTS["desk_url"],
        NoticeKind.APPEAL_DECIDED: FACTS["page_url"],
        NoticeKind.COMMENT_DIGEST: (
            "https://blog.example/decide/abc",
            "https://blog.example/server#comment-2",
            FACTS["desk_url"],
        ),
        NoticeKind.WEEKLY_SUMMARY: ("https://blog.example/server", FACTS["desk_url"]),
        NoticeKind.MODERATION_REMINDER: FACTS["desk_url"],
        NoticeKind.REPLY_CONFIRM: FACTS["confirm_url"],
        NoticeKind.COMMENT_REPLY: (FACTS["page_url"], FACTS["leave_url"]),
        NoticeKind.NEW_ARTICLE: (ARTICLE, FACTS["leave_url"]),
        NoticeKind.WEEKLY_DIGEST: (ARTICLE, FACTS["leave_url"]),
    }[kind]
    wanted = list(links) if isinstance(links, tuple) else [links]
    assert [link for link in wanted if str(link) not in part(raw, "plain")] == []
    more = [FACTS["preferences_url"]] if kind.value.startswith("newsletter-") else []
    assert Links(part(raw, "html")).found == [*wanted, *more]
    assert f'lang="{language}"' in part(raw, "html")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("where", ["Subject", "plain", "html"])
def test_each_part_is_in_the_language_asked_for(kind: NoticeKind, where: str) -> None:
    def seen(language: str) -> str:
        raw = write(kind, language)
        return str(read(raw)["Subject"]) if where == "Subject" else part(raw, where)

    italian = re.compile(
        r"\b(commento|attende|conferma|iscrizione|scritto|decidi|leggilo|newsletter di|messaggio|oggetto|riesame|"
        r"segnalazione|commenti|risposte|nuovo articolo|nuovi articoli|settimana)\b",
        re.I,
    )
    english = re.compile(
        r"\b(comment (waits|on)|confirm (your|it)|wrote|subscription|message (of|from)|your comment|another look|"
        r"reported|report|asks you|leave the newsletter|comments|replies|the week|this week|new (articles?|on)|week (on|with)|last week)\b",
        re.I,
    )
    assert italian.search(seen("it")), seen("it")
    assert not english.search(seen("it"))
    assert english.search(seen("en")), seen("en")


def test_headers_are_the_ones_of_an_automatic_letter() -> None:
    letter = read(write())
    assert set(letter.keys()) == HEADERS
    assert letter["Reply-To"] == "lettrice@posta.example"
    assert letter["From"] == f"Il blog di prova <{SENDER}>"
    assert letter["To"] == "autore@demo.example"
    assert letter["Message-ID"] == MESSAGE_ID
    assert letter["Date"].datetime == AT
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["X-Auto-Response-Suppress"] == "All"
    assert letter["List-Id"] == "<comment-held.blog.example>"
    assert re.fullmatch(r"<post\.[0-9a-f]{24}@blog\.example>", letter["References"])
    assert letter["In-Reply-To"] == letter["References"]


@pytest.mark.parametrize("kind", sorted(LISTED))
def test_a_letter_to_a_list_names_the_list_and_the_way_out_of_it(kind: NoticeKind) -> None:
    long = "https://commenti.giornale.example/newsletter/leave/" + "x" * 200
    raw = write(kind, leave_url=long)
    letter = read(raw)
    assert set(letter.keys()) == OF_LISTS - {"In-Reply-To", "References"}
    assert letter["List-Id"] == "<demo.newsletter.blog.example>"
    assert f"\r\nList-Unsubscribe: <{long}>\r\n".encode() in raw
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    with pytest.raises(ValueError, match=r"."):
        write(kind, leave_url="https://blog.example/x\r\nBcc: victim@example.com")


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_an_article_s_words_become_neither_headers_nor_markup(text: str) -> None:
    article = {"title": f"{text}<b>x</b>", "summary": f"<img src=x>{text}", "url": ARTICLE}
    try:
        raw = write(NoticeKind.NEW_ARTICLE, articles=[article])
    except ValueError:
        assert text == HOSTILE["half a pair"]
        return
    assert not re.search(rb"(?im)^\s*(bcc|cc)\s*:", raw.split(b"\r\n\r\n")[0])
    assert set(read(raw).keys()) == OF_LISTS - {"In-Reply-To", "References"}
    assert Links(part(raw, "html")).names.isdisjoint({"b", "img"})
    assert Links(part(raw, "html")).found == [ARTICLE, FACTS["leave_url"]]


def test_letters_about_one_page_stand_in_one_thread() -> None:
    roots = {
        read(write(page_url=url))["References"]
        for url in ("https://blog.example/a", "https://blog.example/a", "https://blog.example/b")
    }
    assert len(roots) == 2


def test_the_same_letter_is_the_same_bytes() -> None:
    assert write() == write()


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("fact", ["page_title", "site_name", "author", "body", "topic", "email", "reply_to"])
@pytest.mark.parametrize("kind", KINDS)
def test_no_text_becomes_a_header_or_a_recipient(kind: NoticeKind, fact: str, text: str) -> None:
    try:
        raw = write(kind, **{fact: text})
    except ValueError:
        assert fact == "body" or text == HOSTILE["half a pair"]  # unwritable bytes may be refused, never bent
        return
    head = raw.split(b"\r\n\r\n")[0]
    assert not re.search(rb"(?im)^\s*(bcc|cc)\s*:", head)
    letter = read(raw)
    assert set(letter.keys()) <= (OF_LISTS if kind in LISTED else HEADERS)
    assert len(letter.keys()) == len(set(letter.keys()))
    assert [a.addr_spec for a in letter["To"].addresses] == ["autore@demo.example"]
    assert [a.addr_spec for a in letter["From"].addresses] == [SENDER]
    assert len(list(letter.iter_parts())) == 2


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("Anna.Rossi+blog@posta.example", "Anna.Rossi+blog@posta.example"), ("a@caffè.example", "a@xn--caff-8oa.example"),
        ("à@posta.example", None), ("a@b.example, c@d.example", None), ("Name <a@b.example>", None), ("a@b.example;", None),
        ("=?utf-8?q?a=0ABcc:b?=@example.com", None), ("a@b.example\r\nBcc: c@d.example", None), ('"a b"@c.example', None),
        ("a(comment)@b.example", None), ("a@b", None), ("a@@b.example", None), ("@b.example", None), ("", None),
        ("a@" + "b" * 300 + ".example", None), ("a@b..example", None), (".a@b.example", None), ("\ud800@b.example", None),
    ],
)  # fmt: skip
def test_an_answer_goes_to_one_plain_address_or_the_letter_has_none(given: str, written: str | None) -> None:
    raw = write(NoticeKind.CONTACT_MESSAGE, reply_to=given)
    assert read(raw).get_all("Reply-To", []) == ([written] if written else [])
    assert ("La tua risposta" in part(raw, "plain")) == bool(written)


def test_a_letter_reaches_a_domain_with_accents() -> None:
    letter = read(write(NoticeKind.NEWSLETTER_CONFIRM, recipient="lettrice@pòsta.example"))
    assert letter["To"] == "lettrice@xn--psta-lqa.example"


def test_a_text_that_nobody_checked_is_marked_in_subject_and_body() -> None:
    for language, mark in (("it", "[non controllato] Messaggio di Anna"), ("en", "[not checked] Message of Anna")):
        marked, plain = (
            write(NoticeKind.CONTACT_MESSAGE, language, unchecked=unchecked) for unchecked in (True, False)
        )
        assert str(read(marked)["Subject"]).startswith(mark)
        assert mark[:5] not in str(read(plain)["Subject"])
        assert part(marked, "plain") != part(plain, "plain")


def test_a_header_that_slips_through_is_found_in_the_bytes() -> None:
    """The second fence, should the first have a hole."""
    raw = write()
    for line in (b"Bcc: victim@example.com", b"Subject: again", b"subject: again"):
        with pytest.raises(ValueError, match="other headers"):
            messages._checked(line + b"\r\n" + raw, set(read(raw).keys()) - MIME, "autore@demo.example")
    with pytest.raises(ValueError, match="somebody else"):
        messages._checked(raw, set(read(raw).keys()) - MIME, "victim@example.com")
    with pytest.raises(ValueError, match="answer"):
        messages._checked(raw, set(read(raw).keys()) - MIME, "autore@demo.example", "victim@example.com")


@pytest.mark.parametrize(
    "recipient",
    ["a@example.com, b@example.com", "a@example.com\r\nBcc: b@example.com", "Name <a@example.com>", "", "nobody",
     "=?utf-8?q?a=0ABcc:b?=@example.com", "undisclosed:;"],
)  # fmt: skip
def test_a_letter_goes_to_one_plain_address_or_is_not_written(recipient: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the library's own refusals count too
        write(recipient=recipient)


def test_a_letter_without_its_time_is_not_written() -> None:
    with pytest.raises(ValueError, match="created_at"):
        write(created_at="yesterday")


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_header_text_is_one_short_line_without_marks(text: str) -> None:
    safe = header_safe(text)
    assert len(safe) <= 200
    assert "=?" not in safe
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u200b\ud800-\udfff]", safe)


def test_header_text_that_is_harmless_stays() -> None:
    assert header_safe("Perché «così»? 100% = 1") == "Perché «così»? 100% = 1"


@pytest.mark.parametrize("kind", QUOTING)
@pytest.mark.parametrize(
    "text",
    [
        "https://evil.example/x", "HTTP://evil.example", "www.evil.example", "WWW.evil.example/?a=b", "ftp://evil.example",
        "<a href=https://evil.example>here</a>", "<img src='https://evil.example/p.gif'>", "javascript://%0aalert(1)",
        "</blockquote></main><a href='https://evil.example'>Decide</a>", "[x](https://evil.example)",
        "{{ ''.__class__ }} {% for x in y %}", "<style>@import url(https://evil.example/a.css)</style>",
    ],
)  # fmt: skip
def test_a_strangers_text_has_no_live_links_images_or_markup(kind: NoticeKind, text: str) -> None:
    quoted = Letterbox(SENDER).quote(text)
    raw, plain = write(kind, body=quoted, author=quoted, page_title=quoted, topic=quoted), write(kind)
    for where in ("plain", "html"):
        assert not re.search(r"\w://evil|javascript://|ftp://|\bwww\.", part(raw, where), re.I)
    assert Links(part(raw, "html")).found == Links(part(plain, "html")).found
    assert Links(part(raw, "html")).names == Links(part(plain, "html")).names


def test_a_quoted_address_can_still_be_read() -> None:
    quoted = Letterbox(SENDER).quote("see https://evil.example and www.evil.example. Wwwhat?")
    assert quoted == "see https[:]//evil[.]example and www[.]evil[.]example. Wwwhat?"


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("casino-xyz.com", "casino-xyz[.]com"),
        ("Vieni su Casino.IT/bonus?x=1!", "Vieni su Casino[.]IT/bonus?x=1!"),
        ("bit.ly/x", "bit[.]ly/x"),
        ("www.1xbet.com", "www[.]1xbet[.]com"),
        ("scrivi a vinci@premi.example", "scrivi a vinci@premi[.]example"),
        ("caffè.it, пример.рф, xn--e1.xn--p1ai", "caffè[.]it, пример[.]рф, xn--e1[.]xn--p1ai"),
        ("casino。com casino．com casino｡com", "casino[.]com casino[.]com casino[.]com"),
        ("evil.js.com", "evil[.]js[.]com"),
        ("prenota.zip", "prenota[.]zip"),
        ("bene.la prossima volta", "bene[.]la prossima volta"),
    ],
)
def test_a_bare_name_of_a_stranger_is_no_address(text: str, quoted: str) -> None:
    """Mail programs make links of names without ``http://`` as well."""
    assert Letterbox(SENDER).quote(text) == quoted


def test_everyday_dots_of_a_stranger_stay() -> None:
    text = "Bene... 3.5 watt, ver. 2.0.1, es. U.S.A. e la sig.ra usa Node.js. Poi (config.json). Ciao. A presto."
    assert Letterbox(SENDER).quote(text) == text


def test_the_site_s_own_words_keep_their_names() -> None:
    assert Letterbox(SENDER).cite("ASP.NET su http://blog.example") == "ASP.NET su http[:]//blog.example"


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("vai su evil.com ora", "vai su evil[.]com ora"),
        ("evil.co.uk/accesso", "evil[.]co[.]uk/accesso"),
        ("evil.example/accesso", "evil[.]example/accesso"),
        ("scrivi ad ada@evil.IT.", "scrivi ad ada@evil[.]IT."),
        ("Ciao. Versione 1.2.3 di app.py, ecc.", "Ciao. Versione 1.2.3 di app.py, ecc."),
    ],
)
def test_a_name_that_mail_programs_make_a_link_of_is_broken_too(text: str, quoted: str) -> None:
    assert Letterbox(SENDER).quote(text) == quoted


@pytest.mark.parametrize("kind", QUOTING)
def test_every_line_of_a_comment_is_marked_as_quoted(kind: NoticeKind) -> None:
    """A comment must not pass for a sentence of ours."""
    text = part(write(kind, body="Bello.\n\nDecidi: a\rDecidi: b\u2028Decidi: c"), "plain")
    assert "> Bello.\n> \n> Decidi: a\n> Decidi: b\n> Decidi: c\n" in text.replace("\r\n", "\n")


@pytest.mark.parametrize(
    "kind",
    [
        NoticeKind.NEWSLETTER_CONFIRM,
        NoticeKind.NEWSLETTER_LEAVE,
        NoticeKind.APPEAL_DECIDED,
        NoticeKind.REPLY_CONFIRM,
    ],
)
def test_a_letter_to_an_unproven_address_holds_nothing_a_visitor_typed(kind: NoticeKind) -> None:
    raw = write(kind, author="SECRET", body="SECRET", page_title="SECRET", name="SECRET", topic="SECRET")
    assert "SECRET" not in read(raw).as_string()
    assert "SECRET" not in part(raw, "plain") + part(raw, "html")


def test_markup_is_styled_in_place_and_fetches_nothing() -> None:
    markup = part(write(), "html")
    assert 'style="' in markup
    assert Links(markup).names.isdisjoint({"link", "img", "script", "iframe"})
    assert not re.search(r"@import|url\(", markup)
