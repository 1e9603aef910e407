"""What an installation is made of, as CycloneDX 1.6: every package that the lock pins, with its licence.

    .venv/bin/python .ci/sbom.py [requirements/base.txt] > sbom.json

Licences are those that the installed packages name. The same lock gives the same bytes.
"""

import json
import re
import sys
from importlib.metadata import PackageMetadata, PackageNotFoundError, metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
_PINNED = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^ \\;]+)", re.MULTILINE)
_SHORT = 60  # a longer "License" is its whole text


def main() -> int:
    lock = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "requirements/base.txt"
    sys.stdout.write(json.dumps(bill(lock), indent=2, ensure_ascii=False) + "\n")
    return 0


def bill(lock: Path) -> dict[str, Any]:
    """The document for a lock. Raises ``LookupError`` where another version of a package is installed, or none."""
    version = re.search(r'__version__ = "([^"]+)"', (ROOT / "engagement/__init__.py").read_text("utf-8"))
    ours = {"type": "application", "name": "engagement", "version": version[1] if version else "0"}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": ours | {"licenses": [{"expression": "MIT"}]}},
        "components": [_component(name, pinned) for name, pinned in sorted(_PINNED.findall(lock.read_text("utf-8")))],
    }


def _component(name: str, pinned: str) -> dict[str, Any]:
    try:
        found = metadata(name)
    except PackageNotFoundError as error:
        raise LookupError(f"{name} is not installed") from error
    if found["Version"] != pinned:
        raise LookupError(f"{name} {found['Version']} is installed, and the lock pins {pinned}")
    return {
        "type": "library",
        "name": name,
        "version": pinned,
        "purl": f"pkg:pypi/{name}@{pinned}",
        "licenses": _licences(found),
    }


def _licences(found: PackageMetadata) -> list[dict[str, Any]]:
    """The SPDX expression; else the classifiers; else what stands under "License"."""
    if expression := found.get("License-Expression"):
        return [{"expression": expression}]
    classes = [c.rpartition(" :: ")[2] for c in found.get_all("Classifier") or () if c.startswith("License :: ")]
    named = [c for c in classes if c != "OSI Approved"]
    text = (found.get("License") or "").strip()
    if not named and text and len(text) <= _SHORT:
        named = [text]
    return [{"license": {"name": name}} for name in named]


if __name__ == "__main__":
    sys.exit(main())
