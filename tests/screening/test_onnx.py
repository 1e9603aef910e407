"""The int8 model: what it is made of, whether it agrees, and what serving it needs."""

import itertools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engagement.domain.screening import Thresholds
from engagement.screening import detoxify_model, onnx_model
from engagement.screening.weights import checksums, exporting
from engagement.screening.weights.exporting import Agreement, Limits, agreement, spearman
from engagement.screening.weights.large import LargeModel, ModelUnusable
from engagement.screening.weights.places import LargeModels
from tests.screening import tiny

ROOT = Path(__file__).resolve().parents[2]
LONG = " ".join(tiny.CORPUS * 3)


@pytest.fixture(scope="module")
def model(tiny_onnx: LargeModels) -> LargeModel:
    return onnx_model.load(tiny_onnx)


@pytest.fixture
def copied(tiny_onnx: LargeModels, tmp_path: Path) -> LargeModels:
    """A place of the test's own, to be damaged."""
    folder = tmp_path / "onnx-multilingual"
    shutil.copytree(tiny_onnx.weights, folder)
    return replace(tiny_onnx, weights=folder)


def table(scores: Any) -> np.ndarray:
    return np.array([list(each.values()) for each in scores])


def card_of(place: LargeModels) -> dict[str, Any]:
    card: dict[str, Any] = json.loads((place.weights / "card.json").read_text("utf-8"))
    return card


def test_scores_are_those_of_the_original_within_the_tolerance(model: LargeModel, tiny_place: LargeModels) -> None:
    texts = [*tiny.CORPUS, LONG, "", "ok"]
    difference = np.abs(table(model.score_each(texts)) - table(detoxify_model.load(tiny_place).score_each(texts)))
    assert difference.max() < Limits().difference
    assert difference.max() > 0  # it is another arithmetic, not the same model twice


def test_the_weights_are_eight_bits_wide_the_embedding_table_too(tiny_onnx: LargeModels) -> None:
    import onnx

    graph = onnx.load(tiny_onnx.weights / "model.onnx").graph
    weights = {tensor.name: tensor for tensor in graph.initializer}
    table = tiny.tokenizer().get_vocab_size() * tiny.SIZES["hidden_size"]
    assert [t.data_type for t in weights.values() if np.prod(t.dims) == table] == [onnx.TensorProto.UINT8]
    products = [
        weights[node.input[1]] for node in graph.node if node.op_type == "MatMulInteger" and node.input[1] in weights
    ]
    assert {tensor.data_type for tensor in products} == {onnx.TensorProto.INT8}
    assert len(products) == 6 * tiny.SIZES["num_hidden_layers"] + 2  # the head has two


def test_the_card_tells_what_was_measured_and_where_it_came_from(
    tiny_onnx: LargeModels, tiny_place: LargeModels
) -> None:
    card = card_of(tiny_onnx)
    assert card["source"]["sha256"] == checksums.sha256_of(tiny_place.checkpoint)
    assert card["bits"] in (7, 8)  # seven on processors whose eight-bit sums overflow
    assert card["agreement"]["texts"] == len(exporting.shipped_sample())
    assert 0 < card["agreement"]["difference"] <= card["limits"]["difference"]
    assert card["files"]["model.onnx"] == checksums.sha256_of(tiny_onnx.weights / "model.onnx")
    assert set(os.listdir(tiny_onnx.weights)) == {"model.onnx", "tokenizer.json", "card.json"}


def test_serving_meets_neither_torch_nor_transformers(tiny_onnx: LargeModels) -> None:
    program = (
        "import sys, json\n"
        "from pathlib import Path\n"
        "from engagement.screening.catalogue import open_screener\n"
        "from engagement.screening.weights.places import LargeModels\n"
        "screener = open_screener('onnx', timeout=30, large=LargeModels(Path(sys.argv[1]), threads=1))\n"
        "scores = screener.screen(['Ciao a tutti']).scores\n"
        "heavy = {'torch', 'transformers', 'detoxify', 'onnx', 'huggingface_hub'} & set(sys.modules)\n"
        "print(json.dumps([screener.model, scores, sorted(heavy)]))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, str(tiny_onnx.weights)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    name, scores, heavy = json.loads(ran.stdout)
    assert heavy == []
    assert name == f"onnx@{card_of(tiny_onnx)['version']}"
    assert set(scores) == set(tiny.CLASSES)


def test_the_score_of_a_sentence_does_not_depend_on_the_texts_beside_it(
    model: LargeModel, tiny_place: LargeModels
) -> None:
    texts = [f"{one} {other}" for one, other in itertools.pairwise(tiny.CORPUS)]
    assert min(len(window.ids) for window in detoxify_model.read(tiny_place).reader().windows(texts)) > 16
    singly = [model.score_each([text])[0] for text in texts]
    assert np.allclose(table(model.score_each(texts)), table(singly), atol=1e-6)


def test_scraps_share_a_batch_within_the_tolerance(model: LargeModel) -> None:
    scraps = ["a", "ok", "vai", "it", "e", "o", "i", "è"]
    singly = [model.score_each([text])[0] for text in scraps]
    assert np.abs(table(model.score_each(scraps)) - table(singly)).max() < Limits().difference


def test_a_model_that_disagrees_is_not_written(tiny_place: LargeModels, tmp_path: Path) -> None:
    tiny.need("onnxruntime", "onnx")
    out = tmp_path / "strict"
    with pytest.raises(ModelUnusable, match=r"does not agree .* nothing is written: scores differ by up to"):
        exporting.export(tiny_place, out, limits=Limits(difference=0.0))
    assert list(tmp_path.iterdir()) == []


def test_seven_bits_are_tried_where_eight_do_not_agree(
    tiny_place: LargeModels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny.need("onnxruntime", "onnx")
    import onnx

    quantise = exporting._quantise

    def overflow(traced: Path, file: Path, bits: int) -> None:
        quantise(traced, file, bits)
        if bits == 8:
            network = onnx.load(file)
            for tensor in network.graph.initializer:
                if tensor.data_type == onnx.TensorProto.INT8 and tensor.raw_data:
                    tensor.raw_data = bytes(len(tensor.raw_data))
            onnx.save(network, file)

    monkeypatch.setattr(exporting, "_quantise", overflow)
    card = exporting.export(tiny_place, tmp_path / "out")
    assert card["bits"] == 7
    assert onnx_model.load(replace(tiny_place, weights=tmp_path / "out")).model.startswith("onnx@")


def test_an_earlier_model_stays_where_a_new_one_disagrees_and_goes_where_it_agrees(
    tiny_place: LargeModels, copied: LargeModels
) -> None:
    before = card_of(copied)
    with pytest.raises(ModelUnusable):
        exporting.export(tiny_place, copied.weights, limits=Limits(rank=1.1))
    assert card_of(copied) == before
    exporting.export(tiny_place, copied.weights, sample=tiny.CORPUS, limits=Limits(rank=0.5))
    assert card_of(copied)["agreement"]["texts"] == len(tiny.CORPUS)
    assert [path.name for path in copied.weights.parent.iterdir()] == [copied.weights.name]


def test_a_folder_of_something_else_is_left_alone(tiny_place: LargeModels, tmp_path: Path) -> None:
    tiny.need("onnxruntime", "onnx")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("Cara zia")
    with pytest.raises(ModelUnusable, match="left alone"):
        exporting.export(tiny_place, tmp_path / "mine", sample=tiny.CORPUS, limits=Limits(rank=0.5))
    assert [path.name for path in tmp_path.rglob("*.*")] == ["letter.txt"]


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
def test_an_altered_file_is_refused(copied: LargeModels, name: str) -> None:
    content = bytearray((copied.weights / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copied.weights / name).write_bytes(content)
    with pytest.raises(ModelUnusable, match=f"{name} is cut or altered"):
        onnx_model.load(copied)


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "card.json"])
def test_a_missing_file_is_named_with_the_remedy(copied: LargeModels, name: str) -> None:
    (copied.weights / name).unlink()
    with pytest.raises(ModelUnusable, match=r"is not there; run: engagement model (export|fetch)"):
        onnx_model.load(copied)


def forget_the_pad(card: dict[str, Any]) -> None:
    del card["pad"]


@pytest.mark.parametrize(
    "change",
    [
        forget_the_pad,
        lambda card: card.update(format=99),
        lambda card: card.update(labels=["insult"]),
        lambda card: card.update(labels=["toxicity", "boredom"]),
        lambda card: card["thresholds"]["hold_at"].update(toxicity=7),
        lambda card: card.update(probes=[]),
        lambda card: card.update(window=0),
        lambda card: card.update(labels=card["labels"][:3]),
        lambda card: card.update(files=None),
    ],
)
def test_a_card_that_makes_no_sense_is_refused(copied: LargeModels, change: Callable[[dict[str, Any]], None]) -> None:
    card = card_of(copied)
    change(card)
    (copied.weights / "card.json").write_text(json.dumps(card))
    with pytest.raises(ModelUnusable):
        onnx_model.load(copied)


def test_a_processor_that_computes_otherwise_is_noticed(copied: LargeModels) -> None:
    card = card_of(copied)
    for probe in card["probes"]:
        probe["scores"]["insult"] = 1 - probe["scores"]["insult"]
    (copied.weights / "card.json").write_text(json.dumps(card))
    with pytest.raises(ModelUnusable, match="on this processor"):
        onnx_model.load(copied)


def test_a_file_that_is_no_network_is_refused(copied: LargeModels) -> None:
    (copied.weights / "model.onnx").write_bytes(b"not a network")
    card = card_of(copied)
    card["files"]["model.onnx"] = checksums.sha256_of(copied.weights / "model.onnx")
    (copied.weights / "card.json").write_text(json.dumps(card))
    with pytest.raises(ModelUnusable, match="cannot be loaded"):
        onnx_model.load(copied)


def test_agreement_counts_what_it_says() -> None:
    original = np.array([[0.1], [0.4], [0.6], [0.9]])
    other = np.array([[0.1], [0.55], [0.52], [0.9]])
    found = agreement(original, other, ["toxicity"], Thresholds({"toxicity": 0.5}, {"toxicity": 0.8}))
    assert found == Agreement(4, pytest.approx(0.15), pytest.approx(0.8), 1 / 8)
    assert len(found.shortcomings(Limits(0.2, 0.7, 0.2))) == 0
    assert len(found.shortcomings(Limits(0.1, 0.9, 0.1))) == 3


def test_not_a_number_never_agrees() -> None:
    scores = np.array([[0.1], [0.9]])
    found = agreement(scores, np.array([[0.1], [np.nan]]), ["toxicity"], Thresholds())
    assert found.shortcomings(Limits())


@pytest.mark.parametrize(
    ("one", "other", "rank"),
    [
        ([1, 2, 3], [10, 20, 30], 1),
        ([1, 2, 3], [3, 2, 1], -1),
        ([1, 1, 2], [5, 5, 9], 1),
        ([1, 1], [2, 2], 1),
        ([1, 1], [1, 2], 0),
    ],
)
def test_rank_correlation(one: list[float], other: list[float], rank: float) -> None:
    assert spearman(np.array(one, float), np.array(other, float)) == pytest.approx(rank)
