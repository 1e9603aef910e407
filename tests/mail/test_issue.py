"""A letter that a newsletter service sends: our words, its own way out, and nothing else for its template language."""

import pytest

from engagement.domain.notices import NoticeKind
from engagement.mail.messages import Letterbox

OUT = "{{ unsubscribe }}"


def issue(
    title: str = "Il cavo giusto", language: str = "it", url: str = "https://b.example/a", **facts: object
) -> tuple[str, str]:
    article = {"title": title, "summary": "Un sunto", "url": url}
    given = {"site_name": "Il blog", "articles": [article], "more": 0, "leave_url": OUT} | facts
    return Letterbox("a@b.example").issue(NoticeKind.NEW_ARTICLE, language, given)


def test_the_letter_has_the_service_s_way_out_and_no_other() -> None:
    subject, html = issue()
    assert subject == "Nuovo articolo: Il cavo giusto"
    assert f'<a href="{OUT}"' in html
    assert html.count("{{") == 1
    assert '<a href="https://b.example/a"' in html
    assert 'lang="it"' in html
    assert issue(language="en")[0] == "New article: Il cavo giusto"


@pytest.mark.parametrize(
    "title",
    ["{{ contact.EMAIL }}", "{% if 1 %}x{% endif %}", "{# x #}", "{NOME}", "[UNSUBSCRIBE]", "{{{{", "\ue000\ue000 x"],
)
def test_a_stranger_s_signs_are_text(title: str) -> None:
    subject, html = issue(title, site_name=title)
    body = html.partition("<body")[2].replace(OUT, "")
    assert not set("{}[]") & set(body)
    assert not set("{}") & set(subject)
    assert not set("\ue000\ue001\ue002\ue003") & set(subject + html)


def test_the_letter_shows_the_signs_as_they_were() -> None:
    subject, html = issue("Usare {{ site.title }} & [x]")
    assert "Usare &#123;&#123; site.title &#125;&#125; &amp; &#91;x&#93;" in html
    assert subject == "Nuovo articolo: Usare (( site.title )) & [x]"


def test_an_address_has_them_encoded() -> None:
    assert 'href="https://b.example/?q=%7B%7Bx%7D%7D"' in issue(url="https://b.example/?q={{x}}")[1]


def test_a_subject_is_one_line() -> None:
    subject, _ = issue("a\r\nBcc: b@c.example")
    assert "\n" not in subject
    assert "\r" not in subject
