"""The data sets, where this machine has them."""

from dataclasses import replace
from pathlib import Path

import pytest

from engagement.screening.weights import exporting
from engagement.screening.weights.places import LargeModels
from tests.data_sets import DATA
from tests.screening import tiny


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of the data sets; the test is skipped where there is none."""
    if not (DATA / "toxicity-it-wikipedia").is_dir():
        pytest.skip("the data sets are not on this machine; see docs/models.md")
    return DATA


@pytest.fixture(scope="session")
def tiny_place(tmp_path_factory: pytest.TempPathFactory) -> LargeModels:
    """A tiny Detoxify checkpoint with its companions; not to be changed."""
    tiny.need("torch", "transformers", "detoxify", "tokenizers")
    return tiny.write(tmp_path_factory.mktemp("models") / "detoxify-multilingual")


@pytest.fixture(scope="session")
def tiny_onnx(tiny_place: LargeModels, tmp_path_factory: pytest.TempPathFactory) -> LargeModels:
    """The tiny checkpoint as an ONNX model; not to be changed."""
    tiny.need("onnxruntime", "onnx")
    folder = tmp_path_factory.mktemp("exported") / "onnx-multilingual"
    exporting.export(tiny_place, folder)
    return replace(tiny_place, weights=folder)
