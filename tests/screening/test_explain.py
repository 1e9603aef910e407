"""The words that moved a score: they add up to it, stand where they say, and are those that matter."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engagement.domain.screening import Span
from engagement.screening import embedded, lexicon, normalise
from engagement.screening.explain import MOST_SPANS, MOST_WINDOWS, LinearExplainer, OcclusionExplainer, kept, places
from engagement.screening.learning import features

MODEL = embedded.load()
EXPLAINER = LinearExplainer(MODEL)
WORDS = [
    "sei",
    "un",
    "idiota",
    "cr3t1n0",
    "c r e t i n o",
    "grazie",
    "pazzzzo",
    "www.sito.it",
    "@mario",
    "!!!",
    "(bello)",
]
WORDS += ["perché", "🙂", "vai al diavolo", "cre\u200btino", "сretino", "1.200", "18:30", "l'idiota", "𝗰𝗿𝗲𝘁𝗶𝗻𝗼", "vai"]
texts = st.lists(st.sampled_from(WORDS), max_size=40).map(" ".join) | st.text(max_size=200)


def under(text: str, spans: Sequence[Span]) -> list[str]:
    units = text.encode("utf-16-le")
    return [units[2 * span.begin : 2 * span.end].decode("utf-16-le") for span in spans]


@given(texts)
def test_the_words_and_the_bias_add_up_to_the_logit(text: str) -> None:
    score = MODEL.score(text)
    total = MODEL.weights.bias + sum(EXPLAINER.attributions(text).values())
    assert total == pytest.approx(MODEL.contributions(text).logit, abs=1e-6)
    assert 1 / (1 + math.exp(-total)) == pytest.approx(score, abs=1e-6)


@pytest.mark.parametrize("words", [400, 1500, 6000])
def test_they_add_up_in_long_texts_too(words: int) -> None:
    rng = np.random.default_rng(7)
    text = " ".join(rng.choice(WORDS, words))
    total = MODEL.weights.bias + sum(EXPLAINER.attributions(text).values())
    assert total == pytest.approx(MODEL.contributions(text).logit, abs=1e-6)
    assert 1 / (1 + math.exp(-total)) == pytest.approx(MODEL.score(text), abs=1e-6)


@given(texts)
def test_occurrences_are_the_features_of_the_model(text: str) -> None:
    pieces = features.tokens(normalise.read(text).cleaned)
    at, first, last = features.occurrences(pieces)
    assert np.array_equal(np.unique(at), features.buckets(pieces))
    assert ((first <= last) & (last <= first + 1) & (first >= 0) & (last < len(pieces))).all()


@given(
    st.lists(st.sampled_from([word for term in lexicon.shipped().terms[:200] for word in lexicon.as_words(term.text)]))
)
def test_what_is_owed_to_words_of_the_lexicon_adds_up(words: list[str]) -> None:
    shipped = lexicon.shipped()
    assert np.allclose(shipped.credits(words).sum(axis=0), shipped.measure(words), atol=1e-12)


@given(texts)
def test_spans_are_ordered_and_lie_in_the_text(text: str) -> None:
    spans = EXPLAINER.explain(text)
    ends = [0, *(end for span in spans for end in (span.begin, span.end)), len(text.encode("utf-16-le")) // 2]
    assert ends == sorted(ends)
    assert all(span.score > 0 and span.label == "toxicity" for span in spans)
    assert all(any(map(str.isalnum, words)) for words in under(text, spans))


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("Che bella giornata 🙂🙂 ma tu sei un idiota!!!", "idiota"),
        ("Sei un vero c r e t i n o, vergogna!", "c r e t i n o"),
        ("Ma sei un cr3t1n0, o no?", "cr3t1n0"),
        ("Ma sei un 𝗰𝗿𝗲𝘁𝗶𝗻𝗼, o no?", "𝗰𝗿𝗲𝘁𝗶𝗻𝗼"),
        ("Ma sei un cre\u200btino, o no?", "cre\u200btino"),
        ("Tu (idiota) non capisci", "idiota"),
    ],
)
def test_the_word_that_hurts_is_the_strongest_disguised_or_not(text: str, word: str) -> None:
    strongest = max(EXPLAINER.explain(text), key=lambda span: span.score)
    assert under(text, [strongest]) == [word]


def test_the_places_of_a_long_hostile_text_do_not_overlap() -> None:
    for text in ("c r 3 t " * 7_000, "a " * 30_000, "сс " * 20_000):
        assert sum(end - begin for begin, end in EXPLAINER.attributions(text)) <= len(text)


def test_at_most_so_many_spans_the_strongest() -> None:
    found = [((n, n + 1), "toxicity", 1 + n / 100) for n in range(100)]
    spans = kept("a" * 100, found)
    assert [span.begin for span in spans] == list(range(100 - MOST_SPANS, 100))


def test_places_without_a_counterpart_are_those_of_the_neighbours() -> None:
    assert places("uno due", str.lower, ["uno", "e", "due"]) == [(0, 3), (0, 3), (4, 7)]
    assert places("", str.lower, ["x"]) == [(0, 0)]


class Words:
    """A model whose log odds are −2 and what each word adds."""

    def __init__(self, **adds: Mapping[str, float]) -> None:
        self.adds = adds
        self.asked: list[Sequence[str]] = []

    def score_each(self, texts: Sequence[str]) -> list[Mapping[str, float]]:
        self.asked.append(texts)
        return [
            {
                label: 1 / (1 + math.exp(2 - sum(add for word, add in words.items() if word in text)))
                for label, words in self.adds.items()
            }
            for text in texts
        ]


def test_leaving_words_out_finds_what_each_label_owes_to_them() -> None:
    model = Words(toxicity={"idiota": 3.0, "tu": 1.0, "caro": -1.0}, threat={"attento": 2.0})
    text = "🙂 tu tu caro idiota, stai attento!"
    spans = OcclusionExplainer(model.score_each).explain(text)
    assert [(words, span.label) for words, span in zip(under(text, spans), spans, strict=True)] == [
        ("idiota", "toxicity"),
        ("attento", "threat"),
    ]
    assert [span.score for span in spans] == pytest.approx([3.0, 2.0])
    assert len(model.asked) == 1


def test_long_texts_are_tried_in_windows_of_several_words() -> None:
    model = Words(toxicity={"idiota": 3.0})
    text = "parola " * 300 + "idiota " + "parola " * 100
    [span] = OcclusionExplainer(model.score_each).explain(text)
    assert "idiota" in under(text, [span])[0]
    assert len(model.asked[0]) <= MOST_WINDOWS + 1


def test_a_text_without_words_is_not_asked_about() -> None:
    model = Words(toxicity={})
    assert OcclusionExplainer(model.score_each).explain("!!! 🙂") == []
    assert model.asked == []
