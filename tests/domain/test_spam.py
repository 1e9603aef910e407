"""Signs of spam and the filter that learns, as plain functions."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engagement.domain.spam import ENOUGH, POINTS, Corpus, likelihood, points, signs_of, tokens


@pytest.mark.parametrize(
    ("body", "author", "links", "signs"),
    [
        ("Un articolo molto chiaro, grazie.", "Anna", 0, ()),
        ("[url=http://x.example]clicca[/url]", "Anna", 0, ("bbcode", "link")),
        ("Guarda www.x.example", "Anna", 0, ("link",)),
        ("Ciao", "www.prestiti-facili.example", 0, ("link-in-name", "keyword-name")),
        ("GUADAGNA SUBITO MILLE EURO AL GIORNO", "Anna", 0, ("pitch", "shouting")),
        ("UN ARTICOLO MERAVIGLIOSO, BRAVI TUTTI", "Anna", 0, ("shouting",)),
        ("Casino online e prestiti subito", "Anna", 0, ("offers",)),
        ("Si parla di bitcoin nel terzo paragrafo.", "Anna", 0, ()),
        ("La NASA e la ESA hanno ragione.", "Anna", 0, ()),
    ],
)
def test_signs_stand_in_the_text(body: str, author: str, links: int, signs: tuple[str, ...]) -> None:
    assert signs_of(body, author, links) == signs


@pytest.mark.parametrize(
    ("body", "author", "website", "sign"),
    [
        ("Tutto qui: https://bit.ly/abc", "Anna", "", "shortener"),
        ("Vedi best-loans.example", "Anna", "", "link"),
        ("Vedi best-loans.example", "Anna", "", "shop"),
        ("Guarda miosito . com subito", "Anna", "", "hidden-link"),
        ("Guarda miosito[dot]com subito", "Anna", "", "hidden-link"),
        ("Bello!", "Prestiti Veloci", "", "keyword-name"),
        ("Bello!", "Anna", "https://casino-bonus.example", "keyword-site"),
        ("Buy xanax online, no prescription", "Anna", "", "pitch"),
        ("Offro prestiti a tutti, al tasso del 3%", "Anna", "", "pitch"),
        ("Seguitemi su Instagram!", "Anna", "", "follow-me"),
        ("Please subscribe to my channel", "Anna", "", "follow-me"),
        ("Visitate il mio sito", "Anna", "", "my-page"),
        ("Chiamami al 333 1234567", "Anna", "", "contact"),
        ("+39 333 123 4567 a qualunque ora", "Anna", "", "contact"),
        ("Scrivimi in privato", "Anna", "", "contact"),
        ("Nice blog, keep up the good work", "Anna", "", "flattery"),
    ],
)
def test_each_sign_is_seen(body: str, author: str, website: str, sign: str) -> None:
    assert sign in signs_of(body, author, 0, website)
    assert sign in POINTS


@pytest.mark.parametrize(
    "body",
    [
        "La fonte è https://it.wikipedia.org/wiki/Server, al terzo paragrafo.",
        "Ne avevo scritto anch’io: https://blog-di-anna.example/2024/portatile",
        "Docs: https://docs.python.org/3/library/unicodedata.html",
        "Prova con: curl -I https://esempio.example e guarda lo status",
        "Il file config.toml va in /etc, poi lancia main.py",
        "Ho 12345678 motivi per non crederci.",
        "L’IP 203.0.113.7 è il mio, dal 2024 al 2026.",
        "Follow me through this argument: the numbers do not add up.",
        "Hanno chiuso il canale, e mi dispiace.",
        "I like and respect this author.",
        "Mio nonno andava al casinò di Sanremo.",
        "Il credito alle imprese è calato, i prestiti pure.",
    ],
)
def test_honest_talk_stays_below_what_is_held(body: str) -> None:
    assert points(signs_of(body, "Anna Bianchi", 0, "https://blog-di-anna.example")) < 2


@given(st.text(alphabet="a1.@-/ :hwtps()[]+", max_size=4_000))
@settings(max_examples=60, deadline=None)
def test_no_text_takes_long(text: str) -> None:
    assert set(signs_of(text, text[:245], 0, text[:200])) <= set(POINTS)


@pytest.mark.parametrize("part", ["a.", "a-", "1 ", "+39 ", "@", "visita ", "prestiti ", "scrivi ", "h", "www."])
def test_no_repetition_takes_long(part: str) -> None:
    # Quadratic time would be minutes at this length; the count of steps is bounded by the patterns' own bounds.
    assert set(signs_of(part * (60_000 // len(part)), "Anna", 0)) <= set(POINTS)


def test_a_weak_sign_needs_company() -> None:
    assert points(["too-fast"]) == points(["link", "link"]) == 1
    assert points(["too-fast", "link"]) == 2
    assert points(["honeypot"]) == points(["bayes"]) == 2
    assert points(["unheard-of"]) == 0
    assert all(value > 0 for value in POINTS.values())


def test_tokens_are_words_hosts_and_names_once_each() -> None:
    found = tokens(
        "Ciao ciao, vedi https://Shop.example/a?b e www.altro.example!", "Super Offerte", "http://sito.example"
    )
    assert "ciao" in found
    assert {"host:shop.example", "host:www.altro.example", "name:offerte", "site:sito.example"} <= set(found)
    assert len(found) == len(set(found))
    assert len(tokens(" ".join(f"parola{n}" for n in range(5_000)), "", "")) == 600


def test_the_filter_is_silent_until_it_has_seen_enough_of_both() -> None:
    known = {"casino": (19, 0)}
    assert likelihood(["casino"] * 5, Corpus(ENOUGH - 1, ENOUGH, known)) == 0.5
    assert likelihood(["casino"], Corpus(ENOUGH, ENOUGH, known)) > 0.9
    assert likelihood(["ignota"], Corpus(ENOUGH, ENOUGH, known)) == 0.5


def test_what_was_approved_outweighs_and_order_does_not_matter() -> None:
    corpus = Corpus(30, 30, {"offerta": (20, 1), "articolo": (0, 25), "grazie": (1, 20), "clicca": (15, 0)})
    spammy, friendly = likelihood(["offerta", "clicca"], corpus), likelihood(["articolo", "grazie"], corpus)
    assert spammy > 0.95
    assert friendly < 0.05
    assert likelihood(["grazie", "offerta"], corpus) == pytest.approx(likelihood(["offerta", "grazie"], corpus))
    assert 0 <= likelihood([f"t{n}" for n in range(400)], Corpus(20, 20, {f"t{n}": (20, 0) for n in range(400)})) <= 1
