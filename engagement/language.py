"""Messages in the reader's language. English is the source; Italian comes from ``translations/it/*.po``.

The catalogues are read from the ``.po`` files themselves at first use, so there is no compiled copy to forget. Of the
format only what we write is read: no contexts and no plurals. Tests compare all of this with Babel, which is too large
to ship for it (``docs/decisions/0001-babel-without-flask-babel.md``).
"""

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

from engagement.domain.mailing.digests import zone_of
from engagement.domain.messages import N_, Message

TONGUES = {"it": "Italiano", "en": "English"}  # each in its own words
LANGUAGES = tuple(TONGUES)
MONTHS = {
    "it": [
        "gennaio",
        "febbraio",
        "marzo",
        "aprile",
        "maggio",
        "giugno",
        "luglio",
        "agosto",
        "settembre",
        "ottobre",
        "novembre",
        "dicembre",
    ],
    "en": [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
}
_UNITS = (
    (timedelta(days=1), N_("1 day"), N_("%(count)s days")),
    (timedelta(hours=1), N_("1 hour"), N_("%(count)s hours")),
    (timedelta(minutes=1), N_("1 minute"), N_("%(count)s minutes")),
)
_MOMENTS = N_("less than a minute")
_PLACE = re.compile(r"%\\\((\w+)\\\)s")  # in a pattern that re.escape made
_FOLDER = Path(__file__).resolve().parent / "translations"


def best_language(wanted: str | None) -> str:
    """A supported language for a tag such as ``en-GB``; Italian where nothing fits."""
    short = (wanted or "").split("-")[0].split("_")[0].lower()
    return short if short in LANGUAGES else LANGUAGES[0]


def say(message: Message | str, language: str) -> str:
    """The sentence in ``language``. Fractions among its values are written with two decimals, as the country does."""
    if isinstance(message, str):
        message = Message(message)
    text = catalogue(best_language(language)).get(message.text, message.text)
    if not message.values:
        return text
    return text % {name: _shown(value, language) for name, value in message.values.items()}


def speaker(language: str) -> Callable[..., str]:
    """What templates call as ``_("a sentence with %(values)s", values=…)``."""
    return lambda text, /, **values: say(Message(text, values), language)


def retold(text: str, known: Iterable[str], language: str) -> str:
    """A kept English text, made from one of the ``known`` sentences, in ``language``; as it is where none fits."""
    for sentence in known:
        if found := re.fullmatch(_PLACE.sub(r"(?P<\1>.+)", re.escape(sentence)), text):
            return say(Message(sentence, found.groupdict()), language)
    return text


def moment(at: datetime, language: str, zone: str) -> str:
    """A date and time for a person, on the clocks of a time zone such as ``Europe/Rome``."""
    at = at.astimezone(zone_of(zone))
    return f"{at.day} {MONTHS[best_language(language)][at.month - 1]} {at.year}, {at:%H:%M}"


def age(waited: timedelta, language: str) -> str:
    """How long something has been waiting, in the largest unit that it fills."""
    for unit, one, many in _UNITS:
        if waited >= unit:
            count = waited // unit
            return say(one if count == 1 else Message(many, {"count": count}), language)
    return say(_MOMENTS, language)


@lru_cache(maxsize=8)
def catalogue(language: str) -> Mapping[str, str]:
    """msgid → translation for one language."""
    found: dict[str, str] = {}
    for path in sorted((_FOLDER / language).glob("*.po")):
        found.update({english: said for english, said in entries(path.read_text("utf-8")) if english and said})
    return found


def entries(text: str) -> Iterator[tuple[str, str]]:
    """``(msgid, msgstr)`` of a ``.po`` file, without the fuzzy ones. Raises ``ValueError`` for what it cannot read."""
    for block in text.replace("\r\n", "\n").split("\n\n"):
        lines = block.splitlines()
        parts: dict[str, str] = {}
        if any(line.startswith("#,") and "fuzzy" in line for line in lines):
            continue
        key = ""
        for line in lines:
            if line.startswith("#") or not line.strip():
                continue
            word, quoted = ("", line) if line.startswith('"') else (*line.split(" ", 1), "")[:2]
            key = word or key
            if key not in {"msgid", "msgstr"} or (word and word in parts):
                raise ValueError(f"not read here: {line!r}")
            parts[key] = parts.get(key, "") + _unquoted(quoted)
        if parts and parts.keys() != {"msgid", "msgstr"}:
            raise ValueError(f"not a whole entry: {block!r}")
        if parts:
            yield parts["msgid"], parts["msgstr"]


def _unquoted(quoted: str) -> str:
    try:
        value = ast.literal_eval(quoted.strip())
    except (SyntaxError, ValueError) as error:
        raise ValueError(f"not a quoted text: {quoted!r}") from error
    if not isinstance(value, str):
        raise ValueError(f"not a quoted text: {quoted!r}")
    return value


def _shown(value: object, language: str) -> str:
    if isinstance(value, Message):
        return say(value, language)
    if isinstance(value, tuple):
        return ", ".join(_shown(one, language) for one in value)
    if isinstance(value, float):
        text = str(Decimal(str(value)).quantize(Decimal("0.01")))
        return text.replace(".", ",") if best_language(language) == "it" else text
    return str(value)
