"""From TOML and the environment to frozen sections, every mistake named."""

import tomllib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

PREFIX = "ENGAGEMENT_"
_NOT_SETTINGS = {"ENGAGEMENT_CONFIG", "ENGAGEMENT_DATA", "ENGAGEMENT_REQUIRE_SERVICES"}


def read_toml(path: Path, mistakes: list[str]) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:  # not there, not UTF-8, not TOML
        mistakes.append(f"{path}: {error}")
        return {}


def merge(into: dict[str, Any], other: Mapping[str, Any]) -> None:
    for key, value in other.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            merge(into[key], value)
        else:
            into[key] = value


def from_environment(environ: Mapping[str, str], mistakes: list[str]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for name, text in environ.items():
        if not name.startswith(PREFIX) or name in _NOT_SETTINGS or name.startswith("ENGAGEMENT_TEST_"):
            continue
        parts = name[len(PREFIX) :].lower().split("__")
        if len(parts) < 2:
            mistakes.append(f"{name}: write ENGAGEMENT_<SECTION>__<KEY>")
            continue
        if inner := sorted(other for other in environ if other.startswith(f"{name}__")):
            mistakes.append(f"{name} is a value, and {', '.join(inner)} would make it a table; keep one of them")
            continue
        branch: dict[str, Any] = {parts[-1]: _Text(text)}
        for part in reversed(parts[:-1]):
            branch = {part: branch}
        merge(tree, branch)
    return tree


class _Text(str):
    """A value from the environment: text that stands for whatever kind the key has."""

    __slots__ = ()


def build(kind: type[Any], tree: Mapping[str, Any], where: str, mistakes: list[str]) -> Any:
    hints = get_type_hints(kind)
    known = {f.name for f in fields(kind)}
    values: dict[str, Any] = {}
    for key, value in tree.items():
        name = f"{where}{key}"
        if key not in known:
            mistakes.append(f"unknown setting {name}; known here: {', '.join(sorted(known))}")
        elif is_dataclass(hints[key]):
            if isinstance(value, dict):
                values[key] = build(hints[key], value, f"{name}.", mistakes)
            else:
                mistakes.append(f"{name} is a section, not a value")
        else:
            try:
                values[key] = _value(hints[key], value)
            except ValueError:
                mistakes.append(f"{name} must be {_describe(hints[key])}, not {value!r}")
    return kind(**values)


def _value(kind: Any, value: Any) -> Any:
    if isinstance(value, _Text):
        value = _parse(kind, str(value))
    origin = get_origin(kind)
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise ValueError
        return tuple(_value(get_args(kind)[0], v) for v in value)
    if origin is not None and issubclass(origin, Mapping):
        if not isinstance(value, dict):
            raise ValueError
        return {k: _value(get_args(kind)[1], v) for k, v in value.items()}
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
        return [_Text(part.strip()) for part in text.split(",") if part.strip()]
    return text


def _describe(kind: Any) -> str:
    names = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}
    if kind in names:
        return names[kind]
    if get_origin(kind) is tuple:
        return "a list of texts" if get_args(kind)[0] is str else "a list of whole numbers"
    return "a table of numbers by label" if get_args(kind)[1] is float else "a table of texts"
