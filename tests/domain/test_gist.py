"""What counts as the same text said again."""

import pytest

from engagement.domain.comments import gist_hash

TEXT = "Ho perso 18 chili con queste gocce, ecco il sito: https://uno.example"


@pytest.mark.parametrize(
    "other",
    [
        "Ho perso 21 chili con queste gocce, ecco il sito: https://due.example/x?y=1",
        "HO PERSO 18 CHILI CON QUESTE GOCCE!!! Ecco il sito 👉 www.tre.example",
        "Hò perso 18 chili... con queste gocce; ecco il sito http://quattro.example",
    ],
)
def test_numbers_addresses_accents_and_signs_make_no_other_text(other: str) -> None:
    assert gist_hash(other) == gist_hash(TEXT)


def test_other_words_do_and_short_texts_have_none() -> None:
    assert gist_hash("Ho perso 18 chili con questa dieta, ecco il sito http://uno.example") != gist_hash(TEXT)
    assert gist_hash("Grazie mille!") == gist_hash("") == gist_hash("1234567890 " * 9) == ""
    assert gist_hash("Un commento che non è breve e non ha indirizzi, numero 7.") == ""
    assert gist_hash("Una storia lunga senza indirizzi, detta sempre uguale. " * 3) != ""
