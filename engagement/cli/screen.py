"""``engagement screen``: scores for lines of JSON, one line out for each line in."""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, BinaryIO

import click

from engagement.cli.models_port import ModelRoom, TextScorer

_BATCH = 64


class BadLine(ValueError):
    """A line is no JSON object with a text."""


@dataclass(frozen=True)
class Line:
    """A line of the input. ``given`` is None where it could not be read; ``wrong`` says why."""

    number: int
    given: dict[str, Any] | None
    wrong: str = ""


@click.command("screen")
@click.option("--model", "name", help="Model to use; without it, the one of the settings.")
@click.pass_obj
def screen(house: ModelRoom, name: str | None) -> None:
    """Score texts: JSON lines in, JSON lines out.

    Each line of the input is an object with a "text"; other keys are passed through. Each line of the
    output is that object with "scores" and "model" added, in the order of the input.

    A line that cannot be read or scored is named on standard error and left out; the others are answered,
    and the exit status is then 1.
    """
    try:
        scorer = house.screener(name)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    failed = 0
    for batch in _batches(sys.stdin.buffer):
        failed += answer(scorer, batch)
        sys.stdout.flush()
    if failed:
        raise SystemExit(1)


def answer(scorer: TextScorer, batch: list[Line]) -> int:
    """Print the answers to a batch of lines, errors to standard error; how many failed."""
    scores = _scores(scorer, [line for line in batch if line.given is not None])
    failed = 0
    for line in batch:
        outcome = scores.get(line.number, line.wrong)
        if line.given is None or isinstance(outcome, str):
            click.echo(f"line {line.number}: {outcome}", err=True)
            failed += 1
        else:
            # ASCII only: a lone surrogate in a text cannot be written otherwise.
            click.echo(json.dumps({**line.given, "scores": outcome, "model": scorer.model}))
    return failed


def _scores(scorer: TextScorer, lines: list[Line]) -> dict[int, dict[str, float] | str]:
    """Line number → scores, or why there are none. A line that breaks the model takes no other along."""
    texts = [line.given["text"] for line in lines if line.given is not None]
    if not texts:
        return {}
    try:
        return {line.number: dict(each) for line, each in zip(lines, scorer.score_each(texts), strict=True)}
    except RuntimeError as error:
        if len(lines) == 1:
            return {lines[0].number: str(error)}
    return {number: each for line in lines for number, each in _scores(scorer, [line]).items()}


def read_line(number: int, raw: bytes) -> Line:
    """A line of the input; blank lines are the caller's to skip."""
    try:
        return Line(number, _object(raw))
    except (BadLine, RecursionError) as error:
        return Line(number, None, str(error))


def _object(raw: bytes) -> dict[str, Any]:
    try:
        given = json.loads(raw.decode("utf-8"))
    except ValueError as error:
        raise BadLine(f"not JSON in UTF-8: {error}") from error
    if not isinstance(given, dict) or not isinstance(given.get("text"), str):
        raise BadLine('not an object with a "text" that is a string')
    return given


def _batches(stream: BinaryIO) -> Iterator[list[Line]]:
    """The lines as they come: those that wait already, at most ``_BATCH``; a slow input goes singly."""
    queue: SimpleQueue[tuple[int, bytes] | None] = SimpleQueue()
    room = SimpleQueue[None]()  # a ticket for each line that may be read ahead, so that memory is bounded
    for _ in range(4 * _BATCH):
        room.put(None)
    Thread(target=_pour, args=(stream, queue, room), daemon=True).start()
    ended = False
    while not ended:
        batch: list[Line] = []
        while len(batch) < _BATCH and not ended:
            try:
                item = queue.get(block=not batch)
            except Empty:
                break
            ended = item is None
            if item is not None:
                room.put(None)
                batch += [read_line(*item)] if item[1].strip() else []
        if batch:
            yield batch


def _pour(stream: BinaryIO, queue: "SimpleQueue[tuple[int, bytes] | None]", room: "SimpleQueue[None]") -> None:
    try:
        for numbered in enumerate(stream, start=1):
            room.get()
            queue.put(numbered)
    finally:
        queue.put(None)
