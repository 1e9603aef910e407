"""``engagement model``: which models there are, making the embedded one, measuring, fitting Perspective's scale."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars
from rich.table import Table

from engagement.cli.models_port import ModelRoom, Progress

_DATA = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    envvar="ENGAGEMENT_DATA",
    required=True,
    help="Folder of the data sets; or set ENGAGEMENT_DATA.",
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
_WIDE = 140  # columns of a table that goes to a file or a pipe


@click.group("model")
def model() -> None:
    """The classifiers: list, train, evaluate, scale."""


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
def _bars() -> Iterator[Progress]:
    """A bar for each piece of work, on standard error and only on a terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bars(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bars:
        tasks: dict[str, Any] = {}

        def progress(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done, total=total)

        yield progress
