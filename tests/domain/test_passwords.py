"""Passwords that are long and still among the first to be tried."""

import pytest

from engagement.domain.desk.passwords import is_common

EMAIL = "moderatrice@demo.example"


@pytest.mark.parametrize(
    "password",
    [
        "aaaaaaaaaaaa", "abcabcabcabc", "password1234", "Password2024!", "passw0rd1234", "PasswordPassword", "123456789012",
        "000000000001", "qwertyuiop12", "qwertyuiopasdfgh", "1qaz2wsx3edc", "zxcvbnmasdfghj", "abcdefghijkl",
        "zyxwvutsrqponm", "amministratore1", "moderatrice2026", "iloveyou1234", "juventus1897!", "ciaociaociao",
        "letmein12345", "changeme2026!", "benvenuto2025", "giuseppe1980", EMAIL, "Moderatrice-Demo-1",
    ],
)  # fmt: skip
def test_what_programs_try_first_is_common(password: str) -> None:
    assert is_common(password, EMAIL)


@pytest.mark.parametrize(
    "password",
    [
        "una frase lunga e tranquilla", "correct horse battery staple", "tr0ub4dor&3xyz", "Kx9$mQ2!vLp7", "xkcdxkqzvwpl",
        "il mio cane Fido", "8471 9023 5562 7713", "73914628503918472", "パスワードは長い方がいい", "🦊🐢🍋🎻🪐🧵🥁🧭🪴🦉🍐🛶",
    ],
)  # fmt: skip
def test_what_a_person_thinks_of_or_a_program_makes_is_not(password: str) -> None:
    assert not is_common(password, EMAIL)


def test_what_anybody_knows_of_the_account_does_not_count() -> None:
    assert is_common("ada.rossi.giornale", "ada.rossi@giornale.example")
    assert not is_common("ada.rossi.giornale", EMAIL)
