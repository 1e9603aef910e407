"""Addresses: what a browser would read is what is compared."""

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engagement.domain.discussion import pages

HOME = "https://blog.example"
_TRICKS = st.text(alphabet="@:/?#.[]%\\\t\n \u3002\uff0f\uff20\u00ad\u200dabé-_", max_size=12)


@given(_TRICKS, _TRICKS)
def test_nothing_written_around_a_foreign_host_makes_it_ours(before: str, after: str) -> None:
    url = f"https://{before}evil.example{after}"
    if pages.belongs(url, [HOME]):
        assert urlsplit(url).hostname == "blog.example"


@given(_TRICKS)
def test_what_follows_our_name_makes_it_a_path_or_foreign(after: str) -> None:
    url = HOME + after
    if pages.belongs(url, [HOME]):
        assert pages.normalise(url).startswith(HOME + "/")


@given(st.one_of(st.text(max_size=40), _TRICKS))
def test_every_host_has_one_spelling_or_is_refused(host: str) -> None:
    try:
        once = pages.normalise(f"https://{host}/")
    except pages.BadAddress:
        return
    assert once.isascii()
    assert pages.normalise(once) == once
    assert pages.belongs(once, [pages.origin_of(once)])


@pytest.mark.parametrize(
    "url",
    [
        "https://./",
        "https://../",
        "https://a..b/",
        "https://a!b/",
        "https://[vA.example]/",
        "https://[::1%25eth0]/",
        "https://a\uff1cb.example/",
        "https://user@blog.example/",
        "https://:pw@blog.example/",
        "https://blog.example:0/",
        "https://blog.example\ud800/",
        "https://blog.example/\ud800",
        "https://" + "é" * 64 + ".example/",
        "https://blog.example/" + "a" * 2_000,
        "https://blog.example/" + "é" * 700,
        "https:///a",
        "ftp://blog.example/",
    ],
)
def test_what_is_no_plain_address_is_refused(url: str) -> None:
    with pytest.raises(pages.BadAddress):
        pages.normalise(url)


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://blog.example./a", "https://blog.example/a"),
        ("https://blog.example\u3002/a", "https://blog.example/a"),
        ("https://blog.example/perch%c3%a9", "https://blog.example/perch%C3%A9"),
        ("https://blog.example/perché", "https://blog.example/perch%C3%A9"),
        ("https://blog.example/?b=2&UTM_source=x&a=1&_ga=y", "https://blog.example/?b=2&a=1"),
        ("https://blog.example/A/?p=1#comments", "https://blog.example/A/?p=1"),
        ("http://[::1]:8000/a", "http://[::1]:8000/a"),
        ("http://localhost:80", "http://localhost/"),
    ],
)
def test_spellings_of_one_article_meet(url: str, kept: str) -> None:
    assert pages.normalise(url) == kept


def test_another_scheme_or_port_is_another_origin() -> None:
    for url in ("http://blog.example/", "https://blog.example:8443/", "https://www.blog.example/"):
        assert not pages.belongs(url, [HOME])
    assert pages.belongs("https://BLOG.example:443/a", [HOME])
    assert not pages.belongs("https://blog.example/", [])
