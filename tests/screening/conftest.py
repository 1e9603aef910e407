"""The data sets, where this machine has them."""

import os
from pathlib import Path

import pytest

_BESIDE = Path(__file__).resolve().parents[3] / "shared"


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of the data sets; the test is skipped where there is none."""
    given = os.environ.get("ENGAGEMENT_DATA")
    found = Path(given) if given else Path(os.environ.get("ENGAGEMENT_SHARED", _BESIDE)) / "data"
    if not (found / "toxicity-it-wikipedia").is_dir():
        pytest.skip("the data sets are not on this machine; see docs/models.md")
    return found
