"""Requests as the format describes them, read as strictly as the original: unknown names and wrong kinds are refused.

Names may be written ``likeThis`` or ``like_this``, null means absent, as in the JSON of protocol buffers.
"""

import re
from collections.abc import Mapping
from typing import Any

_TYPE = "type.googleapis.com/google.commentanalyzer.v1alpha1."
_SCORE_TYPES = ("SCORE_TYPE_UNSPECIFIED", "PROBABILITY", "STD_DEV_SCORE", "PERCENTILE", "RAW")

# Message → field → kind, of requests and answers. A kind is a plain one, a message, a tuple of names with its type,
# [list of], {map of}.
SHAPES: Mapping[str, Mapping[str, Any]] = {
    "AnalyzeCommentRequest": {
        "comment": "TextEntry",
        "context": "Context",
        "requestedAttributes": {"AttributeParameters"},
        "languages": ["string"],
        "doNotStore": "bool",
        "clientToken": "string",
        "sessionId": "string",
        "communityId": "string",
        "spanAnnotations": "bool",
        "dropUnsupportedAttributes": "bool",
    },
    "SuggestCommentScoreRequest": {
        "comment": "TextEntry",
        "context": "Context",
        "attributeScores": {"AttributeScores"},
        "languages": ["string"],
        "clientToken": "string",
        "sessionId": "string",
        "communityId": "string",
        "doNotStore": "bool",  # ours: the original has no such field here
    },
    "AnalyzeCommentResponse": {
        "attributeScores": {"AttributeScores"},
        "languages": ["string"],
        "detectedLanguages": ["string"],
        "clientToken": "string",
    },
    "SuggestCommentScoreResponse": {
        "clientToken": "string",
        "detectedLanguages": ["string"],
        "requestedLanguages": ["string"],
    },
    "TextEntry": {
        "text": "string",
        "type": ("TextEntry.TextType", ("TEXT_TYPE_UNSPECIFIED", "PLAIN_TEXT", "HTML")),
    },
    "Context": {"entries": ["TextEntry"], "articleAndParentComment": "ArticleAndParentComment"},
    "ArticleAndParentComment": {"article": "TextEntry", "parentComment": "TextEntry"},
    "AttributeParameters": {
        "scoreType": ("AttributeParameters.ScoreType", _SCORE_TYPES),
        "scoreThreshold": "float",
    },
    "AttributeScores": {"summaryScore": "Score", "spanScores": ["SpanScore"]},
    "SpanScore": {"begin": "int32", "end": "int32", "score": "Score"},
    "Score": {"value": "float", "type": ("Score.ScoreType", _SCORE_TYPES)},
}
_KINDS = {"string": (str,), "bool": (bool,), "float": (int, float), "int32": (int,)}
_TOLD = {"string": "TYPE_STRING", "bool": "TYPE_BOOL", "float": "TYPE_FLOAT", "int32": "TYPE_INT32"}
_LARGEST = 2**31 - 1
_MOST_TOLD = 20  # mistakes


class InvalidPayload(Exception):
    """``found``: (field, what is wrong with it) of every mistake; the field is "" for the request as a whole."""

    def __init__(self, found: list[tuple[str, str]]) -> None:
        self.found = found[:_MOST_TOLD]
        super().__init__(found[0][1])


def read(message: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a message that were sent, by their camelCase names. Raises ``InvalidPayload``."""
    wrong: list[tuple[str, str]] = []
    found = _message(message, body, "", wrong)
    if wrong:
        raise InvalidPayload(wrong)
    return found


def _message(name: str, given: Any, where: str, wrong: list[tuple[str, str]]) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        _invalid(where, _TYPE + name, given, wrong)
        return {}
    found = {}
    for key, value in given.items():
        field = camel(key)
        kind = SHAPES[name].get(field)
        if kind is None:
            at = f" at '{where}'" if where else ""
            wrong.append((where, f'Invalid JSON payload received. Unknown name "{key[:80]}"{at}: Cannot find field.'))
        elif value is not None:
            found[field] = _value(kind, value, f"{where}.{_snake(field)}".lstrip("."), wrong)
    return found


def _value(kind: Any, value: Any, where: str, wrong: list[tuple[str, str]]) -> Any:
    if isinstance(kind, list):
        given = value if isinstance(value, list) else [value]
        return [_value(kind[0], each, f"{where}[{at}]", wrong) for at, each in enumerate(given)]
    if isinstance(kind, set):
        [inner] = kind
        if not isinstance(value, Mapping):
            _invalid(where, "TYPE_MESSAGE", value, wrong)
            return {}
        return {
            key: _value(inner, each or {}, f"{where}[{at}].value", wrong)
            for at, (key, each) in enumerate(value.items())
        }
    if isinstance(kind, tuple):
        if value not in kind[1]:
            _invalid(where, _TYPE + kind[0], value, wrong)
        return value
    if kind in SHAPES:
        return _message(kind, value, where, wrong)
    if not isinstance(value, _KINDS[kind]) or (isinstance(value, bool) and kind != "bool") or _too_large(value):
        _invalid(where, _TOLD[kind], value, wrong)
    return value


def _too_large(value: Any) -> bool:
    """Whether it is a number that a 32 bit field cannot hold; JSON has numbers of any length."""
    return isinstance(value, int | float) and abs(value) > _LARGEST


def _invalid(where: str, kind: str, value: Any, wrong: list[tuple[str, str]]) -> None:
    shown = f'"{value[:80]}"' if isinstance(value, str) else str(value)[:80]
    wrong.append((where, f"Invalid value at '{where}' ({kind}), {shown}"))


def camel(name: str) -> str:
    """The name of a field as the format writes it, ``likeThis``; names of attributes stay what they are."""
    return re.sub(r"_([a-z])", lambda letter: letter[1].upper(), name)


def _snake(name: str) -> str:
    return re.sub(r"[A-Z]", lambda letter: f"_{letter[0].lower()}", name)
