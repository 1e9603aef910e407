"""A native model that crashes, hangs, eats memory or talks nonsense: comments are held, the service goes on."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from flask import Flask

from engagement.domain.screening import NotScreened, Screening
from engagement.screening.guarded import ScreenerBroken
from engagement.screening.processes.native import NativeLimits, NativeScreener
from engagement.screening.processes.pipe import ChildLimits
from tests.faults import inners

pytestmark = pytest.mark.faults

# No test waits for these to pass: they are what a fault may take before it is a failure.
LONG = 60.0
CHILD = ChildLimits(timeout=20.0, load_seconds=LONG, patience=LONG, backoff=0.01, longest_backoff=0.02)
QUICK = replace(CHILD, timeout=0.5)


@contextmanager
def screener(factory: Callable[[], object] = inners.Model, child: ChildLimits = CHILD) -> Iterator[NativeScreener]:
    made = NativeScreener("faulty", factory, NativeLimits(child, cache_size=0))  # type: ignore[arg-type]
    try:
        yield made
    finally:
        made.close()


def why(answer: Screening | NotScreened) -> str:
    assert isinstance(answer, NotScreened), answer
    return answer.why


def until(condition: Callable[[], bool], what: str) -> None:
    ends = time.monotonic() + LONG
    while not condition():
        assert time.monotonic() < ends, f"waited in vain for {what}"
        time.sleep(0.01)


def children() -> set[int]:
    """Living children of this process that hold a model."""
    path = Path(f"/proc/{os.getpid()}/task")
    found: set[int] = set()
    for task in path.iterdir():
        found |= set(map(int, (task / "children").read_text().split()))
    return {
        pid for pid in found if b"engagement.screening.processes.child" in Path(f"/proc/{pid}/cmdline").read_bytes()
    }


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def threads() -> int:
    return sum(thread.name.startswith("screening") for thread in threading.enumerate())


def test_a_model_in_its_process_scores_as_it_says() -> None:
    with screener() as model:
        assert model.screen(["ciao", "ciao ciao"]) == Screening("faulty@1", {"toxicity": 0.009}, inners.THRESHOLDS)
        assert model.score_each(["a", "bb"]) == [{"toxicity": 0.001}, {"toxicity": 0.002}]
        assert model.model == "faulty@1"
        assert model.score_each([]) == []


@pytest.mark.parametrize("fault", inners.LOST)
def test_a_lost_process_is_a_held_comment_and_is_started_again(fault: str) -> None:
    with screener(child=replace(CHILD, memory_mb=300)) as model:
        assert why(model.screen([fault])) == "broken"
        assert isinstance(model.screen(["ciao"]), Screening)
        assert len(children()) == 1


@pytest.mark.parametrize("fault", [inners.HANG, inners.LOCKED])
def test_a_hanging_process_is_ended_and_started_again(fault: str) -> None:
    with screener(child=QUICK) as model:
        assert why(model.screen([fault])) == "slow"
        until(lambda: isinstance(model.screen(["ciao"]), Screening), "the next answer")
        assert len(children()) == 1


@pytest.mark.parametrize("fault", inners.NONSENSE)
def test_nonsense_is_broken_and_costs_no_process(fault: str) -> None:
    with screener() as model:
        model.screen(["ciao"])
        before = children()
        assert why(model.screen([fault])) == "broken"
        assert isinstance(model.screen(["ciao"]), Screening)
        assert children() == before


def test_what_a_model_prints_is_no_answer() -> None:
    with screener() as model:
        assert isinstance(model.screen([inners.PRINT]), Screening)
        assert model.score_each(["a", "bb"]) == [{"toxicity": 0.001}, {"toxicity": 0.002}]


def test_a_model_that_cannot_be_loaded_says_why_until_it_can(tmp_path: Path) -> None:
    permit = tmp_path / "permit"
    with screener(partial(inners.LoadsOnce, permit), replace(CHILD, longest_backoff=5.0)) as model:
        answer = model.screen(["ciao"])
        assert why(answer) == "missing"
        assert isinstance(answer, NotScreened)
        assert "FileNotFoundError: no weights" in answer.detail
        with pytest.raises(ScreenerBroken, match="no weights"):
            model.score_each(["ciao"])
        permit.touch()
        until(lambda: isinstance(model.screen(["ciao"]), Screening), "the load to be tried again")


@pytest.mark.parametrize("fault", [inners.SEGFAULT, inners.EXIT])
def test_a_model_that_dies_while_it_loads_is_broken(fault: str) -> None:
    with screener(partial(inners.Model, None, fault)) as model:
        assert why(model.screen(["ciao"])) == "broken"


def test_while_a_model_loads_the_answer_is_slow_and_comes_before_the_time_limit() -> None:
    with screener(partial(inners.Model, None, inners.HANG), replace(CHILD, patience=0.1)) as model:
        start = time.monotonic()
        assert [why(model.screen(["ciao"])) for _ in range(20)] == ["slow"] * 20
        assert time.monotonic() - start < CHILD.timeout


def test_who_has_time_can_wait_until_a_model_is_loaded() -> None:
    with screener(child=replace(CHILD, patience=0.0)) as model:
        assert not model.ready(0)
        assert model.ready(LONG)
        assert isinstance(model.screen(["ciao"]), Screening)


def test_a_load_that_hangs_is_ended() -> None:
    with screener(partial(inners.Model, None, inners.HANG), replace(CHILD, load_seconds=0.3)) as model:
        until(lambda: "no answer in time" in getattr(model.screen(["ciao"]), "detail", ""), "the load to be given up")


def test_restarts_come_at_most_five_times_a_minute() -> None:
    delays = [ChildLimits().delay(failures) for failures in range(1, 20)]
    starts = [sum(delays[: n + 1]) for n in range(len(delays))]
    assert max(sum(start <= at < start + 60 for at in starts) for start in starts) <= 5
    assert delays[-1] == 60


def test_one_poison_text_does_not_fail_the_others_of_its_batch() -> None:
    with screener() as model:
        model.screen(["ciao"])
        answers: dict[str, Screening | NotScreened] = {}
        texts = [f"commento numero {n}" for n in range(5)] + [inners.SEGFAULT, inners.NAN, inners.RAISE]
        callers = [threading.Thread(target=lambda t=t: answers.update({t: model.screen([t])})) for t in texts]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
        held = {text for text, answer in answers.items() if isinstance(answer, NotScreened)}
        assert held == {inners.SEGFAULT, inners.NAN, inners.RAISE}


def test_nothing_is_left_after_fifty_faults() -> None:
    with screener(child=replace(QUICK, memory_mb=300)) as model:
        until(lambda: isinstance(model.screen(["ciao"]), Screening), "the first answer")
        open_files, running = descriptors(), threads()
        for fault in [*inners.LOST, inners.HANG, *inners.NONSENSE, inners.EXIT, inners.NULL] * 4:
            assert isinstance(model.screen([fault]), NotScreened)
            until(lambda: isinstance(model.screen(["ciao"]), Screening), "recovery")
        assert len(children()) == 1
        until(lambda: (descriptors(), threads()) == (open_files, running), "files and threads to be given back")
    assert children() == set()
    assert threads() == 0


_PARENT = """
import sys, threading
from functools import partial
from tests.faults import inners
from engagement.screening.processes.native import NativeLimits, NativeScreener
from engagement.screening.processes.pipe import ChildLimits
model = NativeScreener("faulty", inners.Model, NativeLimits(ChildLimits(timeout=3), cache_size=0))
model.start()
while not model._isolated.loaded:
    threading.Event().wait(0.01)
threading.Thread(target=model.screen, args=([sys.argv[1]],), daemon=True).start()
print(model._isolated._child.pid, flush=True)
threading.Event().wait()
"""


@pytest.mark.parametrize("doing", ["ciao", inners.HANG, inners.LOCKED])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_no_child_outlives_its_parent(doing: str, number: signal.Signals) -> None:
    with subprocess.Popen([sys.executable, "-c", _PARENT, doing], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert b"screening.processes.child" in Path(f"/proc/{child}/cmdline").read_bytes()
        os.kill(parent.pid, number)
    until(lambda: not _runs(child), "the child to end")


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in {"Z", "X"}
    except FileNotFoundError:
        return False


def test_the_child_is_not_told_the_services_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENGAGEMENT_MAIL__PASSWORD", "segreto")
    with screener() as model:
        model.screen(["ciao"])
        [child] = children()
        assert b"segreto" not in Path(f"/proc/{child}/environ").read_bytes()


@pytest.mark.parametrize("fault", [*inners.LOST, inners.HANG, *inners.NONSENSE])
def test_readers_are_answered_whatever_the_model_does(make_app: Callable[..., Flask], fault: str) -> None:
    """A comment that breaks the model is held; the one before and the one after it are published."""
    app = make_app()
    with screener(child=replace(QUICK, memory_mb=300)) as model:
        until(lambda: isinstance(model.screen(["ciao"]), Screening), "the first answer")
        app.extensions["engagement"] = replace(app.extensions["engagement"], screener=model)
        client = app.test_client()

        def post(body: str) -> tuple[int, str]:
            sent = {"page_url": "https://blog.example/a", "author": "Anna", "body": body}
            answer = client.post("/api/v1/sites/demo/comments", json=sent)
            return answer.status_code, answer.get_json()["comment"]["status"]

        assert post("Un bel commento.") == (201, "published")
        assert post(fault) == (202, "held")
        until(lambda: isinstance(model.screen(["ciao"]), Screening), "recovery")
        assert post("Un altro bel commento.") == (201, "published")
        assert client.get("/health/live").status_code == 200
