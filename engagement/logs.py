"""The log: one JSON object a line on standard error, or plain lines for the demo.

What readers sent must not come in: a line names what the program did, never whom for. The text of an exception may
repeat what it choked on, so JSON lines hold its type and its place in our code, not its words.
"""

import json
import logging
import logging.config
import secrets
import sys
import threading
from contextvars import ContextVar
from datetime import UTC, datetime
from traceback import extract_tb
from typing import Any, TextIO

_FRAMES = 40
_request_id: ContextVar[str] = ContextVar("request_id", default="")


def begin_request() -> str:
    """A fresh id for the request that this thread answers from now on."""
    made = secrets.token_hex(8)
    _request_id.set(made)
    return made


def end_request() -> None:
    _request_id.set("")


def request_id() -> str:
    """The id of the request at hand; empty outside of one."""
    return _request_id.get()


def fields(**values: object) -> dict[str, object]:
    """``extra=`` of a log call whose values become keys of the JSON line."""
    return {"fields": values}


class JsonLines(logging.Formatter):
    """``time`` (RFC 3339, UTC), ``level``, ``logger``, ``message``; ``request``, ``exception`` if there is one."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")[:-6] + "Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if known := request_id():
            line["request"] = known
        line |= getattr(record, "fields", {})
        if record.exc_info and record.exc_info[1] is not None:
            line["exception"] = described(record.exc_info[1])
        return json.dumps(line, ensure_ascii=True, default=str)


class PlainLines(logging.Formatter):
    """For a person at a terminal; a line stays one line, whatever is in it."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(message)s", "%H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the standard library's name
        return super().formatMessage(record).replace("\r", "\\r").replace("\n", "\\n")


def described(error: BaseException, depth: int = 3) -> dict[str, Any]:
    """Type, place and cause of an exception, without its words."""
    frames = [f"{f.filename}:{f.lineno} {f.name}" for f in extract_tb(error.__traceback__)[-_FRAMES:]]
    told: dict[str, Any] = {"type": f"{type(error).__module__}.{type(error).__qualname__}", "stack": frames}
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None and depth:
        told["cause"] = described(cause, depth - 1)
    return told


def set_up(*, plain: bool, stream: TextIO | None = None) -> None:
    """Send every logger of this process to ``stream`` (standard error); again replaces what was there."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(PlainLines() if plain else JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("engagement").setLevel(logging.INFO)
    logging.config.dictConfig(server_config())
    logging.captureWarnings(True)
    if not plain:  # what nobody caught would be printed with its words
        sys.excepthook = lambda _kind, error, _trace: _uncaught(error)
        threading.excepthook = lambda given: _uncaught(given.exc_value)


def server_config() -> dict[str, Any]:
    """For ``logging.config``: the HTTP server's own lines take the same way as ours."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {},
        "handlers": {},
        "loggers": {"_granian": {"handlers": [], "level": "INFO", "propagate": True}},
    }


def _uncaught(error: BaseException | None) -> None:
    if error is not None and not isinstance(error, KeyboardInterrupt | SystemExit):
        logging.getLogger("engagement").critical("nobody caught an exception", exc_info=error)
