"""What the defences do to 1,000 spam posts and 1,000 honest ones: floors under the figures of docs/spam.md."""

from pathlib import Path

import pytest

from benchmarks import spam

pytestmark = pytest.mark.skipif(not spam.DATA.is_dir(), reason="the corpora of spam are not beside this checkout")


@pytest.mark.parametrize(("verdicts", "stopped", "video"), [(0, 0.82, 0.68), (20, 0.84, 0.74), (100, 0.88, 0.80)])
def test_spam_is_stopped_and_honest_comments_with_links_are_not(
    tmp_path: Path, verdicts: int, stopped: float, video: float
) -> None:
    found = spam.run(tmp_path, verdicts)
    assert found["spam"].all == found["honest"].all == 1_000
    assert found["honest with a link"].all >= 200
    assert found["honest with a link"].held_share < 0.01
    assert found["honest"].held_share < 0.01
    assert found["honest"].refused == 0
    assert found["spam"].stopped >= stopped
    assert found["video spam that the filter was never shown"].stopped >= video
    for name in ("blog spam whose campaign the filter was shown", "blog spam that the filter was never shown"):
        assert found[name].stopped >= 0.97
