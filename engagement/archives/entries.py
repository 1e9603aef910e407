"""What every reader of another system's export gives: comments, articles, what could not be read, as plain values."""

import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from engagement.domain.comments import Status

UNREADABLE = (ValueError, OSError, EOFError, RecursionError, zlib.error)
MOST_RATIO, SMALL = 100, 8 * 1024 * 1024  # times its size a packed file may have inside; bytes that are always well
LONGEST_LINE = 8 * 1024 * 1024  # bytes of a line of JSON; a comment has 64 KB at most
_GZIP = b"\x1f\x8b"
_UNPRINTABLE = bytes(b for b in range(32) if b not in b"\t\n\r")


class NotReadable(ValueError):
    """The file is not what its format promises; the message says what is wrong."""


@dataclass(frozen=True)
class Entry:
    """A comment. ``source`` and ``parent`` are ids of that system, good on one page; ``markup``: the body is HTML.

    ``page_url`` may be a path alone. ``at`` is None where no date could be read.
    """

    source: str
    page_url: str
    body: str
    author: str = ""
    email: str = ""
    website: str = ""
    parent: str = ""
    page_title: str = ""
    at: datetime | None = None
    status: Status = Status.PUBLISHED
    markup: bool = False
    own_id: str = ""  # the id it had in an installation of ours


@dataclass(frozen=True)
class Article:
    """``number`` is WordPress's, None elsewhere."""

    url: str
    title: str
    number: int | None = None
    open: bool = True


@dataclass(frozen=True)
class LeftOut:
    """Something that is there and cannot be taken: which, and why."""

    what: str
    why: str


Found = Entry | Article | LeftOut
Reader = Callable[[Path], Iterator[Found]]


def moment(text: str) -> datetime | None:
    """A date of an export, in UTC where it names no zone; None for one that is none, such as 0000-00-00."""
    try:
        found = datetime.fromisoformat(text.strip())
        return found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def opened(path: Path) -> IO[bytes]:
    """The file, unpacked where it is packed with gzip. Raises ``NotReadable``, when it is read too.

    Real exports shrink to a tenth or a twentieth; one that unpacks to hundreds of times its size only fills the memory.
    """
    try:
        with path.open("rb") as file:
            packed = file.read(2) == _GZIP
        if not packed:
            return path.open("rb")
        return io.BufferedReader(_Bounded(gzip.open(path), max(MOST_RATIO * path.stat().st_size, SMALL)))
    except OSError as error:
        raise NotReadable(str(error)) from error


def xml(path: Path) -> io.BufferedIOBase:
    """An XML file without what real exports hold before the first tag, and without characters that XML forbids."""
    return _Printable(opened(path))


def lines(path: Path) -> Iterator[bytes]:
    """The lines of a file. Raises ``NotReadable`` where it cannot be unpacked."""
    with opened(path) as file:
        try:
            while line := file.readline(LONGEST_LINE + 1):
                if len(line) > LONGEST_LINE:
                    raise NotReadable(f"a line is longer than {LONGEST_LINE // 1024 // 1024} MB")
                yield line
        except UNREADABLE as error:
            raise NotReadable(str(error)) from error


class _Bounded(io.RawIOBase):
    """What is unpacked of a file, up to so many bytes."""

    def __init__(self, file: io.BufferedIOBase, most: int) -> None:
        self._file, self._left = file, most

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        piece = self._file.read(len(buffer))
        self._left -= len(piece)
        if self._left < 0:
            raise NotReadable("it unpacks to far more than any export does")
        buffer[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        self._file.close()
        super().close()


class _Printable(io.BufferedIOBase):
    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._begun = file, False

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        while raw := self._file.read(size if size is not None else -1):
            if not self._begun:
                raw = raw[max(raw.find(b"<"), 0) :]
                self._begun = True
            if kept := raw.translate(None, _UNPRINTABLE):
                return kept
        return b""

    def close(self) -> None:
        self._file.close()
        super().close()
