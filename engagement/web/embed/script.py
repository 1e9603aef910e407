"""The widget's script: its parts in their order, its look and its words, put together once."""

import base64
import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from engagement.language import LANGUAGES

_HERE = Path(__file__).parent
PARTS = ("tools", "work", "widget", "thread", "entry", "form", "counts", "start")
_WHOLE = """(()=>{
"use strict";
if(window.engagementEmbed)return;
const WORDS=%(words)s;
const STYLE=%(look)s;
%(parts)s
})();
"""


@dataclass(frozen=True)
class Script:
    """``name`` holds a hash of ``text``: another text has another name. ``integrity`` is for the ``script`` element."""

    text: bytes
    name: str
    integrity: str


@lru_cache(maxsize=1)
def script() -> Script:
    """The script as browsers get it."""
    text = _assembled().encode()
    digest = hashlib.sha384(text).digest()
    return Script(text, f"embed.{digest.hex()[:16]}.js", f"sha384-{base64.b64encode(digest).decode()}")


def words(language: str) -> dict[str, str]:
    """What the widget says, by name."""
    known: dict[str, str] = json.loads((_HERE / "words" / f"{language}.json").read_text("utf-8"))
    return known


def _assembled() -> str:
    said = {language: words(language) for language in LANGUAGES}
    look = _lean(_part("look.css"), join="")
    parts = "\n".join(_lean(_part(f"{name}.js")) for name in PARTS)
    return _WHOLE % {"words": _js(said), "look": _js(look), "parts": parts}


def _js(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _part(name: str) -> str:
    return (_HERE / "parts" / name).read_text("utf-8")


def _lean(text: str, join: str = "\n") -> str:
    """Without indentation and the lines that are comments; nothing else is touched."""
    kept, inside = [], False
    for line in (line.strip() for line in text.splitlines()):
        if inside or line.startswith("/*"):
            inside = not line.endswith("*/")
        elif line and not line.startswith("//"):
            kept.append(line)
    return join.join(kept)
