"""Files of a model over HTTP: resumed where a connection was cut, checked before they are put in place.

A file grows as ``NAME.part``. When it is whole its SHA-256 is compared with what is known: a checksum given by a
person, the one noted at an earlier fetch, or the eight digits in a release's file name. Then it takes its place in
one step, and its checksum is noted in ``SHA256SUMS``: from then on the file must stay what it was ("lock on first
use"). Proxies are taken from the environment (``https_proxy``, ``no_proxy``).
"""

import json
import re
import ssl
import time
from collections.abc import Callable, Mapping
from http.client import HTTPException, HTTPMessage
from pathlib import Path
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, OpenerDirector, Request, build_opener

from engagement.screening.disguises.variants import COMPANIONS, Variant
from engagement.screening.weights import checksums

Progress = Callable[[str, int, int], None]
_CHUNK = 1 << 18
_TIMEOUT = 30.0  # seconds without a byte
_TRIES = 5  # in a row without a byte gained
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


class FetchFailed(RuntimeError):
    """A file could not be had, or is not the one that was wanted; the message says which and why."""


class _NeverDowngraded(HTTPRedirectHandler):
    """Follows redirects, but never from https to http."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        if req.type == "https" and not newurl.startswith("https:"):
            raise FetchFailed(f"{req.full_url} leads to {newurl}, which is not encrypted")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def fetch(
    variant: Variant,
    folder: Path,
    *,
    sha256: str = "",
    mirror: str = "",
    progress: Progress | None = None,
    pause: Callable[[float], None] = time.sleep,
) -> dict[str, str]:
    """Put the checkpoint of a variant, and its base's configuration and tokenizer, into a folder: name → SHA-256.

    ``sha256``: of the checkpoint, where a person knows it. Files that are there and right are left alone. Raises
    ``FetchFailed``, ``OSError``, and ``ValueError`` for a ``SHA256SUMS`` or ``sha256`` of another form.
    """
    if sha256 and not checksums.HEX.fullmatch(sha256.lower()):
        raise ValueError("a SHA-256 has 64 hex digits")
    folder.mkdir(parents=True, exist_ok=True)
    opener = build_opener(_NeverDowngraded)
    sums = checksums.read_sums(folder)
    addresses = variant.addresses(mirror)
    for name in (*COMPANIONS, variant.file):  # the small ones first: a wrong mirror shows at once
        file = folder / name
        wanted = checksums.expected(file, sha256 if name == variant.file else "")
        if not (file.exists() and wanted and checksums.sha256_of(file).startswith(wanted)):
            _Download(opener, addresses[name], file, progress, pause).run(wanted)
        sums[name] = checksums.sha256_of(file)
        checksums.write_sums(folder, sums)
    return sums


class _Download:
    """One file on its way into place."""

    def __init__(
        self,
        opener: OpenerDirector,
        url: str,
        file: Path,
        progress: Progress | None,
        pause: Callable[[float], None],
    ) -> None:
        if not url.startswith(("http://", "https://")):
            raise FetchFailed(f"{url} is neither an http nor an https address")
        self._opener = opener
        self._url = url
        self._file = file
        self._part = file.with_name(f"{file.name}.part")
        self._stamp = file.with_name(f"{file.name}.part.json")  # where the part is from
        self._progress = progress
        self._pause = pause

    def run(self, wanted: str) -> None:
        """``wanted``: what its SHA-256 must begin with."""
        self._fill()
        found = checksums.sha256_of(self._part)
        if not found.startswith(wanted):
            self._part.unlink()
            raise FetchFailed(f"{self._url} is not the file that was wanted: its SHA-256 is {found}, not {wanted}")
        if self._file.suffix == ".json":
            self._check_json()
        self._part.replace(self._file)

    def _check_json(self) -> None:
        """No checksum is published of these; a login page with status 200 must not become a tokenizer."""
        try:
            good = isinstance(json.loads(self._part.read_text("utf-8")), dict)
        except ValueError:
            good = False
        if not good:
            self._part.unlink()
            raise FetchFailed(f"{self._url} gave something that is no JSON object")

    def _fill(self) -> None:
        """As often as it takes, while tries still gain something."""
        idle = 0
        while True:
            before = self._size()
            why = self._try()
            if not why:
                return
            idle = 0 if self._size() > before else idle + 1
            if idle >= _TRIES:
                raise FetchFailed(f"{self._url} cannot be fetched: {why}. What came is kept: run the command again")
            if idle:
                self._pause(2.0**idle)

    def _try(self) -> str:
        """One try, from where the last one ended. "" when the file is whole, else what went wrong."""
        try:
            return "" if self._continue() else "the connection was cut"
        except HTTPError as error:
            error.close()
            if error.code == 416:  # what is there is no beginning of what the server has
                self._stamp.unlink(missing_ok=True)
            elif error.code < 500:
                raise FetchFailed(f"{self._url} answers {error.code} {error.reason}") from error
            return f"the server answers {error.code} {error.reason}"
        except (URLError, HTTPException, TimeoutError, ConnectionError) as error:
            why = getattr(error, "reason", error) or error
            if isinstance(why, ssl.SSLCertVerificationError):
                raise FetchFailed(f"{self._url} cannot be trusted: {why}") from error
            return str(why) or type(why).__name__

    def _continue(self) -> bool:
        """Whether the file is whole now."""
        start, validator = self._so_far()
        request = Request(self._url, headers={"User-Agent": "engagement"})  # noqa: S310 - http and https only
        if start:
            request.add_header("Range", f"bytes={start}-")
            request.add_header("If-Range", validator)
        with self._opener.open(request, timeout=_TIMEOUT) as answer:
            start, total = _span(answer.status, answer.headers, start)
            if start == 0:
                self._note(answer.headers)
            done = self._write(answer, start, total)
        if done < total:  # http.client ends a cut body without an error
            return False
        self._stamp.unlink(missing_ok=True)
        return True

    def _write(self, answer: Any, start: int, total: int) -> int:
        """How many bytes of the file are there at the end."""
        with self._part.open("r+b" if start else "wb") as out:
            out.seek(start)
            done = start
            while chunk := answer.read(_CHUNK):
                out.write(chunk)
                done += len(chunk)
                if self._progress:
                    self._progress(self._file.name, done, max(total, done))
        return done

    def _so_far(self) -> tuple[int, str]:
        """(bytes there, the validator under which they were given); (0, "") where they cannot be continued."""
        try:
            noted: Mapping[str, str] = json.loads(self._stamp.read_text("utf-8"))
            if noted["url"] == self._url and noted["validator"]:
                return self._size(), noted["validator"]
        except (OSError, ValueError, KeyError, TypeError):
            pass  # nothing was begun, or not by this
        return 0, ""

    def _note(self, headers: Any) -> None:
        """What proves later that the file is still the same: a strong ETag, or the date of its last change."""
        etag = headers.get("ETag", "")
        validator = headers.get("Last-Modified", "") if not etag or etag.startswith("W/") else etag
        self._stamp.write_text(json.dumps({"url": self._url, "validator": validator}), "utf-8")

    def _size(self) -> int:
        return self._part.stat().st_size if self._part.exists() else 0


def _span(status: int, headers: Any, asked: int) -> tuple[int, int]:
    """(first byte of what comes, size of the whole, 0 where unknown). A server may ignore the range and start over."""
    if status == 206:
        found = _RANGE.fullmatch(headers.get("Content-Range", ""))
        if not found or int(found[1]) != asked:
            raise FetchFailed(f"the server sent another range than asked for: {headers.get('Content-Range')}")
        return asked, 0 if found[2] == "*" else int(found[2])
    return 0, int(headers.get("Content-Length") or 0)
