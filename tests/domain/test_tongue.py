"""Languages are told apart, also in the few words that comments often are."""

import pytest

from engagement.domain.discussion.tongue import detect, told


@pytest.mark.parametrize(
    "text",
    [
        "Grazie!",
        "bello",
        "Idiota",
        "Che schifo",
        "Complimenti per il blog",
        "Non sono d'accordo con l'autore",
        "L'ho letto ieri, è proprio così.",
        "perche nn rispondi mai",
        "Buonissima ricetta, la rifarò",
        "NON CI CREDO",
        "Ho scaricato il software e il download funziona",
        "C’è qualcuno che l’ha provato?",
        "Vai a lavorare",
    ],
)
def test_italian(text: str) -> None:
    assert detect(text) == ("it",)


@pytest.mark.parametrize(
    "text",
    [
        "Thanks!",
        "nice",
        "idiot",
        "This sucks",
        "I don't agree with the author",
        "yo hamburger",
        "you’re wrong",
        "GO HOME",
        "Great recipe, I will try it with pasta and mozzarella",
        "lol shut up",
        "What a piece of work",
        "Read the article again",
    ],
)
def test_english(text: str) -> None:
    assert detect(text) == ("en",)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Das ist nicht gut, und ich bin mit der Sache auch nicht zufrieden.", "de"),
        ("Je ne suis pas du tout d'accord avec cette idée, mais c'est très bien écrit pour les lecteurs.", "fr"),
        ("No estoy de acuerdo con el autor, pero el artículo es muy interesante y está bien escrito.", "es"),
        ("Não concordo com o autor, mas o artigo é muito interessante e está bem escrito.", "pt"),
    ],
)
def test_a_neighbour_is_named_where_its_words_lead(text: str, language: str) -> None:
    assert detect(text) == (language,)


@pytest.mark.parametrize("text", ["", "123", "👍👍", "?!…", "Все люди рождаются свободными", "你好，世界", "العربية"])
def test_what_cannot_be_told_is_not_guessed(text: str) -> None:
    assert detect(text) == ()


def test_a_quoted_sentence_does_not_change_the_language() -> None:
    assert detect("As they say in Germany: das ist nicht gut. And that is what I think of it.") == ("en",)


def test_a_long_text_takes_no_longer_than_its_beginning() -> None:
    assert detect("the " * 1_000 + "di " * 1_000_000) == ("en",)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Un articolo molto chiaro, grazie davvero.", "it"),
        ("A very clear article, thank you for it.", "en"),
        ("Das ist ein sehr guter Artikel, und ich habe ihn nicht gekannt.", "de"),
        ("Это очень хорошая статья", "und-Cyrl"),
        ("この記事はとても良い", "und-Jpan"),
        ("Πολύ καλό άρθρο", "und-Grek"),
        ("Ok", ""),
        ("ciao bello", ""),
        ("👍👍👍", ""),
        ("", ""),
        ("https://it.wikipedia.org/wiki/Una_pagina_che_parla_di_cose", ""),
        ("да", ""),
    ],
)
def test_a_language_is_told_only_of_what_is_long_enough(text: str, language: str) -> None:
    assert told(text) == language
