"""Messages in the reader's language. English is the source; Italian comes from ``translations/it/*.po``.

The catalogues are read from the ``.po`` files themselves at first use, so there is no compiled copy to forget.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from babel.dates import format_datetime, get_timezone
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

from engagement.domain.messages import Message

LANGUAGES = ("it", "en")
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


def moment(at: datetime, language: str) -> str:
    """A date and time for a person, in UTC."""
    return format_datetime(at, "d MMMM y, HH:mm", tzinfo=get_timezone("UTC"), locale=best_language(language))


@lru_cache(maxsize=8)
def catalogue(language: str) -> Mapping[str, str]:
    """msgid → translation for one language."""
    found: dict[str, str] = {}
    for path in sorted((_FOLDER / language).glob("*.po")):
        with path.open("rb") as file:
            found.update({str(m.id): str(m.string) for m in read_po(file) if m.id and m.string and not m.fuzzy})
    return found


def _shown(value: object, language: str) -> str:
    if isinstance(value, Message):
        return say(value, language)
    if isinstance(value, float):
        return str(format_decimal(value, "0.00", locale=best_language(language)))
    return str(value)
