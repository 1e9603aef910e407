"""This end of the pipe to a child that holds a native model; ``child`` is the other.

Memory is watched as the resident size in ``/proc``, since native libraries reserve far more addresses than they
use. Where there is no ``/proc``, nobody watches, and the limit belongs to the service manager. POSIX only.
"""

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from engagement.domain.screening import Thresholds
from engagement.screening.guarded import ScreenerBroken
from engagement.screening.processes.child import LENGTH

_LOOK_EVERY = 0.05  # seconds between two looks at the child's memory
_MOST_ANSWER = 16 * 1024 * 1024  # bytes
_SECRETS = "ENGAGEMENT_"  # settings in the environment, passwords among them: none of a model's business
Why = Literal["missing", "slow", "broken"]


@dataclass(frozen=True)
class ChildLimits:
    """``timeout``: seconds of a call; ``load_seconds``: of loading; ``memory_mb``: resident, 0 for no limit.

    ``patience``: for so many seconds after the start or a loss calls wait for the child; later they are refused at
    once, so that a long loading does not keep every thread of the server. Restarts wait 0, ``backoff``,
    2·``backoff``, … seconds, at most ``longest_backoff``; the row starts anew once a child has lived so long.
    """

    timeout: float = 10.0
    load_seconds: float = 120.0
    memory_mb: int = 0
    patience: float = 2.0
    backoff: float = 2.0
    longest_backoff: float = 60.0

    def delay(self, failures: int) -> float:
        return 0.0 if failures < 2 else float(min(self.longest_backoff, self.backoff * 2 ** min(failures - 2, 30)))


@dataclass(frozen=True)
class Loaded:
    """What a child has told of its model."""

    model: str
    labels: frozenset[str]
    thresholds: Thresholds


class Lost(Exception):
    """The child cannot be used any more."""

    def __init__(self, why: Why, detail: str) -> None:
        self.why = why
        self.detail = detail
        super().__init__(detail)


class Child:
    """One process and its pipes; for one thread at a time. Every wait has an end."""

    def __init__(self, factory: bytes, limits: ChildLimits) -> None:
        self._limits = limits
        kept = {key: value for key, value in os.environ.items() if not key.upper().startswith(_SECRETS)}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "engagement.screening.processes.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=kept | {"PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)},
            bufsize=0,
        )
        assert self._process.stdin is not None  # noqa: S101 - for the type checker
        assert self._process.stdout is not None  # noqa: S101
        self._in, self._out = self._process.stdin.fileno(), self._process.stdout.fileno()
        os.set_blocking(self._in, False)
        os.set_blocking(self._out, False)
        self._factory = factory
        self.pid = self._process.pid

    def load(self) -> Loaded:
        """Raises ``Lost``."""
        ends = time.monotonic() + self._limits.load_seconds
        for frame in (repr(self._limits.load_seconds).encode(), self._factory):
            self._send(frame, ends)
        said = self._receive(ends)
        if "error" in said:
            raise Lost("missing", f"it could not be loaded: {said['error']}")
        try:
            thresholds = Thresholds(_numbers(said["hold_at"]), _numbers(said["reject_at"]))
            return Loaded(str(said["model"]), frozenset(map(str, said["labels"])), thresholds)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise Lost("broken", f"its first words make no sense: {error!r}") from error

    def ask(self, texts: Sequence[str]) -> Any:
        """Whatever it says are the scores. Raises ``Lost``, and ``ScreenerBroken`` where the model raised."""
        ends = time.monotonic() + self._limits.timeout
        self._send(json.dumps({"texts": list(texts), "seconds": self._limits.timeout}).encode(), ends)
        said = self._receive(ends)
        if "error" in said:
            raise ScreenerBroken("broken", str(said["error"]))
        return said.get("scores")

    def kill(self) -> None:
        """At once; whoever waits for its answer buries it."""
        self._process.kill()

    def end(self, *, gently: float = 0.0) -> None:
        """Close the pipes, at which it ends by itself; kill it where it does not within so many seconds."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            self._process.wait(gently)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _send(self, frame: bytes, ends: float) -> None:
        rest = memoryview(LENGTH.pack(len(frame)) + frame)
        while rest:
            self._wait(ends, write=True)
            try:
                rest = rest[os.write(self._in, rest) :]
            except BlockingIOError:
                continue
            except OSError as error:
                raise Lost("broken", self._obituary()) from error

    def _receive(self, ends: float) -> dict[str, Any]:
        size = LENGTH.unpack(self._read(LENGTH.size, ends))[0]
        if size > _MOST_ANSWER:
            raise Lost("broken", f"an answer of {size} bytes")
        try:
            said = json.loads(self._read(size, ends))
        except (ValueError, RecursionError) as error:
            raise Lost("broken", f"no JSON: {error}") from error
        if not isinstance(said, dict):
            raise Lost("broken", f"an answer that is a {type(said).__name__}")
        return said

    def _read(self, size: int, ends: float) -> bytes:
        found = bytearray()
        while len(found) < size:
            self._wait(ends)
            try:
                more = os.read(self._out, min(65_536, size - len(found)))
            except BlockingIOError:
                continue
            if not more:
                raise Lost("broken", self._obituary())
            found += more
        return bytes(found)

    def _wait(self, ends: float, *, write: bool = False) -> None:
        """Until the pipe can be used; with an eye on the clock and on the child's memory."""
        poll = select.poll()  # unlike select(), it takes any number of open files
        poll.register(self._in if write else self._out, select.POLLOUT if write else select.POLLIN)
        while not poll.poll(1000 * max(0.0, min(_LOOK_EVERY, ends - time.monotonic()))):
            limit, used = self._limits.memory_mb, resident_mb(self.pid)
            if limit and used is not None and used > limit:
                raise Lost("broken", f"it took {used:.0f} MB of memory, more than {limit}")
            if time.monotonic() >= ends:
                raise Lost("slow", "no answer in time")

    def _obituary(self) -> str:
        try:
            code = self._process.wait(1)
        except subprocess.TimeoutExpired:
            return "it closed its pipe"
        return f"it ended with {signal.Signals(-code).name if code < 0 else f'status {code}'}"


def _numbers(given: Mapping[str, Any]) -> dict[str, float]:
    return {str(label): float(value) for label, value in given.items()}


def resident_mb(pid: int) -> float | None:
    """Resident memory of a process in MiB; None where the system does not tell."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
