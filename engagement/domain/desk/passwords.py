"""Passwords that programs try first, however long they are (NIST SP 800-63B, 5.1.1.2)."""

import re
from string import punctuation

LEAST_VARIED = 5  # different characters
LEAST_OWN = 4  # different characters that are left without common words, rows and what anybody knows of the account
LEAST_DIGITS = 8  # or digits, where they are no row and no year

# The words of the passwords of 12 and more characters that the published lists begin with, English and Italian.
_WORDS = (
    "administrator|amministratore|administrador|moderatrice|moderatore|moderator|engagement|commenti|admin|"
    "passw[o0]rds?|passphrase|parolasegreta|parola|chiave|segretissim[ao]|segret[ao]|secret|sicura|"
    "letmein|changeme|cambiami|benvenut[oai]|welcome|accesso|login|iloveyou|tiamo|amoremio|amore|ciao|hello|"
    "superman|batman|spiderman|football|baseball|basketball|calcio|juventus|inter|milan|forza|napoli|roma|italia|"
    "princess|principessa|sunshine|dragon|monkey|master|shadow|michael|jennifer|jordan|charlie|"
    "alessandr[oa]|francesc[oa]|giuseppe|andrea|martina|giulia|stella|internet|computer|server|test|prova|blog|www|com"
)
_ROWS = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qazwsxedcrfv",
    "1qaz2wsx3edc",
)
_LEAST_ROW = 4  # characters
_COMMON = re.compile(_WORDS)
_PARTS = re.compile(r"[\W_]+")


def is_common(password: str, *known: str) -> bool:
    """Whether it is made of little else than what is tried first; ``known``: what is no secret, such as the address."""
    plain = password.casefold()
    if len(set(plain)) < LEAST_VARIED or plain in (plain + plain)[1:-1]:  # one piece again and again
        return True
    for part in {part for text in known for part in _PARTS.split(text.casefold()) if len(part) >= LEAST_OWN}:
        plain = plain.replace(part, " ")
    own = _without_rows(_COMMON.sub(" ", plain))
    digits = [c for c in own if c.isdigit()]
    others = {c for c in own if not c.isdigit() and not c.isspace() and c not in punctuation}
    return len(others) < LEAST_OWN and len(digits) < LEAST_DIGITS


def _without_rows(text: str) -> str:
    """Without stretches of the alphabet, the numbers and the keyboard, forwards or backwards."""
    rows = [way for row in _ROWS for way in (row, row[::-1])]
    out, at = [], 0
    while at < len(text):
        length = max(_common_length(text[at:], row) for row in rows)
        if length >= _LEAST_ROW:
            at += length
        else:
            out.append(text[at])
            at += 1
    return "".join(out)


def _common_length(text: str, row: str) -> int:
    """How many of the first characters of ``text`` stand in ``row`` in this order."""
    start = row.find(text[0])
    if start < 0:
        return 0
    length = 0
    while length < len(text) and start + length < len(row) and text[length] == row[start + length]:
        length += 1
    return length
