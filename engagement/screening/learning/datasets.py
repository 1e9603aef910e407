"""The data sets that train and measure a model: where they lie, what they are, under which licence."""

import gzip
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal


class DataNotFound(ValueError):
    """The data folder lacks a set; the message names it."""


@dataclass(frozen=True)
class DataSet:
    """``weight``: of each training row; ``take``: which rows train and with what label.

    ``"all"`` as labelled, ``"positives"`` only label 1, ``"harmless"`` every row as label 0 unless the
    lexicon hits it. ``weight`` 0 means never trained on. ``credit``: whom to
    name, for the NOTICE of a model trained on it.
    """

    name: str
    folder: str
    language: str
    licence: str
    weight: float = 0.0
    take: Literal["all", "positives", "harmless"] = "all"
    credit: str = ""


SETS = (
    DataSet(
        "jigsaw_it",
        "toxicity-it-wikipedia",
        "it",
        "CC0-1.0",
        3.0,
        "all",
        "Jigsaw Multilingual Toxic Comment Classification, 2020 (Kivlichan, Sorensen, Elliott, Vasserman, "
        "Görner, Culliton); text by contributors of the Italian Wikipedia.",
    ),
    DataSet(
        "blog_it",
        "toxicity-it-blog-seed",
        "it",
        "CC0-1.0",
        1.0,
        "all",
        "Italian blog comments written for this project.",
    ),
    DataSet(
        "pejorativity_it",
        "toxicity-it-pejorativity",
        "it",
        "CC BY",
        1.0,
        "all",
        "PejorativITy; Muti et al., LREC-COLING 2024; github.com/arimuti/PejorativITy",
    ),
    DataSet(
        "subtitles_it",
        "neutral-it-subtitles",
        "it",
        "CC BY 4.0",
        0.5,
        "harmless",
        "XED; Öhman, Pàmies, Kajava, Tiedemann, COLING 2020; OpenSubtitles by way of OPUS; github.com/Helsinki-NLP/XED",
    ),
    DataSet(
        "tweets_it",
        "neutral-it-tweets",
        "it",
        "CC BY-SA 4.0",
        0.5,
        "harmless",
        "TWITTIRÒ-UD; Cignarella, Bosco, Rosso, Depling 2019; github.com/UniversalDependencies/UD_Italian-TWITTIRO",
    ),
    DataSet(
        "wikipedia_en",
        "toxicity-en-wikipedia",
        "en",
        "Apache-2.0; text CC BY-SA 3.0",
        1.0,
        "all",
        "Context-Aware Toxicity; Pavlopoulos et al., ACL 2020; text by contributors of Wikipedia;"
        " github.com/ipavlopoulos/context_toxicity",
    ),
    DataSet(
        "civil_en",
        "toxicity-en-civil-comments",
        "en",
        "CC0-1.0",
        1.0,
        "positives",
        "Toxic Spans over Civil Comments; Pavlopoulos et al., ACL 2022; Borkan et al. 2019;"
        " github.com/ipavlopoulos/toxic_spans",
    ),
    DataSet(
        "ucc_en",
        "toxicity-en-news-ucc",
        "en",
        "CC BY-SA 4.0",
        1.0,
        "all",
        "Unhealthy Comments Corpus; Price et al. 2020; github.com/conversationai/unhealthy-conversations",
    ),
    DataSet(
        "stormfront_en",
        "toxicity-en-stormfront",
        "en",
        "CC BY-SA 3.0 ES",
        0.5,
        "all",
        "de Gibert, Perez, García-Pablos, Cuadros, ALW2 2018; github.com/Vicomtech/hate-speech-dataset",
    ),
    DataSet("davidson_en", "toxicity-en-davidson", "en", "MIT"),
    DataSet("hatemoji_en", "toxicity-en-hatemoji", "en", "CC BY 4.0"),
    DataSet("hatecheck_it", "hatecheck-it", "it", "CC BY 4.0"),
    DataSet("hatecheck_en", "hatecheck-en", "en", "CC BY 4.0"),
)
BY_NAME = {each.name: each for each in SETS}


@dataclass(frozen=True)
class Row:
    """One labelled text. ``label`` 1 toxic, 0 not; rows of a set without labels are 0."""

    id: str
    text: str
    label: int
    facts: Mapping[str, Any]


def path_of(data: Path, each: DataSet, split: str) -> Path:
    """The file of a split (``"train"`` or ``"dev"``). Raises ``DataNotFound``."""
    for name in (f"{split}.jsonl.gz", f"{split}.jsonl"):
        path = data / each.folder / name
        if path.is_file():
            return path
    raise DataNotFound(f"{data / each.folder} has no {split}.jsonl.gz; docs/models.md says where the data comes from")


def load(data: Path, each: DataSet, split: str) -> list[Row]:
    """The rows of a split, sorted by id."""
    path = path_of(data, each, split)
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    rows = (json.loads(line) for line in raw.decode("utf-8").split("\n") if line.strip())
    found = [Row(str(row["id"]), row["text"], int(row.get("label", 0)), row) for row in rows]
    return sorted(found, key=lambda row: row.id)


def digest(data: Path, each: DataSet, split: str) -> str:
    """SHA-256 of the split's file, hexadecimal."""
    return hashlib.sha256(path_of(data, each, split).read_bytes()).hexdigest()
