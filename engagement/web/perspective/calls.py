"""``comments:analyze`` and ``comments:suggestscore``."""

from typing import Any

from flask import Response, request
from werkzeug.exceptions import BadRequest

from engagement.domain.desk.analysis import (
    Analysis,
    AnalysisRefused,
    AttributeScore,
    Question,
    Suggestion,
    attribute_of,
)
from engagement.domain.errors import MalformedRequest
from engagement.services.desk import analysis
from engagement.web.gate import parse
from engagement.web.house import toolbox
from engagement.web.perspective.masks import picked, wanted
from engagement.web.perspective.refusals import NoKey, as_json
from engagement.web.perspective.room import blueprint, caller
from engagement.web.perspective.shapes import InvalidPayload, read

RAW = "Engagement-Raw"
_PLAIN = {"PLAIN_TEXT", "TEXT_TYPE_UNSPECIFIED"}
_PROBABILITY = {"PROBABILITY", "SCORE_TYPE_UNSPECIFIED"}
_MOST_KEPT = 500  # characters of an identifier that a client sends


@blueprint.post("/v1alpha1/comments:analyze")
def analyze() -> Response:
    """Scores of a text on Perspective's scale; nothing of it is ever stored."""
    caller()
    sent, paths = _body("AnalyzeCommentRequest"), wanted("AnalyzeCommentResponse")
    raw = request.headers.get(RAW) == "1"
    found = analysis.analyze(toolbox(), _question(sent, raw))
    answer: dict[str, Any] = {}
    if found.scores:
        answer["attributeScores"] = {name: _scores(score) for name, score in found.scores.items()}
    answer["languages"] = list(found.languages)
    answer["detectedLanguages"] = list(found.detected)
    if "clientToken" in sent:
        answer["clientToken"] = sent["clientToken"]
    answer = picked(answer, paths)
    if raw:
        answer["engagement"] = _own(found)
    return as_json(answer)


@blueprint.post("/v1alpha1/comments:suggestscore")
def suggestscore() -> Response:
    """A correction by the client's moderators, kept for later learning."""
    key = caller()
    if key is None:
        raise NoKey  # it is kept for a site, and only a key tells which
    sent, paths = _body("SuggestCommentScoreRequest"), wanted("SuggestCommentScoreResponse")
    suggestion = Suggestion(
        text=_kept(_text(sent), None),
        scores=_suggested(sent.get("attributeScores", {})),
        languages=tuple(sent.get("languages", ())),
        community=_kept(sent.get("communityId", "")),
        token=_kept(sent.get("clientToken", "")),
        session=_kept(sent.get("sessionId", "")),
    )
    detected = analysis.keep(toolbox(), key, suggestion, with_text=not sent.get("doNotStore", False))
    answer: dict[str, Any] = {"detectedLanguages": list(detected)}
    if suggestion.languages:
        answer["requestedLanguages"] = list(suggestion.languages)
    if "clientToken" in sent:
        answer["clientToken"] = sent["clientToken"]
    return as_json(picked(answer, paths))


def _body(message: str) -> dict[str, Any]:
    """The request's JSON, whatever media type it says it is. Raises ``InvalidPayload``."""
    if request.args.get("alt", "json") != "json":
        raise BadRequest("Only alt=json is answered here.")
    raw = request.get_data(cache=True)
    try:
        body = parse(raw) if raw.strip() else {}
    except MalformedRequest as error:
        text = f"Invalid JSON payload received. {error.detail or 'Root element must be a message.'}"
        raise InvalidPayload([("", text)]) from error
    return read(message, body)


def _question(sent: dict[str, Any], raw: bool) -> Question:
    attributes = sent.get("requestedAttributes", {})
    for name, parameters in attributes.items():
        kind = parameters.get("scoreType", "PROBABILITY")
        if kind not in _PROBABILITY:
            text = f"Requested score type {kind} is not supported by attribute {name}"
            raise AnalysisRefused("INVALID_REQUEST", text, attribute=name)
    entries = sent.get("context", {}).get("entries", ()) if raw else ()
    return Question(
        text=_text(sent),
        attributes={name: float(given.get("scoreThreshold", 0)) for name, given in attributes.items()},
        languages=tuple(sent.get("languages", ())),
        spans=sent.get("spanAnnotations", False),
        drop_unsupported=sent.get("dropUnsupportedAttributes", False),
        raw=raw,
        beside=tuple(entry.get("text", "") for entry in entries),
    )


def _text(sent: dict[str, Any]) -> str:
    comment = sent.get("comment", {})
    if comment.get("type", "PLAIN_TEXT") not in _PLAIN:
        raise AnalysisRefused("INVALID_REQUEST", "Currently, only 'PLAIN_TEXT' comments are supported")
    return str(comment.get("text", ""))


def _scores(found: AttributeScore) -> dict[str, Any]:
    spans = [{"begin": s.begin, "end": s.end, "score": _score(s.score)} for s in found.spans]
    return ({"spanScores": spans} if spans else {}) | {"summaryScore": _score(found.score)}


def _score(value: float) -> dict[str, Any]:
    return {"value": value, "type": "PROBABILITY"}


def _own(found: Analysis) -> dict[str, Any]:
    """What our own web tier reads beside: unmapped scores by label, with the thresholds that belong to them."""
    limits = {"holdAt": dict(found.thresholds.hold_at), "rejectAt": dict(found.thresholds.reject_at)}
    return {"model": found.model, "scores": dict(found.raw_scores), "thresholds": limits}


def _kept(text: str, most: int | None = _MOST_KEPT) -> str:
    """Without the one character that PostgreSQL cannot hold."""
    return text.replace("\0", "")[:most]


def _suggested(given: dict[str, Any]) -> dict[str, object]:
    """Attribute → ``{"summary", "spans"}``. Raises ``AnalysisRefused`` about the first that is empty or wrong."""
    if not given:
        raise AnalysisRefused("INVALID_REQUEST", "Missing attribute_scores")
    kept: dict[str, object] = {}
    for name, scores in given.items():
        if not attribute_of(name):
            raise AnalysisRefused("INVALID_REQUEST", f"Unknown attribute: {name}", attribute=name)
        spans = scores.get("spanScores", [])
        marks = [*([scores["summaryScore"]] if "summaryScore" in scores else []), *(s.get("score", {}) for s in spans)]
        placed = all(0 <= s.get("begin", -1) < s.get("end", -1) for s in spans)
        if not marks or not placed or not all(0 <= mark.get("value", -1) <= 1 for mark in marks):
            raise AnalysisRefused("INVALID_REQUEST", f"Invalid scores for attribute: {name}", attribute=name)
        places = [[s["begin"], s["end"], s["score"]["value"]] for s in spans]
        kept[name] = {"summary": scores.get("summaryScore", {}).get("value"), "spans": places}
    return kept
