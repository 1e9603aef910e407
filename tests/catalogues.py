"""Every sentence that code or a template marks for translation."""

import ast
import re
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent / "engagement"
_IN_TEMPLATE = re.compile(r"""\b_\(\s*"((?:[^"\\]|\\.)*)\"""")


def marked() -> set[str]:
    """The msgids of ``N_("…")`` in Python and ``_("…")`` in templates."""
    found: set[str] = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "N_":
                found.add(ast.literal_eval(node.args[0]))
    for path in [*PACKAGE.rglob("*.html"), *PACKAGE.rglob("*.txt")]:
        found.update(_IN_TEMPLATE.findall(path.read_text("utf-8")))
    return found
