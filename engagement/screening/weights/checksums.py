"""SHA-256 of model files, kept beside them as ``sha256sum`` writes and checks it."""

import hashlib
import re
from collections.abc import Mapping
from io import BufferedReader
from pathlib import Path

SUMS = "SHA256SUMS"
_LINE = re.compile(r"([0-9a-f]{64}) [ *](.+)")
_IN_NAME = re.compile(r"-([0-9a-f]{8,64})\.ckpt$")
HEX = re.compile(r"[0-9a-f]{64}")


def read_sums(folder: Path) -> dict[str, str]:
    """File name → SHA-256 of the folder's ``SHA256SUMS``; empty where there is none.

    Raises ``ValueError`` for a line of another form.
    """
    try:
        lines = (folder / SUMS).read_text("utf-8").splitlines()
    except FileNotFoundError:
        return {}
    sums = {}
    for line in filter(None, lines):
        found = _LINE.fullmatch(line)
        if not found:
            raise ValueError(f"{folder / SUMS} has a line that is no checksum: {line[:100]!r}")
        sums[found[2]] = found[1]
    return sums


def write_sums(folder: Path, sums: Mapping[str, str]) -> None:
    draft = folder / f".{SUMS}.new"
    draft.write_text("".join(f"{digest}  {name}\n" for name, digest in sorted(sums.items())), "utf-8")
    draft.replace(folder / SUMS)


def sha256_of(file: Path) -> str:
    with file.open("rb") as stream:
        return digest(stream)


def digest(stream: BufferedReader) -> str:
    """SHA-256 of a stream, which stands at its start again afterwards."""
    found = hashlib.file_digest(stream, "sha256").hexdigest()
    stream.seek(0)
    return found


def expected(file: Path, vouched: str = "") -> str:
    """What the SHA-256 of a checkpoint must begin with: vouched for, noted beside it, or told by its name.

    "" where nothing is known. Raises ``ValueError`` as ``read_sums`` does.
    """
    named = _IN_NAME.search(file.name)
    return vouched.lower() or read_sums(file.parent).get(file.name, "") or (named[1] if named else "")
