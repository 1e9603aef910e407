"""Detoxify's real code on a tiny network: what it says, and what it will not open."""

import pickle
import shutil
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engagement.domain.screening import LABELS
from engagement.screening import detoxify_model
from engagement.screening.weights import checksums
from engagement.screening.weights.large import LargeModel, ModelUnusable
from engagement.screening.weights.places import LargeModels
from tests.screening import tiny

TEXTS = [
    *tiny.CORPUS,
    "",
    "ok",
    " ".join(tiny.CORPUS) * 3,
]
# Scores of this very network with transformers 5.23.0. Another release that reads the checkpoint otherwise fails here.
GOLDEN: dict[str, dict[str, float]] = {
    "Che bella giornata, grazie per il commento molto utile": {
        "toxicity": 0.16444,
        "severe_toxicity": 0.7804,
        "obscene": 0.14297,
        "identity_attack": 0.61564,
        "insult": 0.3517,
        "threat": 0.24885,
        "sexual_explicit": 0.63599,
    },
    "Non sono d'accordo con la conclusione ma i dati sono interessanti": {
        "toxicity": 0.18958,
        "severe_toxicity": 0.74705,
        "obscene": 0.45619,
        "identity_attack": 0.53208,
        "insult": 0.30127,
        "threat": 0.29063,
        "sexual_explicit": 0.60997,
    },
    "Questo articolo è scritto male, vergogna": {
        "toxicity": 0.07857,
        "severe_toxicity": 0.43849,
        "obscene": 0.3947,
        "identity_attack": 0.44762,
        "insult": 0.19532,
        "threat": 0.62145,
        "sexual_explicit": 0.63447,
    },
}


@pytest.fixture(scope="module")
def model(tiny_place: LargeModels) -> LargeModel:
    return detoxify_model.load(tiny_place)


@pytest.fixture
def copied(tiny_place: LargeModels, tmp_path: Path) -> LargeModels:
    """A place of the test's own, to be damaged."""
    folder = tmp_path / "detoxify-multilingual"
    shutil.copytree(tiny_place.weights, folder)
    return replace(tiny_place, weights=folder)


def table(scores: Any) -> np.ndarray:
    return np.array([list(each.values()) for each in scores])


def test_scores_are_those_of_detoxify_itself(model: LargeModel, tiny_place: LargeModels) -> None:
    import torch
    from detoxify import Detoxify

    content = torch.load(tiny_place.checkpoint, weights_only=True)
    content["config"]["arch"]["args"]["model_type"] = str(tiny_place.detoxify_folder)
    own = tiny_place.weights.parent / "own.ckpt"
    torch.save(content, own)
    theirs = Detoxify(checkpoint=str(own)).predict(list(tiny.CORPUS))
    assert np.allclose(table(model.score_each(tiny.CORPUS)), np.array(list(theirs.values())).T, atol=1e-6)
    assert tuple(theirs) == model.labels


def test_scores_stay_what_they_were(model: LargeModel) -> None:
    found = {text: dict(scores) for text, scores in zip(TEXTS[:3], model.score_each(TEXTS[:3]), strict=True)}
    assert {text: pytest.approx(scores, abs=1e-4) for text, scores in GOLDEN.items()} == found


def test_scores_are_spread_so_that_a_test_of_them_can_fail(model: LargeModel) -> None:
    scores = table(model.score_each(tiny.CORPUS))
    assert (scores.std(axis=0) > 0.01).all()


def test_every_label_is_one_of_the_house(model: LargeModel) -> None:
    assert set(model.labels) == set(LABELS)
    assert set(model.score_each(["Ciao"])[0]) == set(LABELS)


def test_a_comment_gets_the_highest_score_of_its_texts(model: LargeModel) -> None:
    together = model.screen(tiny.CORPUS)
    assert list(together.scores.values()) == pytest.approx(table(model.score_each(tiny.CORPUS)).max(axis=0), abs=1e-6)
    assert together.model == model.model
    assert together.thresholds.hold_at["toxicity"] < together.thresholds.reject_at["toxicity"]


def test_no_text_at_all_is_scored_as_an_empty_one(model: LargeModel) -> None:
    assert model.screen([]).scores == pytest.approx(model.screen([""]).scores)
    assert model.score_each([]) == []


def test_the_model_names_its_variant_and_its_file(model: LargeModel, tiny_place: LargeModels) -> None:
    assert model.model == f"detoxify@multilingual-{checksums.sha256_of(tiny_place.checkpoint)[:8]}"


def test_batches_of_like_length_say_the_same_as_one_text_at_a_time(model: LargeModel) -> None:
    singly = [model.score_each([text])[0] for text in TEXTS]
    assert np.allclose(table(model.score_each(TEXTS)), table(singly), atol=1e-5)
    backwards = model.score_each(TEXTS[::-1])[::-1]
    assert np.allclose(table(model.score_each(TEXTS)), table(backwards), atol=1e-5)


def test_the_end_of_a_long_text_counts(model: LargeModel) -> None:
    quiet = " ".join(["grazie per il commento"] * 60)
    ends = table(model.score_each([f"{quiet} {text}" for text in tiny.CORPUS]))
    assert len({tuple(row.round(3)) for row in ends}) == len(ends)


def test_a_long_text_gets_the_highest_score_of_its_windows(tiny_place: LargeModels, model: LargeModel) -> None:
    text = " ".join(tiny.CORPUS * 3)
    loaded = detoxify_model.read(tiny_place)
    windows = loaded.reader().windows([text])
    assert len(windows) > 3
    assert all(len(window.ids) <= loaded.window for window in windows)
    pieces = [loaded.network(torch_ids(window.ids)).logits[0, : len(model.labels)].sigmoid() for window in windows]
    highest = np.max([piece.detach().numpy() for piece in pieces], axis=0)
    assert list(model.score_each([text])[0].values()) == pytest.approx(highest, abs=1e-5)


def test_windows_overlap_and_cover_every_token(tiny_place: LargeModels) -> None:
    loaded = detoxify_model.read(tiny_place)
    text = " ".join(tiny.CORPUS * 3)
    inner = [list(window.ids[1:-1]) for window in loaded.reader().windows([text])]
    whole, overlap = loaded.tokenizer.encode(text, add_special_tokens=False).ids, loaded.window // 4
    joined = inner[0] + [token for piece in inner[1:] for token in piece[overlap:]]
    assert joined == whole


def torch_ids(ids: Any) -> Any:
    import torch

    return torch.tensor([list(ids)])


def test_disguised_text_is_read_both_ways(model: LargeModel) -> None:
    plain, disguised = "sei proprio un asino", "sei pr0prio un asino"
    pair = table(model.score_each([plain, disguised]))
    assert (pair[1] >= pair[0] - 1e-6).all()


def test_half_a_surrogate_pair_and_control_characters_are_scored(model: LargeModel) -> None:
    for text in ("\ud800", "a\x00b", "\u202e", "x" * 70_000):
        assert 0 <= model.score_each([text])[0]["toxicity"] <= 1


def test_nothing_is_asked_of_the_network(tiny_place: LargeModels, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def refuse(*arguments: object, **_: object) -> None:
        asked.append(arguments)
        raise OSError("no network in this test")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    detoxify_model.load(tiny_place).score_each(["Ciao"])
    assert asked == []


@pytest.mark.parametrize("variant", ["original", "unbiased", "original-small"])
def test_other_networks_of_detoxify_open_too(tmp_path: Path, variant: str) -> None:
    tiny.need("torch", "transformers", "detoxify", "tokenizers")
    kaggle = ("toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate")
    place = write_family(tmp_path, variant, kaggle if variant.startswith("original") else tiny.CLASSES)
    model = detoxify_model.load(place)
    assert set(model.labels) == set(detoxify_model.labels_of(variant))
    texts = ["Ciao a tutti", "grazie " * 200]
    singly = [model.score_each([text])[0] for text in texts]
    assert np.allclose(table(model.score_each(texts)), table(singly), atol=1e-5)


def write_family(folder: Path, variant: str, classes: tuple[str, ...]) -> LargeModels:
    """A tiny checkpoint of BERT, RoBERTa or ALBERT."""
    import json

    import torch
    import transformers
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    family = {"original": "Bert", "unbiased": "Roberta", "original-small": "Albert"}[variant]
    special = (
        ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
        if family == "Roberta"
        else ["[CLS]", "[PAD]", "[SEP]", "[UNK]", "[MASK]"]
        if family == "Bert"
        else ["[CLS]", "<pad>", "[SEP]", "<unk>", "[MASK]"]
    )
    letters = sorted({*"abcdefghijklmnopqrstuvwxyz", *(f"##{c}" for c in "abcdefghijklmnopqrstuvwxyz")})
    if family == "Roberta":
        made = Tokenizer(
            models.BPE(
                {p: i for i, p in enumerate([*special, *sorted(pre_tokenizers.ByteLevel.alphabet())])},
                [],
                unk_token="<unk>",
            )
        )
        made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    elif family == "Bert":
        made = Tokenizer(models.WordPiece({p: i for i, p in enumerate([*special, *letters])}, unk_token="[UNK]"))
        made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    else:
        made = Tokenizer(
            models.Unigram(
                [*((s, 0.0) for s in special), ("▁", -3.0), *((c, -4.0) for c in "abcdefghijklmnopqrstuvwxyz")],
                unk_id=3,
            )
        )
        made.pre_tokenizer = pre_tokenizers.Metaspace()
    made.add_special_tokens(special)
    made.post_processor = processors.TemplateProcessing(
        single=f"{special[0]} $A {special[2]}", special_tokens=[(special[0], 0), (special[2], 2)]
    )
    made.save(str(folder / "tokenizer.json"))
    sizes = {**tiny.SIZES, "vocab_size": made.get_vocab_size(), "num_labels": len(classes)}
    network = getattr(transformers, f"{family}ForSequenceClassification")(
        getattr(transformers, f"{family}Config")(**sizes)
    )
    (folder / "config.json").write_text(json.dumps(network.config.to_dict()))
    arguments = {
        "num_classes": len(classes),
        "model_type": "x",
        "model_name": type(network).__name__,
        "tokenizer_name": f"{family}Tokenizer",
    }
    content = {
        "config": {"arch": {"args": arguments}, "dataset": {"args": {"classes": list(classes)}}},
        "state_dict": network.state_dict(),
    }
    torch.save(content, folder / "own.ckpt")
    checksums.write_sums(folder, {"own.ckpt": checksums.sha256_of(folder / "own.ckpt")})
    return LargeModels(folder, variant, 1)


def test_a_file_that_may_not_be_read_is_refused(copied: LargeModels, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbid(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", forbid)
    with pytest.raises(ModelUnusable, match=r"tiny\.ckpt cannot be opened: Permission denied"):
        detoxify_model.load(copied)


def test_a_cut_file_is_refused(copied: LargeModels) -> None:
    copied.checkpoint.write_bytes(copied.checkpoint.read_bytes()[:-100])
    with pytest.raises(ModelUnusable, match="cut or altered"):
        detoxify_model.load(copied)


def test_a_cut_file_is_refused_even_where_its_checksum_was_noted(copied: LargeModels) -> None:
    copied.checkpoint.write_bytes(copied.checkpoint.read_bytes()[:-100])
    checksums.write_sums(copied.weights, {copied.checkpoint.name: checksums.sha256_of(copied.checkpoint)})
    with pytest.raises(ModelUnusable, match="cannot be read"):
        detoxify_model.load(copied)


@pytest.mark.parametrize("name", ["tiny.ckpt", "config.json", "tokenizer.json"])
def test_a_missing_file_is_named_with_the_remedy(copied: LargeModels, name: str) -> None:
    (copied.weights / name).unlink()
    with pytest.raises(ModelUnusable, match=r"is not there; run: engagement model fetch --variant multilingual"):
        detoxify_model.load(copied)


def test_an_altered_tokenizer_is_refused_where_its_checksum_was_noted(copied: LargeModels) -> None:
    sums = {name: checksums.sha256_of(copied.weights / name) for name in ("tiny.ckpt", "tokenizer.json")}
    checksums.write_sums(copied.weights, sums)
    with (copied.weights / "tokenizer.json").open("a") as file:
        file.write(" ")
    with pytest.raises(ModelUnusable, match=r"tokenizer\.json is not the file"):
        detoxify_model.load(copied)


def test_a_file_of_which_no_checksum_is_known_is_not_opened(copied: LargeModels) -> None:
    (copied.weights / checksums.SUMS).unlink()
    with pytest.raises(ModelUnusable, match=r"no checksum .*weights_sha256"):
        detoxify_model.load(copied)
    detoxify_model.load(replace(copied, sha256=checksums.sha256_of(copied.checkpoint)))


def test_the_digits_in_a_release_s_name_are_a_checksum(copied: LargeModels) -> None:
    (copied.weights / checksums.SUMS).unlink()
    right = checksums.sha256_of(copied.checkpoint)[:8]
    copied.checkpoint.rename(copied.weights / f"multilingual_debiased-{right}.ckpt")
    detoxify_model.load(copied)
    copied.checkpoint.rename(copied.weights / "multilingual_debiased-00000000.ckpt")
    with pytest.raises(ModelUnusable, match=f"begins {right}, not 00000000"):
        detoxify_model.load(copied)


class Bomb:
    """Runs a program when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return Path.touch, (self.trace,)


def test_a_checkpoint_that_would_run_a_program_does_not(tiny_place: LargeModels, tmp_path: Path) -> None:
    place = tiny.write(tmp_path / "bomb", more={"surprise": Bomb(tmp_path / "ran")})
    with pytest.raises(ModelUnusable, match="could run as a program"):
        detoxify_model.load(place)
    assert not (tmp_path / "ran").exists()


def test_a_checkpoint_with_more_than_tensors_opens_for_a_person_who_vouches_for_it(
    tiny_place: LargeModels, tmp_path: Path
) -> None:
    place = tiny.write(tmp_path / "odd", more={"path": Path("somewhere")})
    with pytest.raises(ModelUnusable, match="could run as a program"):
        detoxify_model.load(place)
    detoxify_model.load(replace(place, sha256=checksums.sha256_of(place.checkpoint)))


@pytest.mark.parametrize(
    ("changed", "match"),
    [
        ({"without": ["classifier.out_proj.weight"]}, "lacks the tensor classifier.out_proj.weight"),
        ({"arguments": {"num_classes": 7}}, "cannot be loaded|holds classifier"),
        ({"arguments": {"model_name": "GPT2LMHeadModel"}}, "none of Detoxify's"),
        ({"arguments": {"tokenizer_name": "AutoTokenizer"}}, "none of Detoxify's"),
        ({"classes": ["toxicity", "boredom"]}, "not known here: boredom"),
        ({"classes": ["insult"]}, "16 outputs for the labels insult"),
        ({"more": {"config": {}}}, "no Detoxify checkpoint"),
        ({"more": {"state_dict": []}}, "no Detoxify checkpoint|cannot be loaded"),
    ],
)
def test_a_checkpoint_of_the_wrong_shape_is_refused(
    tiny_place: LargeModels, tmp_path: Path, changed: dict[str, Any], match: str
) -> None:
    with pytest.raises(ModelUnusable, match=match):
        detoxify_model.load(tiny.write(tmp_path / "wrong", **changed))


def test_tables_that_older_releases_saved_as_well_do_no_harm(
    tiny_place: LargeModels, model: LargeModel, tmp_path: Path
) -> None:
    import torch

    old = {"roberta.embeddings.position_ids": torch.arange(66)[None], "roberta.pooler.dense.bias": torch.zeros(32)}
    opened = detoxify_model.load(tiny.write(tmp_path / "old", tensors=old))
    assert opened.score_each(tiny.CORPUS) == model.score_each(tiny.CORPUS)


def test_a_tokenizer_that_does_not_belong_to_the_network_is_refused(copied: LargeModels) -> None:
    from tokenizers import Tokenizer

    larger = Tokenizer.from_file(str(copied.weights / "tokenizer.json"))
    larger.add_tokens(["unheard", "of"])
    larger.save(str(copied.weights / "tokenizer.json"))
    with pytest.raises(ModelUnusable, match="do not belong together"):
        detoxify_model.load(copied)


def test_what_is_no_checkpoint_at_all_is_refused(copied: LargeModels) -> None:
    for content in (b"", b"<html>", pickle.dumps({"a": 1}), b"PK\x03\x04"):
        copied.checkpoint.write_bytes(content)
        checksums.write_sums(copied.weights, {copied.checkpoint.name: checksums.sha256_of(copied.checkpoint)})
        with pytest.raises(ModelUnusable):
            detoxify_model.load(copied)


def test_a_package_that_is_not_there_is_named(tiny_place: LargeModels, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "detoxify.detoxify", None)
    with pytest.raises(ModelUnusable, match=r"pip install 'engagement\[detoxify\]'"):
        detoxify_model.load(tiny_place)
