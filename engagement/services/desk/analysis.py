"""What Perspective's clients ask: scores of a text on the scale they know, and a home for their corrections."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from engagement.domain.desk.analysis import (
    LABEL_OF,
    Analysis,
    AnalysisRefused,
    AttributeScore,
    Question,
    Span,
    Suggestion,
    attribute_of,
    check_text,
    sentences,
    utf16_offsets,
)
from engagement.domain.desk.moderators import ApiKey
from engagement.domain.discussion.tongue import detect
from engagement.domain.errors import Unavailable
from engagement.domain.screening import NotScreened, Screening
from engagement.services.ports import Toolbox
from engagement.services.sites import find_site
from engagement.storage.db import transaction
from engagement.storage.discussion import suggestions


def analyze(tools: Toolbox, asked: Question) -> Analysis:
    """Scores of the attributes asked for. Raises ``AnalysisRefused``, or ``Unavailable`` without a model's answer."""
    if not asked.raw:
        check_text(asked.text)
    _check_names(asked)
    detected = detect(asked.text)
    languages = _languages(tools, asked, detected)
    screening = tools.screener.screen((asked.text, *asked.beside))
    if isinstance(screening, NotScreened):
        raise Unavailable(detail=f"{screening.why}: {screening.detail}")
    chosen = _supported(tools, asked, screening, languages, detected)
    scores = _answers(tools, asked, screening, chosen)
    return Analysis(scores, languages, detected, screening.model, screening.scores, screening.thresholds)


def keep(tools: Toolbox, key: ApiKey, suggestion: Suggestion, *, with_text: bool) -> tuple[str, ...]:
    """Keep a correction for later learning, and answer the language its text was found to be in.

    Without ``with_text`` the text itself is forgotten. Raises ``AnalysisRefused`` or ``Unavailable``.
    """
    check_text(suggestion.text)
    detected = detect(suggestion.text)
    site = find_site(key.site_key)
    kept = suggestion if with_text else replace(suggestion, text="")
    with transaction() as session:
        suggestions.add(session, site.id, key.name, replace(kept, detected=detected), tools.clock.now())
    return detected


def _check_names(asked: Question) -> None:
    if not asked.attributes:
        raise AnalysisRefused("NO_REQUESTED_ATTRIBUTES", "Missing requested_attributes")
    for name in asked.attributes:
        if not attribute_of(name):
            raise AnalysisRefused("INVALID_REQUEST", f"Unknown requested attribute: {name}", attribute=name)


def _languages(tools: Toolbox, asked: Question, detected: tuple[str, ...]) -> tuple[str, ...]:
    """The languages the text is taken to be in: the caller's where all are ours, else what was found."""
    hinted = bool(asked.languages) and all(_short(tag) in tools.languages for tag in asked.languages)
    found = bool(detected) and detected[0] in tools.languages
    if hinted and (found or not detected):
        return asked.languages
    if not detected and not asked.languages and not asked.raw:
        raise AnalysisRefused("LANGUAGE_DETECTION_FAILED", "Unable to detect language")
    return detected or asked.languages


def _supported(
    tools: Toolbox, asked: Question, screening: Screening, languages: Sequence[str], detected: Sequence[str]
) -> list[str]:
    """The names that can be answered.

    Raises ``AnalysisRefused`` about the first that cannot, unless those are to be dropped.
    """
    spoken = asked.raw or all(_short(tag) in tools.languages for tag in languages)
    chosen = []
    for name in asked.attributes:
        if spoken and LABEL_OF.get(attribute_of(name)) in screening.scores:
            chosen.append(name)
        elif not (asked.drop_unsupported or asked.raw):
            text = f"Attribute {name} does not support request languages: {', '.join(languages)}"
            raise AnalysisRefused(
                "LANGUAGE_NOT_SUPPORTED_BY_ATTRIBUTE",
                text,
                attribute=name,
                detected=detected,
                requested=asked.languages,
            )
    return chosen


def _answers(tools: Toolbox, asked: Question, screening: Screening, chosen: Sequence[str]) -> dict[str, AttributeScore]:
    pieces = sentences(asked.text) if asked.spans and chosen else []
    if len(pieces) > 1:
        own = _score_each(tools, [asked.text[begin:end] for begin, end in pieces])
    else:  # one span over the whole text, which many clients read instead of the summary
        pieces, own = [(0, len(asked.text))], [screening.scores]
    units = list(utf16_offsets(asked.text, [at for piece in pieces for at in piece]))
    places = list(zip(units[::2], units[1::2], strict=True))
    answers = {}
    for name in chosen:
        attribute, lowest = attribute_of(name), asked.attributes[name]
        label = LABEL_OF[attribute]
        summary = tools.scale(screening.model, attribute, screening.scores[label])
        values = [tools.scale(screening.model, attribute, scores[label]) for scores in own]
        spans = (Span(begin, end, value) for (begin, end), value in zip(places, values, strict=True))
        if summary >= lowest:
            answers[name] = AttributeScore(summary, tuple(span for span in spans if span.score >= lowest))
    return answers


def _score_each(tools: Toolbox, texts: Sequence[str]) -> list[Mapping[str, float]]:
    try:
        return tools.screener.score_each(texts)
    except RuntimeError as error:
        raise Unavailable(detail=str(error)) from error


def _short(tag: str) -> str:
    return tag.replace("_", "-").split("-")[0].lower()
