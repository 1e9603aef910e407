"""The order of floors, held as tests. A failure names the file and the import."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "engagement"

# room → rooms it may import; a room may always import itself.
TOOLS = {"settings", "language", "markup", "domain", "engagement"}
MAY: dict[str, set[str]] = {
    "domain": set(),
    "settings": {"domain"},
    "language": {"domain"},
    "markup": {"domain"},
    "storage": TOOLS,
    "screening": TOOLS,
    "mail": TOOLS,
    "services": TOOLS | {"storage"},
    "jobs": TOOLS | {"services"},
    "worker": TOOLS | {"services", "jobs"},
    "web": TOOLS | {"services"},
    "cli": TOOLS | {"services"},
    "app": TOOLS | {"services", "storage", "screening", "mail", "web", "cli", "worker"},
    "console": TOOLS | {"services", "storage", "app", "cli", "worker"},
    "serving": TOOLS | {"app", "worker"},
}
OPTIONAL = {"sklearn", "scipy", "torch", "detoxify", "onnxruntime"}
UNCERTAIN = {"random", "secrets", "time", "uuid", "os"}
MOST_LINES, MOST_FUNCTION_LINES = 400, 60


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """(dotted name, line) of each import; ``from x import y`` gives ``x.y``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def wrong_arrows(room: str, source: str) -> list[str]:
    found = []
    for name, line in imported(ast.parse(source)):
        parts = name.split(".")
        if parts[0] != "engagement" or len(parts) < 2 or parts[1] == "__version__":
            continue
        if parts[1] != room and parts[1] not in MAY[room]:
            found.append(f"line {line} imports {name}")
    return found


def test_imports_go_down_only() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}: {arrow}"
        for path in modules()
        if path.name != "__init__.py" or path.parent != PACKAGE
        for arrow in wrong_arrows(room_of(path), path.read_text("utf-8"))
    ]
    assert wrong == []


def test_a_wrong_arrow_is_found() -> None:
    assert wrong_arrows("web", "from engagement.storage import db") == ["line 1 imports engagement.storage.db"]
    assert wrong_arrows("domain", "import engagement.settings") == ["line 1 imports engagement.settings"]
    assert wrong_arrows("services", "from engagement.storage import db") == []


def test_the_domain_is_pure() -> None:
    wrong = []
    for path in (PACKAGE / "domain").rglob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        for name, line in imported(tree):
            top = name.split(".")[0]
            if top != "engagement" and (top not in sys.stdlib_module_names or top in UNCERTAIN):
                wrong.append(f"{path.name}:{line} imports {name}")
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr in {"now", "utcnow", "today"}:
                wrong.append(f"{path.name}:{node.lineno} asks a clock")
    assert wrong == []


def test_all_imports_stand_at_the_top() -> None:
    wrong = []
    for path in modules():
        tree = ast.parse(path.read_text("utf-8"))
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef):
                wrong += [
                    f"{path.relative_to(ROOT)}:{line} imports {name} inside {function.name}"
                    for name, line in imported(function)
                    if name.split(".")[0] not in OPTIONAL
                ]
    assert wrong == []


def test_there_are_no_circles() -> None:
    graph: dict[str, set[str]] = {}
    names = {".".join(p.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): p for p in modules()}
    for name, path in names.items():
        wanted = {n for n, _ in imported(ast.parse(path.read_text("utf-8")))}
        graph[name] = {n if n in names else n.rpartition(".")[0] for n in wanted} & names.keys() - {name}
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " → ".join((*trail, name))
        if name not in done:
            for other in sorted(graph[name]):
                visit(other, (*trail, name))
            done.add(name)

    for name in sorted(graph):
        visit(name, ())


def test_files_and_functions_stay_short() -> None:
    long = []
    for path in modules():
        text = path.read_text("utf-8")
        if text.count("\n") > MOST_LINES:
            long.append(f"{path.relative_to(ROOT)} has {text.count(chr(10))} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef) and node.end_lineno:
                size = node.end_lineno - node.lineno + 1
                if size > MOST_FUNCTION_LINES:
                    long.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name} has {size} lines")
    assert long == []
