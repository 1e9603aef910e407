"""An answer is sent after the disk has what it acknowledges: by the settings of each connection, and by system calls."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from flask import Flask

from engagement.storage.db import db
from tests.conftest import missing_service
from tests.faults.service import PATIENCE, service, wait_until, with_site

pytestmark = pytest.mark.faults

POSTS = 50


def test_every_connection_is_durable(app: Flask) -> None:
    asked = {
        "sqlite": {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1},
        "postgresql": {"synchronous_commit": "on", "statement_timeout": "10s", "lock_timeout": "5s"},
    }[db.engine.dialect.name]
    word = "PRAGMA" if db.engine.dialect.name == "sqlite" else "SHOW"
    for _ in range(2):  # of the pool, and made anew
        with db.engine.connect() as connection:
            assert {name: connection.exec_driver_sql(f"{word} {name}").scalar() for name in asked} == asked
        db.engine.dispose()


def test_the_flush_comes_before_the_answer(fresh_sqlite: str, tmp_path: Path) -> None:
    """kill -9 cannot tell durable from not durable, for the kernel keeps what was written; a trace can."""
    if shutil.which("strace") is None:
        pytest.skip("no strace here")
    # No background work: its flushes must not pass for those of a comment.
    with service(tmp_path, fresh_sqlite, queue__url="workers") as made:
        running = with_site(made).serve("web")
        trace = tmp_path / "trace"
        words = [
            "strace",
            "-f",
            "-qq",
            "-s",
            "24",
            "-e",
            "trace=fdatasync,fsync,write,writev,sendto,sendmsg",
            "-o",
            str(trace),
        ]
        pids = [word for pid in running.members() for word in ("-p", str(pid))]
        tracer = subprocess.Popen([*words, *pids], stderr=subprocess.DEVNULL)
        wait_until(lambda: tracer.poll() is not None or _traced(running.members()), "strace to be attached")
        if tracer.poll() is not None:
            missing_service("strace may not attach to processes here")
        try:
            for number in range(POSTS):
                assert made.post(f"Un parere pacato, il numero {number}.")[0] == 201
        finally:
            tracer.terminate()
            tracer.wait(PATIENCE)
        events = _events(trace.read_text("utf-8", "replace"))
    assert events.count("answer") == POSTS
    assert "".join(event[0] for event in events).count("fa") == POSTS, events  # a flush, then its answer


def _traced(pids: list[int]) -> bool:
    """Whether every thread of these processes has a tracer."""
    states = [task / "status" for pid in pids for task in Path(f"/proc/{pid}/task").iterdir()]
    return all("TracerPid:\t0\n" not in one.read_text() for one in states)


def _events(trace: str) -> list[str]:
    """In the order of their ends: "flush" where one succeeded, "answer" where 201 went out; repeated flushes are one."""
    found: list[str] = []
    for line in trace.splitlines():
        if re.search(r"(fdatasync|fsync)(\(| resumed).* = 0$", line):
            found += [] if found[-1:] == ["flush"] else ["flush"]
        elif '"HTTP/1.1 201' in line:
            found.append("answer")
    return found
