"""The kinds that a setting can have: values made to fit them, and their names in words."""

from collections.abc import Mapping
from typing import Any, get_args, get_origin


class Text(str):
    """A value from the environment: text that stands for whatever kind the key has."""

    __slots__ = ()


def fit(kind: Any, value: Any) -> Any:
    """The value as one of ``kind``. Raises ``ValueError``."""
    if isinstance(value, Text):
        value = _parse(kind, str(value))
    origin = get_origin(kind)
    if origin is tuple:
        if not isinstance(value, list | tuple) or not all(isinstance(v, str) for v in value):
            raise ValueError
        return tuple(value)
    if origin is not None and issubclass(origin, Mapping):
        if not isinstance(value, dict):
            raise ValueError
        return {k: fit(get_args(kind)[1], v) for k, v in value.items()}
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not kind:
        raise ValueError
    return value


def _parse(kind: Any, text: str) -> Any:
    if kind is bool:
        return {"true": True, "1": True, "false": False, "0": False}.get(text.lower(), text)
    if kind in (int, float):
        return kind(text)
    if get_origin(kind) is tuple:
        return [part.strip() for part in text.split(",") if part.strip()]
    return text


def describe(kind: Any) -> str:
    """A kind in words."""
    names = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}
    if kind in names:
        return names[kind]
    if get_origin(kind) is tuple:
        return "a list of texts"
    return "a table of numbers by label" if get_args(kind)[1] is float else "a table of texts"
