"""``engagement model``: which models there are, fetching and making them, measuring, fitting Perspective's scale."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    ProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TransferSpeedColumn,
)
from rich.progress import Progress as Bars
from rich.table import Table

from engagement.cli.models_port import ModelRoom, Progress
from engagement.cli.screen import read_line

_DATA = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    envvar="ENGAGEMENT_DATA",
    required=True,
    help="Folder of the data sets; or set ENGAGEMENT_DATA.",
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
_VARIANT = click.option("--variant", help="Variant of Detoxify; without it, the one of the settings.")
_WIDE = 140  # columns of a table that goes to a file or a pipe


@click.group("model")
def model() -> None:
    """The classifiers: list, fetch, export, train, evaluate, scale."""


@model.command("list")
@_JSON
@click.pass_obj
def list_(house: ModelRoom, as_json: bool) -> None:
    """List the models that can be chosen."""
    models = house.models()
    if as_json:
        click.echo(json.dumps(models, indent=2, ensure_ascii=False))
        return
    table = Table("model", "version", "languages", "labels", "held from", "usable")
    for each in models:
        held = each["thresholds"].get("hold_at", {})
        table.add_row(
            each["name"],
            each["version"] or "-",
            " ".join(each["languages"]) or "-",
            " ".join(each["labels"]) or "-",
            " ".join(f"{label} {value:g}" for label, value in held.items()) or "-",
            "yes" if each["usable"] else f"no: {each['why']}",
        )
    _console().print(table)


@model.command("fetch")
@_VARIANT
@click.option("--sha256", default="", help="SHA-256 of the checkpoint, where you know it from a source you trust.")
@click.option(
    "--mirror", default="", help="Address of a folder that holds all files, instead of where they are published."
)
@click.pass_obj
def fetch(house: ModelRoom, variant: str | None, sha256: str, mirror: str) -> None:
    """Fetch Detoxify's weights, and the configuration and tokenizer they need.

    Takes up where an earlier try was cut. Proxies come from the environment. Of the weights the publisher tells eight
    digits of the SHA-256, of the other files nothing: the checksums printed here are kept, and hold from then on.
    """
    with _told(), _bars(bytes_=True) as progress:
        sums = house.fetch(variant, sha256, mirror, progress)
    for path, digest in sums.items():
        click.echo(f"{digest}  {path}")


@model.command("export")
@_VARIANT
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="Folder to write; default: below weights."
)
@click.option(
    "--sample", type=click.File("rb"), help='JSON lines with a "text", to compare on instead of the shipped texts.'
)
@click.option(
    "--max-difference", default=0.15, show_default=True, help="Largest difference of a score that is accepted."
)
@click.option(
    "--min-rank", default=0.97, show_default=True, help="Lowest rank correlation of a label that is accepted."
)
@click.option(
    "--max-flips", default=0.02, show_default=True, help="Largest share of changed decisions that is accepted."
)
@_JSON
@click.pass_obj
def export(
    house: ModelRoom,
    variant: str | None,
    out: Path | None,
    sample: BinaryIO | None,
    max_difference: float,
    min_rank: float,
    max_flips: float,
    as_json: bool,
) -> None:
    """Make an int8 ONNX model of a Detoxify checkpoint: about three times as fast, a third of the memory.

    Refuses to write it where its scores do not agree with the original's. Needs more packages:
    pip install 'engagement[detoxify,onnx,export]'; the machine that serves needs only 'engagement[onnx]'.
    """
    limits = {"difference": max_difference, "rank": min_rank, "flips": max_flips}
    with _told(), _bars() as progress:
        card = house.export(variant, out, _texts(sample) if sample else None, limits, progress)
    if as_json:
        click.echo(json.dumps(card, indent=2, ensure_ascii=False))
        return
    agreed = card["agreement"]
    click.echo(
        f"{card['name']}@{card['version']}: on {agreed['texts']} texts scores differ by at most "
        f"{agreed['difference']:.3f}, rank correlation {agreed['rank']:.3f}, "
        f"{agreed['flips']:.2%} of the decisions changed."
    )


def _texts(lines: BinaryIO) -> list[str]:
    """Raises ``ValueError`` for a line that holds no text, and for too few lines."""
    read = [read_line(number, line) for number, line in enumerate(lines, start=1) if line.strip()]
    if wrong := next((line for line in read if line.given is None), None):
        raise ValueError(f"line {wrong.number}: {wrong.wrong}")
    if len(read) < 2:
        raise ValueError("the sample holds fewer than two texts")
    return [line.given["text"] for line in read if line.given is not None]


@model.command("train")
@_DATA
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Folder to write; default: the package.")
@click.pass_obj
def train(house: ModelRoom, data: Path, out: Path | None) -> None:
    """Train the embedded model. The same data gives the same bytes.

    Needs scikit-learn: pip install 'engagement[train]'.
    """
    with _told(), _bars() as progress:
        card = house.train(data, out, progress)
    click.echo(f"{card['name']}@{card['version']}: {card['examples']} texts, {card['toxic']} of them toxic.")
    click.echo(f"Weights SHA-256 {card['weights_sha256']}")


@model.command("scale")
@click.option("--model", "name", help="Model to map; without it, the one of the settings.")
@_DATA
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="File to write; default: the package.")
@click.pass_obj
def scale(house: ModelRoom, name: str | None, data: Path, out: Path | None) -> None:
    """Fit a model's scores to Perspective's scale, on the scores that were published.

    To be run again whenever the model was trained again.
    """
    with _told(), _bars() as progress:
        card = house.fit_scale(name, data, out, progress)
    click.echo(f"{card['model']} on {card['sample']} texts")
    for attribute, fitted in card["attributes"].items():
        found = fitted["figures"]
        click.echo(
            f"{attribute}: mean error {found['mae']:.3f} ({found['unmapped_mae']:.3f} without the map), "
            f"root mean square {found['rmse']:.3f}, correlation {found['pearson']:.3f}"
        )
        for at, counts in found["thresholds"].items():
            click.echo(f"  from {at}: Perspective {counts['theirs']}, here {counts['ours']}, both {counts['both']}")


@model.command("evaluate")
@click.option("--model", "name", help="Model to measure; without it, the one of the settings.")
@_DATA
@_JSON
@click.pass_obj
def evaluate(house: ModelRoom, name: str | None, data: Path, as_json: bool) -> None:
    """Measure a model on the labelled sets of a folder."""
    with _told(), _bars() as progress:
        rows = house.evaluate(name, data, progress)
    if as_json:
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    console = _console()
    console.print(_figures(rows))
    for table in (*_functionalities(rows), *_disguise(rows)):
        console.print(table)


def _figures(rows: Sequence[Mapping[str, Any]]) -> Table:
    table = Table("set", "language", title="Figures", caption="FPR and recall: at the model's own threshold")
    for heading in ("n", "toxic", "ROC-AUC", "PR-AUC", "R@1%", "R@5%", "FPR", "recall"):
        table.add_column(heading, justify="right")
    for row in rows:
        names = ("roc_auc", "pr_auc", "recall_at_1", "recall_at_5", "false_positive_rate", "recall")
        numbers = (_number(row[name]) for name in names)
        table.add_row(row["name"], row["language"], str(row["n"]), str(row["toxic"]), *numbers)
    return table


def _functionalities(rows: Sequence[Mapping[str, Any]]) -> Iterator[Table]:
    for row in rows:
        if row["functionalities"]:
            table = Table("functionality", title=f"{row['name']}: share of right answers")
            table.add_column("accuracy", justify="right")
            for name, accuracy in row["functionalities"].items():
                table.add_row(name, _number(accuracy))
            yield table


def _disguise(rows: Sequence[Mapping[str, Any]]) -> Iterator[Table]:
    """Share flagged as written and as read: what undoing disguise finds, and what it costs on harmless texts."""
    measured = [(row["name"], *each) for row in rows for each in (row.get("disguise") or {}).items()]
    if not measured:
        return
    table = Table("set", "group", title="Disguise", caption="Share flagged, disguise left alone against undone")
    for heading in ("n", "as written", "as read"):
        table.add_column(heading, justify="right")
    for name, group, found in measured:
        table.add_row(name, group, str(found["n"]), _number(found["as_written"]), _number(found["as_read"]))
    yield table


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _console() -> Console:
    # Rich draws for the terminal's width; a pipe has none, and would cut the table at 80.
    return Console() if sys.stdout.isatty() else Console(width=_WIDE, no_color=True)


@contextmanager
def _told() -> Iterator[None]:
    """A refusal of the house as a line for the person at the terminal."""
    try:
        yield
    except (ValueError, RuntimeError, OSError) as error:
        raise click.ClickException(str(error)) from error


@contextmanager
def _bars(*, bytes_: bool = False) -> Iterator[Progress]:
    """A bar for each piece of work, on standard error and only on a terminal."""
    counts: tuple[ProgressColumn, ...] = (
        (DownloadColumn(), TransferSpeedColumn()) if bytes_ else (MofNCompleteColumn(),)
    )
    columns = (TextColumn("{task.description}"), BarColumn(), *counts, TimeElapsedColumn())
    with Bars(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bars:
        tasks: dict[str, Any] = {}

        def progress(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done, total=total)

        yield progress
