"""Texts a person will read, before a language is chosen.

A decision carries a ``Message``; a door translates it with ``engagement.language``. English is the source text, Italian
stands in ``engagement/translations/it/*.po``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Message:
    """A translatable sentence: ``text`` is the English msgid, ``values`` fill its ``%(name)s`` places."""

    text: str
    values: Mapping[str, object] = field(default_factory=dict)


def N_(text: str) -> str:  # noqa: N802 - gettext's own name for "mark, do not translate yet"
    """Mark ``text`` for the catalogue without translating it."""
    return text
