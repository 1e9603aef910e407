"""Mailing lists as CSV: what other newsletter programs export, and what spreadsheets open.

A cell that begins with ``=``, ``+``, ``-``, ``@`` or a control character is a formula to a spreadsheet (CWE-1236), so
such cells are written with an apostrophe before them, and read without it.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

COLUMNS = ("email", "name", "language", "state", "confirmed_at", "leave_url", "preferences_url")
_NAMES = {
    "email": {"email", "e-mail", "mail", "email address", "indirizzo email", "indirizzo e-mail", "e-mail address"},
    "name": {"name", "nome", "firstname", "first name", "prenome"},
    "language": {"language", "lingua", "locale"},
}
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


class ListNotRead(ValueError):
    """The file as a whole is no list; the message says why."""


@dataclass(frozen=True)
class ListedReader:
    """One row, as it stands there; ``line`` is where it ends in the file, from 1. ``fault``: why it cannot be used."""

    line: int
    email: str = ""
    name: str = ""
    language: str = ""
    fault: str = ""


def read(path: Path) -> Iterator[ListedReader]:
    """Rows of a UTF-8 file with a heading line, separated by commas, semicolons or tabs. Raises ``ListNotRead``."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            head = file.readline()
            file.seek(0)
            rows = csv.reader(file, delimiter=_separator(head), strict=True)
            yield from _rows(rows)
    except UnicodeDecodeError as error:
        raise ListNotRead("the file is not UTF-8; save it as CSV UTF-8") from error
    except OSError as error:
        raise ListNotRead(f"the file cannot be read: {error.strerror}") from error


def write(out: TextIO, rows: Iterable[Mapping[str, str]], columns: Sequence[str] = COLUMNS) -> int:
    """Rows with a heading line; how many."""
    writer, count = csv.writer(out, lineterminator="\r\n"), 0
    writer.writerow(columns)
    for count, row in enumerate(rows, start=1):  # noqa: B007 - the last one is the answer
        writer.writerow([safe_cell(row[name]) for name in columns])
    return count


def safe_cell(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _plain_cell(text: str) -> str:
    text = text.strip()
    return text[1:] if text.startswith("'") and text[1:].startswith(_FORMULA) else text


def _separator(head: str) -> str:
    return max(",;\t", key=head.count)


def _places(head: Sequence[str]) -> dict[str, int]:
    found = [cell.strip().lower() for cell in head]
    places = {name: found.index(word) for name, words in _NAMES.items() for word in found if word in words}
    if "email" not in places:
        raise ListNotRead("the first line must name the columns; one of them is email")
    return places


def _rows(rows: Any) -> Iterator[ListedReader]:
    try:
        places = _places(next(rows, []))
        for row in rows:
            if any(cell.strip() for cell in row):
                yield _row(rows.line_num, row, places)
    except csv.Error as error:
        raise ListNotRead(f"line {rows.line_num} is no CSV: {error}; nothing after it was read") from error


def _row(line: int, row: Sequence[str], places: Mapping[str, int]) -> ListedReader:
    if len(row) <= places["email"]:
        return ListedReader(line, fault="the line has too few cells")
    cells = {name: _plain_cell(row[at]) if at < len(row) else "" for name, at in places.items()}
    return ListedReader(line, **cells)
