"""The rules of the house as functions over source text: each gives back what is wrong, in words."""

import ast
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "engagement"

DOMAIN = {"domain"}
TOOLS = {"settings", "language", "markup", "logs", "stopping"}
EQUIPMENT = {"storage", "screening", "mail", "contacts", "archives", "purge"}
DOORS = {"web", "cli", "worker", "jobs"}
TOP = {"app", "console", "serving", "analyzing"}

# room → rooms it may import; a room may always import itself, and rooms on one floor do not know each other.
MAY: dict[str, set[str]] = {
    "domain": set(),
    **dict.fromkeys(TOOLS, DOMAIN),
    "settings": DOMAIN,
    **dict.fromkeys(EQUIPMENT, DOMAIN | TOOLS),
    "services": DOMAIN | TOOLS | {"storage", "archives"},  # the other equipment is handed in, behind a Protocol
    **dict.fromkeys(DOORS, DOMAIN | TOOLS | {"services"}),
    "worker": DOMAIN | TOOLS | {"services", "jobs"},  # the start of the jobs
    "app": DOMAIN | TOOLS | EQUIPMENT | DOORS | {"services"},
    "console": DOMAIN | TOOLS | EQUIPMENT | DOORS | {"services", "app"},
    "stopping": set(),  # the standard library alone
    "serving": DOMAIN | TOOLS | DOORS | {"services", "app", "stopping"},
    "analyzing": DOMAIN | TOOLS | {"app", "stopping"},
}
_LARGE_MODELS = {"torch", "transformers", "tokenizers", "detoxify", "onnx", "onnxruntime"}
OPTIONAL = _LARGE_MODELS | {"redis", "sklearn", "scipy", "gunicorn", "playwright"}
UNCERTAIN = {"random", "secrets", "time", "uuid", "os"}
CLOCKS = {"now", "utcnow", "today"}
MOST_LINES, MOST_FUNCTION_LINES = 400, 60


def sources() -> dict[str, str]:
    """Path from the root → text, of every module of the package and of ``wsgi.py``."""
    paths = [*sorted(PACKAGE.rglob("*.py")), ROOT / "wsgi.py"]
    return {path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in paths}


def room_of(path: str) -> str:
    """``engagement/web/api/comments.py`` → ``web``; "" for the package's own ``__init__.py`` and for ``wsgi.py``."""
    parts = path.removesuffix(".py").split("/")
    return parts[1] if parts[0] == "engagement" and parts[1:] != ["__init__"] else ""


def module_of(path: str) -> str:
    return path.removesuffix(".py").replace("/", ".").removesuffix(".__init__")


def imports(node: ast.AST, path: str) -> Iterator[tuple[str, int]]:
    """(dotted name, line) of each import below ``node``; ``from x import y`` gives ``x.y``, dots are followed."""
    package = module_of(path).split(".")
    if not path.endswith("/__init__.py"):
        package = package[:-1]
    for found in ast.walk(node):
        if isinstance(found, ast.Import):
            yield from ((alias.name, found.lineno) for alias in found.names)
        elif isinstance(found, ast.ImportFrom):
            above = package[: len(package) - found.level + 1] if found.level else []
            start = ".".join([*above, *([found.module] if found.module else [])])
            yield from ((f"{start}.{alias.name}", found.lineno) for alias in found.names)


def wrong_arrows(path: str, source: str) -> list[str]:
    """Imports of a room that this room may not know. A room that no floor names is wrong itself."""
    room = room_of(path)
    if path == "wsgi.py":
        allowed = {"app", "logs"}
    elif not room:
        allowed = set()
    elif room in MAY:
        allowed = MAY[room] | {room}
    else:
        return [f"{path} stands on no floor: give the room {room} its arrows in tests/architecture.py"]
    return [
        f"{path}:{line} imports {name}"
        for name, line in imports(ast.parse(source), path)
        if _house_room(name) not in {None, *allowed}
    ]


def impurities(path: str, source: str) -> list[str]:
    """What the domain may not meet: other people's packages, a clock, randomness."""
    tree = ast.parse(source)
    wrong = []
    for name, line in imports(tree, path):
        top = name.split(".")[0]
        if top != "engagement" and (top not in sys.stdlib_module_names or top in UNCERTAIN):
            wrong.append(f"{path}:{line} imports {name}")
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in CLOCKS:
            wrong.append(f"{path}:{node.lineno} asks a clock: {ast.unparse(node)}")
    return wrong


def hidden_imports(path: str, source: str) -> list[str]:
    """Imports anywhere but at the top of the file, save those of optional heavy packages."""
    tree = ast.parse(source)
    top = {id(node) for node in tree.body}
    return [
        f"{path}:{line} imports {name} below the top of the file"
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom) and id(node) not in top
        for name, line in imports(node, path)
        if name.split(".")[0] not in OPTIONAL
    ]


def circles(modules: Mapping[str, str]) -> list[str]:
    """Each circle of modules that import one another, as a path that comes back to its start."""
    names = {module_of(path) for path in modules}
    graph = {}
    for path, source in modules.items():
        wanted = {name for name, _ in imports(ast.parse(source), path)}
        graph[module_of(path)] = {n if n in names else n.rpartition(".")[0] for n in wanted} & names - {module_of(path)}
    found: list[str] = []
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        if name in trail:
            found.append(" → ".join((*trail[trail.index(name) :], name)))
        elif name not in done:
            for other in sorted(graph[name]):
                visit(other, (*trail, name))
            done.add(name)

    for name in sorted(graph):
        visit(name, ())
    return found


def too_long(path: str, source: str) -> list[str]:
    """Files and functions that nobody reads in one go."""
    wrong = []
    lines = len(source.splitlines())
    if lines > MOST_LINES:
        wrong.append(f"{path} has {lines} lines, over {MOST_LINES}")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            size = (node.end_lineno or node.lineno) - node.lineno + 1
            if size > MOST_FUNCTION_LINES:
                wrong.append(f"{path}:{node.lineno} {node.name} has {size} lines, over {MOST_FUNCTION_LINES}")
    return wrong


def _house_room(name: str) -> str | None:
    """The room that an import reaches; None for other people's packages and for the version."""
    parts = name.split(".")
    if parts[0] != "engagement" or parts[1:] == ["__version__"]:
        return None
    return parts[1] if len(parts) > 1 else "engagement"
