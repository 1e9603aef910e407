"""The shipped model loads with NumPy alone, scores the same everywhere, and is refused when damaged."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from engagement.domain.screening import NotScreened
from engagement.screening import catalogue, embedded
from engagement.services.operations import demo

NEUTRAL = {
    "Ciao!": 0.0339,
    "Grazie, bell'articolo.": 0.0405,
    "Il numero è 3.": 0.0028,
    "https://example.org": 0.0113,
    "": 0.0608,
}


@pytest.fixture(scope="module")
def model() -> embedded.EmbeddedModel:
    return embedded.load()


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(embedded.SHIPPED, tmp_path / "model"))


@pytest.mark.parametrize(("text", "score"), NEUTRAL.items())
def test_golden_scores(model: embedded.EmbeddedModel, text: str, score: float) -> None:
    assert model.score(text) == pytest.approx(score, abs=2e-4)


def test_it_loads_without_scikit_learn() -> None:
    program = (
        "import sys; sys.modules['sklearn'] = sys.modules['scipy'] = None\n"
        "from engagement.screening import catalogue\n"
        "print(catalogue.open_screener('auto', timeout=5).screen(['Ciao!']).model)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("embedded@")


def test_the_worst_text_of_a_comment_counts(model: embedded.EmbeddedModel) -> None:
    insult = "sei un cretino"
    together = model.screen(["Grazie a tutti", insult]).scores
    assert together == model.score_each([insult])[0]


def test_disguise_does_not_lower_a_score(model: embedded.EmbeddedModel) -> None:
    plain = model.score("sei un cretino")
    for disguised in (
        "sei un cr3t1n0",
        "sei un c r e t i n o",
        "sei un cre\u200bti\u200bno",
        "sei un сrеtino",
    ):
        assert model.score(disguised) >= plain


def test_an_insult_cannot_hide_at_the_end_of_a_long_text(model: embedded.EmbeddedModel) -> None:
    padding = "Ieri siamo andati al mare e il tempo era bello. " * 200
    assert model.score(padding + "sei un cretino, vergognati idiota") > 2 * model.score(padding)


EVERYDAY = [
    "Secondo me il pane va cotto nei forni a legna, non in quelli elettrici.",
    "Andiamo a mare domani, tempo permettendo.",
    "Non sono d'accordo con te, ma rispetto la tua opinione.",
    "Per la panna montata uso 200 ml di panna fresca.",
    "Le donne della mia famiglia cucinano benissimo.",
    "Provalo, non te ne pentirai!",
    "Gli immigrati che conosco lavorano tutti.",
    "Sei un grande, complimenti!",
    "Che schifo di tempo oggi",
    "Ho installato git sul mio server, tutto ok.",
    "Kill the process with kill -9 and restart it.",
    "I disagree with the author, the numbers look wrong.",
    "Muslims and Christians live together in my city.",
    "The old tool was better than the new one.",
]


@pytest.mark.parametrize("text", EVERYDAY)
def test_everyday_comments_are_not_held(model: embedded.EmbeddedModel, text: str) -> None:
    assert model.score(text) < model.thresholds.hold_at["toxicity"]


@pytest.mark.parametrize("text", [said.body for said in demo._CONVERSATION[:5]])
def test_the_demo_conversation_is_not_held(model: embedded.EmbeddedModel, text: str) -> None:
    assert model.score(text) < model.thresholds.hold_at["toxicity"] / 2


@pytest.mark.parametrize(
    "text", ["sei un cretino", "you are an idiot", "ti ammazzo", "sei un cr3t1n0", "siete patetici"]
)
def test_plain_abuse_is_held(model: embedded.EmbeddedModel, text: str) -> None:
    assert model.score(text) >= model.thresholds.hold_at["toxicity"]


def test_nothing_rejects_by_itself(model: embedded.EmbeddedModel) -> None:
    assert model.thresholds.reject_at == {}
    assert 0.5 < model.thresholds.hold_at["toxicity"] < 0.7


def test_the_notice_names_every_set(model: embedded.EmbeddedModel) -> None:
    notice = (embedded.SHIPPED / "NOTICE").read_text("utf-8")
    for each in model.card["datasets"]:
        assert f"{each['name']} ({each['rows']} rows; {each['licence']})" in notice


def flip(folder: Path) -> None:
    raw = bytearray((folder / "weights.npy").read_bytes())
    raw[5000] ^= 1
    (folder / "weights.npy").write_bytes(bytes(raw))


def cut(folder: Path) -> None:
    raw = (folder / "weights.npy").read_bytes()
    (folder / "weights.npy").write_bytes(raw[:-100])


def remove(folder: Path) -> None:
    (folder / "weights.npy").unlink()


def spoil_card(folder: Path) -> None:
    (folder / "card.json").write_text("{", "utf-8")


def empty_card(folder: Path) -> None:
    (folder / "card.json").write_text("[]", "utf-8")


def infinite_bias(folder: Path) -> None:
    card = json.loads((folder / "card.json").read_text("utf-8")) | {"bias": float("inf")}
    (folder / "card.json").write_text(json.dumps(card), "utf-8")


def lost_threshold(folder: Path) -> None:
    card = json.loads((folder / "card.json").read_text("utf-8")) | {"thresholds": {"hold_at": {"toxicity": 7}}}
    (folder / "card.json").write_text(json.dumps(card), "utf-8")


@pytest.mark.parametrize(
    "damage",
    [flip, cut, remove, spoil_card, empty_card, infinite_bias, lost_threshold],
    ids=lambda f: f.__name__,
)
def test_a_damaged_model_holds_comments_and_does_not_stop_the_service(copy: Path, damage) -> None:  # type: ignore[no-untyped-def]
    damage(copy)
    with pytest.raises(embedded.ModelDamaged):
        embedded.load(copy)
    answer = catalogue.open_screener("embedded", timeout=1, folder=copy).screen(["Ciao"])
    assert isinstance(answer, NotScreened)
    assert answer.why == "missing"
    assert answer.detail
    assert catalogue.list_models(copy)[0]["usable"] is False


def test_an_unknown_model_is_named_with_the_known_ones() -> None:
    with pytest.raises(
        catalogue.ScreeningUnavailable, match="known here: auto, embedded, detoxify, onnx, remote, none"
    ):
        catalogue.open_screener("gpt", timeout=1)


def test_no_model_means_missing() -> None:
    assert catalogue.open_screener("none", timeout=1).screen(["Ciao"]) == NotScreened(
        "missing", "none", "no model is chosen"
    )
