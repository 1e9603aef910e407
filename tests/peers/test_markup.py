"""What other comment systems test about their cleaning, asked of ours (docs/peers.md: T1, T2, T9, T22, T23).

The inputs are our own. Where a system drops what we show as text, the expectation is ours: raw HTML is never markup here.
"""

import html5lib
import pytest

from engagement.markup import clean, render, visible_text


@pytest.mark.parametrize(
    ("given", "cleaned"),
    [
        ('Guarda: <img src="gatto.gif">', "Guarda:"),
        ('<a href="sms:+390000">Qui</a>', '<a rel="nofollow ugc noopener">Qui</a>'),
        ("libc.so", "libc.so"),
        ("/usr/lib/python3/libpreload.so", "/usr/lib/python3/libpreload.so"),
        ('<p style="display: none">Testo</p>', "<p>Testo</p>"),
        ('<code class="language-rust">x</code>', '<code class="language-rust">x</code>'),
        ('<code class="grande language-rust">x</code>', "<code>x</code>"),
        ("<script>beep()</script>", ""),
        ('<a href="javascript:beep()" onmouseover="beep()">X</a>', '<a rel="nofollow ugc noopener">X</a>'),
        ('<a href="data:text/html;base64,PGI+">X</a>', '<a rel="nofollow ugc noopener">X</a>'),
        ("&mdash; — & &", "— — &amp; &amp;"),
        ('<form action="https://x.example"><input name="p"><button>Ok</button></form>', "Ok"),
        ('<div style="position:fixed;top:0">Sopra tutto</div>', "Sopra tutto"),
        ('<audio autoplay src="x.ogg"></audio><video autoplay src="x.mp4"></video>', ""),
        ("<table><tr><td>a<table><td>b", "ab"),
        ('<iframe src="java&#115;cript:beep()">', ""),
    ],
)
def test_what_html_brings_along_is_dropped(given: str, cleaned: str) -> None:
    assert clean(given) == cleaned


@pytest.mark.parametrize(
    ("given", "rendered"),
    [
        ("*Enfasi* e **forza**", "<p><em>Enfasi</em> e <strong>forza</strong></p>"),
        ("~~no~~ sì", "<p><s>no</s> sì</p>"),
        ("<b>testo</b>", "<p>&lt;b&gt;testo&lt;/b&gt;</p>"),
        ("<em>fuori", "<p>&lt;em&gt;fuori</p>"),
        ("uno\ndue", "<p>uno<br>\ndue</p>"),
        ("`<i>`", "<p><code>&lt;i&gt;</code></p>"),
        ("```\nx < y\n```", "<pre><code>x &lt; y\n</code></pre>"),
        ("```rust\nlet x;\n```", '<pre><code class="language-rust">let x;\n</code></pre>'),
        ("> citato\n\nrisposta", "<blockquote>\n<p>citato</p>\n</blockquote>\n<p>risposta</p>"),
        ("x^2^", "<p>x^2^</p>"),
        (
            "<https://blog.example/>",
            '<p><a href="https://blog.example/" rel="nofollow ugc noopener">https://blog.example/</a></p>',
        ),
        ("https://blog.example/ e sms:+390000", "<p>https://blog.example/ e sms:+390000</p>"),
        ("[x](data:text/html,beep)", "<p>[x](data:text/html,beep)</p>"),
        (
            "![gatto](https://x.example/g.gif)",
            '<p>!<a href="https://x.example/g.gif" rel="nofollow ugc noopener">gatto</a></p>',
        ),
    ],
)
def test_markdown_is_rendered_and_html_stays_text(given: str, rendered: str) -> None:
    assert render(given) == rendered


@pytest.mark.parametrize(
    "given",
    [
        "<scrİpt>beep()</scrİpt>",
        "<img src=x onerror=beep()>",
        '<iframe src="jav&#x09;ascript:beep()"',
        "<svg/onload=beep()>",
        "<blockquote>tweet</blockquote><script async src=//x.example></script>",
        "[x](javascript&colon;beep)",
        "[x](JaVaScRiPt:beep)",
        "<https://x.example/onmouseover=beep()>",
        '[x](https://x.example/ "a\\" onmouseover=\\"beep()")',
    ],
)
def test_nothing_that_runs_is_left_however_it_is_written(given: str) -> None:
    for written in (render(given), clean(given)):
        tree = html5lib.parse(written, namespaceHTMLElements=False)
        assert {node.tag for node in tree.iter()} <= {
            "html",
            "head",
            "body",
            "p",
            "a",
            "br",
            "em",
            "code",
            "blockquote",
        }
        for node in tree.iter("a"):
            assert set(node.attrib) <= {"href", "rel", "title"}
            assert node.attrib.get("href", "https:").startswith(("https:", "http:", "mailto:"))


def test_what_is_scored_is_what_a_reader_sees() -> None:
    seen = visible_text(render("> citato\n\n- uno\n- due & tre\n\n[testo](https://x.example)"))
    assert [line for line in seen.splitlines() if line.strip()] == ["citato", "uno", "due & tre", "testo"]
