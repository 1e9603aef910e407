"""Redis goes in the middle of a run, stands still, and comes back empty: no comment is refused, no mail lost or doubled."""

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import missing_service
from tests.faults.service import Service, service, smtp, wait_until, with_site
from tests.faults.test_stopping import outbox
from tests.mail.servers import Script, smtp_server
from tests.web.test_limits_redis import Store

pytestmark = pytest.mark.faults

EACH = 5


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    if shutil.which("redis-server") is None:
        missing_service("there is no redis-server on this machine")
    store = Store(tmp_path)
    store.start()
    yield store
    store.kill()


def posts(made: Service, phase: str) -> None:
    for number in range(EACH):
        assert made.post(f"Un parere pacato {phase}, il numero {number}.")[0] == 201


def test_a_run_goes_on_while_redis_dies_hangs_and_comes_back(fresh_url: str, tmp_path: Path, store: Store) -> None:
    script = Script()
    settings = {
        "limits__enabled": True,
        "limits__comments": "1000 per minute",
        "limits__comments_site": "1000 per minute",
    }
    shared = {"limits__storage": store.url, "queue__url": store.url, "cache__url": store.url, "queue__sweep_seconds": 1}
    with (
        smtp_server(script) as port,
        service(tmp_path, fresh_url, **(settings | shared | smtp(port))) as made,
    ):
        web = with_site(made).serve("web")
        worker = made.start("worker")

        def all_told(comments: int) -> None:
            wait_until(lambda: outbox(fresh_url) == ["sent"] * comments, f"{comments} mails to be sent")

        posts(made, "con Redis")
        all_told(EACH)
        store.kill()
        posts(made, "senza Redis")
        all_told(2 * EACH)
        store.start()
        assert store.process is not None
        posts(made, "con un Redis vuoto")
        all_told(3 * EACH)
        os.kill(store.process.pid, signal.SIGSTOP)
        try:
            posts(made, "con un Redis fermo")
            all_told(4 * EACH)
        finally:
            os.kill(store.process.pid, signal.SIGCONT)
        for running in (web, worker):
            running.tell(signal.SIGTERM)
            assert running.ended() == 0, made.log()
    assert len(script.taken) == len({raw for _, _, raw in script.taken}) == 4 * EACH
