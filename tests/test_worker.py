"""The bell between processes: heard, lost, found again."""

import os
import threading
import uuid

import pytest

from engagement.settings import SettingsError, load
from engagement.worker import RedisBell, open_bell
from tests.conftest import missing_service

REDIS = os.environ.get("ENGAGEMENT_TEST_REDIS", "redis://127.0.0.1:6379/15")


@pytest.fixture
def channel(monkeypatch: pytest.MonkeyPatch) -> str:
    """A channel of this test's own, at a Redis that answers."""
    redis = pytest.importorskip("redis")
    try:
        redis.Redis.from_url(REDIS, socket_connect_timeout=2).ping()
    except redis.RedisError:
        missing_service("no Redis answers")
    name = f"engagement:test:{uuid.uuid4().hex}"
    monkeypatch.setattr("engagement.worker._CHANNEL", name)
    return name


def test_a_ring_in_one_process_is_heard_in_another(channel: str) -> None:
    heard, stopping = threading.Event(), threading.Event()
    ears = threading.Thread(target=RedisBell(REDIS).listen, args=(heard.set, stopping), daemon=True)
    ears.start()
    bell = RedisBell(REDIS)
    rung = any(bell.ring() or heard.wait(0.2) for _ in range(50))
    stopping.set()
    ears.join(10)
    assert rung
    assert not ears.is_alive()


def test_without_redis_ringing_says_so_once_and_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    pytest.importorskip("redis")
    bell = RedisBell("redis://127.0.0.1:1/0")
    for _ in range(3):
        bell.ring()
    assert len([r for r in caplog.records if "cannot be rung" in r.message]) == 1


def test_only_an_address_of_redis_opens_a_bell() -> None:
    assert open_bell("embedded") is open_bell("workers") is None


@pytest.mark.parametrize("url", ["amqp://127.0.0.1", "", "Embedded"])
def test_another_queue_is_refused_with_what_is_known(url: str) -> None:
    with pytest.raises(SettingsError, match=r"queue\.url must be embedded, workers or a redis:// address"):
        load(environ={"ENGAGEMENT_QUEUE__URL": url, "ENGAGEMENT_SERVER__SECRET_KEY": "k" * 40})
