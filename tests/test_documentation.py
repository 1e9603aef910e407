"""What the documents promise is compared with what is there."""

import re
import shlex
import subprocess
import tomllib
from pathlib import Path

import click
import pytest

from engagement.console import commands

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
LOCKS = ("requirements/base.txt", "requirements/dev.txt")
# Put together here, so that this file does not mention them itself: machine paths, tools and registries of one maker.
NEVER = ("/wo" + "rk/", "sub" + "agent", "pypi" + ".org", "files.python" + "hosted")


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<>=!~; ]", requirement, maxsplit=1)[0].lower() for requirement in requirements}


def reasons() -> dict[str, dict[str, str]]:
    """Section of ``docs/dependencies.md`` → package → its reason."""
    found: dict[str, dict[str, str]] = {}
    text = (ROOT / "docs" / "dependencies.md").read_text("utf-8")
    for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        title = section.splitlines()[0].strip(" `")
        entries = re.findall(r"^- `([a-z0-9-]+)`: (.+(?:\n  .+)*)", section, flags=re.MULTILINE)
        found[title] = dict(entries)
        assert len(entries) == len(found[title]), f"a package stands twice under {title}"
    return found


def tracked_files() -> list[Path]:
    """The files of the checkout; from git, or all but what is made by tools where git does not answer."""
    try:
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
        return [path for name in listed.decode().split("\0") if name and (path := ROOT / name).is_file()]
    except (OSError, subprocess.CalledProcessError):
        made = {"var", "dist", "build", "node_modules", "__pycache__"}
        parts = ((path, path.relative_to(ROOT).parts) for path in ROOT.rglob("*") if path.is_file())
        return [
            p for p, names in parts if not made & set(names) and (not names[0].startswith(".") or names[0] == ".ci")
        ]


def mentions(text: str) -> list[str]:
    return [word for word in NEVER if word in text.lower()]


def test_every_direct_dependency_has_a_written_reason_and_no_other_has_one() -> None:
    wanted = {"base": names(PROJECT["dependencies"])}
    wanted |= {extra: names(listed) for extra, listed in PROJECT["optional-dependencies"].items()}
    assert {title: set(entries) for title, entries in reasons().items()} == wanted


def test_a_reason_is_a_sentence() -> None:
    short = [name for entries in reasons().values() for name, reason in entries.items() if len(reason.split()) < 6]
    assert short == []


def test_the_locks_pin_every_direct_dependency() -> None:
    base, dev = (set(re.findall(r"^([a-z0-9-]+)==", (ROOT / lock).read_text("utf-8"), re.MULTILINE)) for lock in LOCKS)
    assert names(PROJECT["dependencies"]) - base == set()
    extras = {name for listed in PROJECT["optional-dependencies"].values() for name in names(listed)}
    assert extras - dev == {"torch"}  # pinned in the Makefile, where the reason stands


def test_the_makefile_pins_the_torch_that_the_project_names() -> None:
    pinned = re.search(r"^TORCH \?= (.+)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert pinned is not None
    assert pinned[1] in PROJECT["optional-dependencies"]["detoxify"]


def test_no_lock_holds_what_only_one_index_serves() -> None:
    locked = "".join((ROOT / lock).read_text("utf-8") for lock in LOCKS)
    assert re.findall(r"^(?:torch|triton|nvidia-\S+|cuda-\S+)==.*|^.*://.*", locked, re.MULTILINE) == []


def test_the_locks_agree_with_each_other() -> None:
    base, dev = (dict(re.findall(r"^(\S+)==(\S+)", (ROOT / lock).read_text("utf-8"), re.MULTILINE)) for lock in LOCKS)
    assert {name: (base[name], dev.get(name)) for name in base if dev.get(name) != base[name]} == {}


@pytest.mark.parametrize("command", ["make run", "make test"])
def test_the_readme_names_the_commands_that_matter(command: str) -> None:
    assert command in (ROOT / "README.md").read_text("utf-8")


def test_make_help_explains_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = re.search(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    assert targets is not None
    assert set(targets[1].split()) == set(re.findall(r"^([a-z]+):.*## \w", makefile, re.MULTILINE))


def test_no_file_mentions_the_machine_it_was_written_on() -> None:
    found = []
    for path in tracked_files():
        content = path.read_bytes()
        if b"\0" in content[:8192]:
            continue
        found += [f"{path.relative_to(ROOT)} mentions {word}" for word in mentions(content.decode("utf-8", "replace"))]
    assert found == []


def test_a_mention_is_found() -> None:
    assert mentions("see " + NEVER[0] + "main and HTTPS://" + NEVER[2].upper()) == [NEVER[0], NEVER[2]]


def documents() -> list[Path]:
    return [path for path in tracked_files() if path.suffix == ".md"]


def typed(text: str) -> list[str]:
    """The ``engagement …`` commands of a document: in code, each to its end or to a comment beside it."""
    code = [
        *re.findall(r"`([^`\n]+)`", text),
        *(line for line in text.splitlines() if line.startswith(("engagement ", "    "))),
    ]
    return [found[1].strip() for part in code if (found := re.match(r"\s*(?:[A-Z_]+=\S+ )*engagement ([^#]+)", part))]


def mistakes_of(command: str) -> list[str]:
    """What of a command is not there: words until the command is found, then its options."""
    at: click.Command = commands
    wrong, words = [], shlex.split(command)
    while words:
        word = words.pop(0).strip("[]")
        if word.startswith("--"):
            known = {name for option in at.params for name in (*option.opts, *option.secondary_opts)}
            wrong += [] if word in known else [f"{command}: {word}"]
        elif isinstance(at, click.Group) and at is commands and word.endswith(".toml"):
            continue  # the value of --config
        elif isinstance(at, click.Group):
            several = [at.commands.get(one) for one in word.split("|")]
            wrong += [f"{command}: {word}"] * several.count(None)
            at = several[0] or at
            if several[0] is None:
                break
    return wrong


def test_every_command_in_the_documents_is_there_with_its_options() -> None:
    found = [command for document in documents() for command in typed(document.read_text("utf-8"))]
    assert len(found) > 40
    assert [wrong for command in found for wrong in mistakes_of(command)] == []


@pytest.mark.parametrize("command", ["site sing", "site set KEY --sing", "model fetch|sing", "sing --loud"])
def test_a_command_that_is_not_there_is_found(command: str) -> None:
    assert mistakes_of(command) != []


def test_every_page_of_the_documents_is_named_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    assert [path.name for path in (ROOT / "docs").glob("*.md") if f"docs/{path.name}" not in readme] == []


def test_links_between_documents_lead_somewhere() -> None:
    broken = [
        f"{document.relative_to(ROOT)} → {target}"
        for document in documents()
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", document.read_text("utf-8"))
        if "://" not in target and not (document.parent / target).exists()
    ]
    assert broken == []
