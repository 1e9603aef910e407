"""How long one analysis takes: 500 calls of about 40 words to ``engagement analyzer`` with the embedded model.

    python benchmarks/analyzer.py [--calls 500] [--readers 1]

Starts an analyzer of its own on SQLite, with a key. The yardstick is ``/health/live`` on the same server in the same
run, call by call in turn, so that a busy machine slows both. Exits 1 where the 99th percentile is over 800 ms, the
patience of Coral, the best known client.
"""

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LIMIT_MS = 800.0
PATIENCE = 60.0  # seconds for the server to start
WORDS = {
    "it": (
        "Ho letto l'articolo con molto interesse e devo dire che la parte sul vecchio portatile mi ha convinto: anche "
        "io ne ho uno in cantina e questa domenica proverò a farne un piccolo server per la famiglia, numero"
    ),
    "en": (
        "I read the article with great interest and must say that the part about the old laptop has convinced me: "
        "there is one in our cellar too, and this Sunday I will try to make it a small server, number"
    ),
}


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--calls", type=int, default=500)
    options.add_argument("--readers", type=int, default=1, help="connections at the same time")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder, analyzer(Path(folder)) as (port, key):
        share = range(chosen.readers)
        with ThreadPoolExecutor(chosen.readers) as pool:
            runs = list(pool.map(lambda n: measure(port, key, chosen.calls // chosen.readers, n), share))
    analyses = sorted(ms for run in runs for ms in run[0])
    yardstick = sorted(ms for run in runs for ms in run[1])
    print(f"{len(analyses)} calls on {chosen.readers} connection(s), {os.cpu_count()} cores; milliseconds")
    print(f"{'':16}{'p50':>8}{'p95':>8}{'p99':>8}{'max':>8}")
    for name, found in (("comments:analyze", analyses), ("/health/live", yardstick)):
        print(f"{name:16}" + "".join(f"{at(found, share):8.2f}" for share in (0.5, 0.95, 0.99, 1)))
    ratios = (at(analyses, share) / at(yardstick, share) for share in (0.5, 0.95, 0.99, 1))
    print(f"{'ratio':16}" + "".join(f"{ratio:8.2f}" for ratio in ratios))
    return int(at(analyses, 0.99) > LIMIT_MS)


def measure(port: int, key: str, calls: int, reader: int) -> tuple[list[float], list[float]]:
    """Milliseconds of each analysis and of each look at ``/health/live``, in turn on one connection."""
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    headers = {"Content-Type": "application/json", "X-Goog-Api-Key": key}

    def analyze(number: int) -> None:
        text = f"{WORDS['en' if number % 2 else 'it']} {reader}.{number}."  # no two alike: nothing can be remembered
        body = json.dumps({"comment": {"text": text}, "requestedAttributes": {"TOXICITY": {}}})
        connection.request("POST", "/v1alpha1/comments:analyze", body, headers)
        answer = connection.getresponse()
        found = json.loads(answer.read())
        assert answer.status == 200, found
        assert 0 <= found["attributeScores"]["TOXICITY"]["summaryScore"]["value"] <= 1

    def live(_: int) -> None:
        connection.request("GET", "/health/live")
        connection.getresponse().read()

    for number in range(20):  # the first calls open files and connections
        analyze(-number)
        live(number)
    analyses, yardstick = [], []
    for number in range(calls):
        analyses.append(timed(analyze, number))
        yardstick.append(timed(live, number))
    connection.close()
    return analyses, yardstick


def timed(call: Callable[[int], None], number: int) -> float:
    started = time.perf_counter()
    call(number)
    return (time.perf_counter() - started) * 1000


def at(found: list[float], share: float) -> float:
    """The value that this share of the sorted ones does not exceed."""
    return found[min(len(found) - 1, int(share * len(found)))]


@contextmanager
def analyzer(folder: Path) -> Iterator[tuple[int, str]]:
    """A running analyzer: its port and a key for it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("ENGAGEMENT_")} | {
        "ENGAGEMENT_DATABASE__URL": f"sqlite:///{folder}/keys.sqlite",
        "ENGAGEMENT_SERVER__SECRET_KEY": "a-key-for-a-benchmark-" * 2,
        "ENGAGEMENT_ANALYZER__PORT": str(port),
        "ENGAGEMENT_LIMITS__ANALYZE": "1000000 per minute",
    }

    def command(*words: str) -> str:
        run = [sys.executable, "-m", "engagement.console", *words]
        done = subprocess.run(run, env=environ, cwd=ROOT, check=True, capture_output=True, text=True)
        return done.stdout.strip().splitlines()[-1] if done.stdout.strip() else ""

    command("db", "upgrade")
    command("site", "add", "blog", "--origin", "https://blog.example")
    key = command("key", "add", "benchmark", "--site", "blog", "--scope", "analyze")
    with (folder / "log").open("wb") as log:
        run = [sys.executable, "-m", "engagement.console", "analyzer"]
        server = subprocess.Popen(run, env=environ, cwd=ROOT, stdout=log, stderr=log)
    try:
        until_ready(port, server)
        yield port, key
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(PATIENCE)


def until_ready(port: int, server: subprocess.Popen[bytes]) -> None:
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends and server.poll() is None:
        try:
            connection = HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/health/ready")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.1)
        finally:
            connection.close()
    raise RuntimeError("the analyzer did not start")


if __name__ == "__main__":
    sys.exit(main())
