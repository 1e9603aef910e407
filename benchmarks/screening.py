"""Comments per second, latency and memory of each model, on this machine.

    python -m benchmarks.screening [--rounds 5] [--threads 2] [--keep FOLDER]

The large models get random weights at full size (XLM-RoBERTa base: 12 layers, 768 wide, 250,002 pieces): speed and
memory do not depend on what the weights say. Nothing is downloaded. Each contender lives in a process of its own,
all take turns within each round, and the median of the rounds counts, so that a busy machine is unfair to all
alike. Needs about 7 GB of memory and 3 GB of disk, and some minutes.
"""

import argparse
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engagement.screening import detoxify_model, embedded, onnx_model
from engagement.screening.weights import checksums, exporting
from engagement.screening.weights.exporting import Limits
from engagement.screening.weights.places import LargeModels

SHORT, MIXED = 24, 48  # texts of a round, one at a time and all together
_PIECES = 250_002
_SPECIAL = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
_LABELS = ("toxicity", "severe_toxicity", "obscene", "identity_attack", "insult", "threat", "sexual_explicit")
_AS_IT_COMES = "detoxify, as it comes"


@dataclass(frozen=True)
class Contender:
    """``one`` scores one text, ``many`` a list."""

    one: Callable[[str], object]
    many: Callable[[Sequence[str]], object]


def short_texts(seed: int) -> list[str]:
    """About 40 pieces each."""
    return [_text(random.Random(seed * 1000 + number), 38) for number in range(SHORT)]


def mixed_texts(seed: int) -> list[str]:
    """From 5 to 250 pieces, most of them short, as comments are."""
    chance = random.Random(seed)
    return [_text(chance, min(250, 5 + int(chance.expovariate(1 / 45)))) for _ in range(MIXED)]


def _text(chance: random.Random, words: int) -> str:
    return " ".join(f"w{chance.randrange(1000, 200_000)}" for _ in range(words))


def make_checkpoint(folder: Path) -> LargeModels:
    """A Detoxify checkpoint at full size with random weights, and its tokenizer."""
    import torch  # noqa: PLC0415 - optional
    from tokenizers import Tokenizer, models, pre_tokenizers, processors  # noqa: PLC0415 - optional
    from transformers import XLMRobertaConfig, XLMRobertaForSequenceClassification  # noqa: PLC0415 - optional

    pieces = [(name, 0.0) for name in _SPECIAL]
    pieces += [("▁", -10.0), *((letter, -12.0) for letter in "abcdefghijklmnopqrstuvwxyz0123456789")]
    pieces += [(f"▁w{number}", -9.0) for number in range(_PIECES - len(pieces))]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=3))
    tokenizer.add_special_tokens(list(_SPECIAL))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    torch.manual_seed(1)
    config = XLMRobertaConfig(
        vocab_size=_PIECES, max_position_embeddings=514, type_vocab_size=1, num_labels=16,
        pad_token_id=1, bos_token_id=0, eos_token_id=2, layer_norm_eps=1e-5,
    )  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config.to_dict()), "utf-8")
    arguments = {
        "num_classes": 16,
        "model_type": str(folder),
        "model_name": "XLMRobertaForSequenceClassification",
        "tokenizer_name": "XLMRobertaTokenizer",
    }
    described = {"arch": {"args": arguments}, "dataset": {"args": {"classes": list(_LABELS)}}}
    network = XLMRobertaForSequenceClassification(config)
    torch.save({"config": described, "state_dict": network.state_dict()}, folder / "random.ckpt")
    checksums.write_sums(folder, {"random.ckpt": checksums.sha256_of(folder / "random.ckpt")})
    return LargeModels(folder)


def as_it_comes(folder: Path, threads: int) -> Contender:
    """Detoxify's own ``predict``, as its manual shows it: a text, or a list in one batch."""
    import torch  # noqa: PLC0415 - optional
    from detoxify import Detoxify  # noqa: PLC0415 - optional

    torch.set_num_threads(threads)
    model = Detoxify(checkpoint=str(folder / "detoxify" / "random.ckpt"))
    return Contender(model.predict, lambda texts: model.predict(list(texts)))


def ours(folder: Path, threads: int) -> Contender:
    model = detoxify_model.load(LargeModels(folder / "detoxify", threads=threads))
    return Contender(lambda text: model.score_each([text]), model.score_each)


def int8(folder: Path, threads: int) -> Contender:
    model = onnx_model.load(LargeModels(folder / "onnx", threads=threads))
    return Contender(lambda text: model.score_each([text]), model.score_each)


def small(_folder: Path, _threads: int) -> Contender:
    model = embedded.load()
    return Contender(lambda text: model.score_each([text]), model.score_each)


CONTENDERS: dict[str, Callable[[Path, int], Contender]] = {
    "embedded": small,
    _AS_IT_COMES: as_it_comes,
    "detoxify, our batches": ours,
    "onnx int8": int8,
}


def serve(name: str, folder: Path, threads: int) -> None:
    """A contender's process: for each number on standard input, one round, told as a line of JSON."""
    contender = CONTENDERS[name](folder, threads)
    contender.many(short_texts(0)[:4])
    print("{}", flush=True)  # ready
    for line in sys.stdin:
        seed = int(line)
        before = time.process_time()
        latencies = [_seconds(lambda text=text: contender.one(text)) for text in short_texts(seed)]
        middle = time.process_time()
        together = _seconds(lambda seed=seed: contender.many(mixed_texts(seed)))
        spent = {"cpu_single": middle - before, "cpu_mixed": time.process_time() - middle}
        print(json.dumps({"latencies": latencies, "together": together, **spent, **_memory()}), flush=True)


def _seconds(call: Callable[[], object]) -> float:
    before = time.perf_counter()
    call()
    return time.perf_counter() - before


def _memory() -> dict[str, float]:
    """Resident megabytes now, and at the highest."""
    now = next((line for line in _status() if line.startswith("VmRSS")), "VmRSS: 0 kB")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"now": int(now.split()[1]) / 1024, "peak": peak / (1024 if sys.platform != "darwin" else 1024**2)}


def _status() -> list[str]:
    try:
        return Path("/proc/self/status").read_text("ascii").splitlines()
    except OSError:
        return []  # not on Linux


def prepare(folder: Path) -> None:
    """Checkpoint and ONNX model; in a process of its own, so that no contender starts with its memory."""
    place = make_checkpoint(folder / "detoxify")
    # Random weights give nearly equal scores, whose order means nothing; only the difference is looked at.
    limits = Limits(difference=0.5, rank=-1, flips=1)
    card = exporting.export(place, folder / "onnx", sample=short_texts(0), limits=limits)
    print(f"int8 against the original, random weights: {card['agreement']}", file=sys.stderr)


def run(folder: Path, rounds: int, threads: int) -> None:
    base = [sys.executable, "-m", "benchmarks.screening", "--folder", str(folder), "--threads", str(threads)]
    if not (folder / "onnx").exists():
        subprocess.run([*base, "--part", "prepare"], check=True)
    processes = {
        name: subprocess.Popen(
            [*base, "--part", name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        for name in CONTENDERS
    }
    try:
        for process in processes.values():
            _answer(process)
        told: dict[str, list[dict[str, Any]]] = {name: [] for name in processes}
        for number in range(1, rounds + 1):
            for name, process in processes.items():
                assert process.stdin is not None
                process.stdin.write(f"{number}\n")
                process.stdin.flush()
                told[name].append(_answer(process))
            print(f"round {number} of {rounds}", file=sys.stderr)
    finally:
        for process in processes.values():
            process.kill()
            process.wait()
    _print(told)


def _answer(process: "subprocess.Popen[str]") -> dict[str, Any]:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise SystemExit(f"{process.args} ended with status {process.wait()}")
    answer: dict[str, Any] = json.loads(line)
    return answer


def _print(told: dict[str, list[dict[str, Any]]]) -> None:
    figures = {name: _figures(rounds) for name, rounds in told.items()}
    base = figures[_AS_IT_COMES]
    print(
        "| model | p50 ms | p95 ms | single /s | ratio | CPU ms | ratio | mixed /s | ratio | CPU ms | ratio "
        "| MB | peak |"
    )
    print(f"|{'---|' * 13}")
    for name, each in figures.items():
        print(
            f"| {name} | {each['p50']:.1f} | {each['p95']:.1f} "
            f"| {each['single']:.1f} | {each['single'] / base['single']:.1f} "
            f"| {each['cpu_single']:.1f} | {base['cpu_single'] / each['cpu_single']:.1f} "
            f"| {each['mixed']:.1f} | {each['mixed'] / base['mixed']:.1f} "
            f"| {each['cpu_mixed']:.1f} | {base['cpu_mixed'] / each['cpu_mixed']:.1f} "
            f"| {each['now']:.0f} | {each['peak']:.0f} |"
        )


def _figures(rounds: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Latencies and CPU in milliseconds for each text; speeds in texts a second."""
    latencies = sorted(1000 * value for each in rounds for value in each["latencies"])
    return {
        "p50": statistics.median(latencies),
        "p95": latencies[int(0.95 * len(latencies))],
        "single": SHORT / statistics.median(sum(each["latencies"]) for each in rounds),
        "mixed": MIXED / statistics.median(each["together"] for each in rounds),
        "cpu_single": 1000 * statistics.median(each["cpu_single"] for each in rounds) / SHORT,
        "cpu_mixed": 1000 * statistics.median(each["cpu_mixed"] for each in rounds) / MIXED,
        "now": rounds[-1]["now"],
        "peak": rounds[-1]["peak"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=onnx_model.processors())
    parser.add_argument("--keep", type=Path, help="folder for the models, used again by the next run")
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--part", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.part == "prepare":
        prepare(given.folder)
    elif given.part:
        serve(given.part, given.folder, given.threads)
    elif given.keep:
        given.keep.mkdir(parents=True, exist_ok=True)
        run(given.keep, given.rounds, given.threads)
    else:
        with tempfile.TemporaryDirectory() as folder:
            run(Path(folder), given.rounds, given.threads)


if __name__ == "__main__":
    main()
