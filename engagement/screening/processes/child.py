"""The other end of ``process``: one native model alone in its process, asked over a pipe.

Run as ``python -m engagement.screening.processes.child``. Frames on standard input and output are a length (4 bytes,
big endian) and as many bytes. In: the pickled factory, then JSON ``{"texts": [...], "seconds": s}``. Out, JSON alone:
first ``{"model", "labels", "hold_at", "reject_at"}``, then ``{"scores": [{label: number}, ...]}``, or
``{"error": text}`` at any time. Nothing of a text is ever written to the log.
"""

import faulthandler
import json
import os
import pickle
import queue
import signal
import struct
import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, BinaryIO

LENGTH = struct.Struct(">I")
# Past its time a call is ended by the parent; where the parent is gone, by the watchdog, this much later.
GRACE = 5.0
_FIRST_TO_GO = "800"  # of 1000: where memory ends, the kernel should choose this process and not the web server


def main() -> None:
    """Load, say what was loaded, answer until the pipe closes."""
    requests, answers = _take_pipes()
    faulthandler.enable()
    # The parent decides when this process ends: a Ctrl-C or a SIGTERM to the whole group leaves requests to finish.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    _volunteer()
    frames: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    # Read in a thread, so that the end of the parent is noticed while a call runs.
    threading.Thread(target=_listen, args=(requests, frames), daemon=True).start()
    seconds, factory = float(frames.get()), frames.get()
    model = _answer(answers, seconds, partial(_loaded, factory))
    while model is not None:
        asked = json.loads(frames.get())
        _answer(answers, asked["seconds"], partial(_scored, model, asked["texts"]))


def _take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Standard input and output as private pipes; whatever else prints goes to standard error."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return requests, answers


def _volunteer() -> None:
    try:
        with open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
            file.write(_FIRST_TO_GO)
    except OSError:
        pass  # not Linux, or not permitted: then the memory limit of the parent alone protects


def _listen(requests: BinaryIO, frames: "queue.SimpleQueue[bytes]") -> None:
    while len(head := requests.read(LENGTH.size)) == LENGTH.size:
        size = LENGTH.unpack(head)[0]
        frame = requests.read(size)
        if len(frame) < size:
            break
        frames.put(frame)
    os._exit(0)  # the parent is gone or has closed the pipe


def _answer(answers: BinaryIO, seconds: float, work: Callable[[], tuple[Any, Mapping[str, Any]]]) -> Any:
    """Do the work with a watchdog that needs no lock of the interpreter, and send what came of it."""
    faulthandler.dump_traceback_later(seconds + GRACE, exit=True)
    kept = None
    try:
        kept, said = work()
        frame = json.dumps(said).encode()
    except BaseException as error:  # noqa: BLE001 - whatever a model raises is told to the parent
        kept, frame = None, json.dumps({"error": f"{type(error).__name__}: {error}"[:500]}).encode()
    faulthandler.cancel_dump_traceback_later()
    answers.write(LENGTH.pack(len(frame)) + frame)
    answers.flush()
    return kept


def _loaded(factory: bytes) -> tuple[Any, dict[str, Any]]:
    model = pickle.loads(factory)()  # noqa: S301 - the parent made it; nothing pickled goes the other way
    first = model.screen([""])  # the slow first call belongs to the loading
    numbers = {label: float(score) for label, score in first.scores.items()}
    limits = {"hold_at": dict(first.thresholds.hold_at), "reject_at": dict(first.thresholds.reject_at)}
    return model, {"model": model.model, "labels": sorted(numbers), **limits}


def _scored(model: Any, texts: list[str]) -> tuple[None, dict[str, Any]]:
    each = model.score_each(texts)
    return None, {"scores": [{str(label): float(score) for label, score in scores.items()} for scores in each]}


if __name__ == "__main__":
    main()
