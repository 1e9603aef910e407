"""Signs of spam and the filter that learns, as plain functions."""

import pytest

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
