"""What is installed: pinned with hashes, listed with its licence, and under licences that an MIT project can pass on."""

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
LOCKS = [ROOT / "requirements/base.txt", ROOT / "requirements/dev.txt"]
# Weak copyleft is fine for a library that is installed beside us and not changed.
FREE = re.compile(
    r"MIT|BSD|Apache|ISC|PSF|Python Software Foundation|MPL|Mozilla|Unlicense|0BSD|Zlib|LGPL", re.IGNORECASE
)


@pytest.fixture(scope="module")
def sbom() -> ModuleType:
    spec = importlib.util.spec_from_file_location("sbom", ROOT / ".ci/sbom.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_pinned_package_has_the_hashes_of_its_files(lock: Path) -> None:
    entries = re.split(r"^(?=[a-zA-Z0-9])", lock.read_text("utf-8"), flags=re.MULTILINE)[1:]
    assert len(entries) > 30
    for entry in entries:
        assert re.match(r"[A-Za-z0-9._-]+==\S+", entry), entry
        assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", entry), entry


def test_locks_are_installed_with_their_hashes_or_not_at_all() -> None:
    lines = [line for line in (ROOT / "Makefile").read_text("utf-8").splitlines() if "-r requirements/" in line]
    assert len(lines) == 2
    assert all("--require-hashes" in line for line in lines)


def test_another_file_than_the_pinned_one_is_not_installed(tmp_path: Path) -> None:
    """What pip does with our kind of lock, tried on a package of the test's own."""
    project = tmp_path / "innocent-1.0"
    project.mkdir()
    (project / "setup.py").write_text("raise SystemExit('this ran')")
    subprocess.run(["tar", "-czf", "innocent-1.0.tar.gz", "innocent-1.0"], cwd=tmp_path, check=True)
    lock = tmp_path / "lock.txt"
    lock.write_text(f"innocent==1.0 \\\n    --hash=sha256:{'0' * 64}\n")
    command = [sys.executable, "-m", "pip", "install", "--no-index", "--find-links", str(tmp_path), "--require-hashes"]
    done = subprocess.run(
        [*command, "--target", str(tmp_path / "there"), "-r", str(lock)], capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "DO NOT MATCH THE HASHES" in done.stderr
    assert "this ran" not in done.stdout + done.stderr


def test_the_bill_lists_what_the_lock_pins_each_with_a_licence_that_can_be_passed_on(sbom: ModuleType) -> None:
    bill: dict[str, Any] = sbom.bill(LOCKS[0])
    pinned = dict(re.findall(r"^([A-Za-z0-9._-]+)==(\S+)", LOCKS[0].read_text("utf-8"), re.MULTILINE))
    assert {one["name"]: one["version"] for one in bill["components"]} == pinned
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    for one in bill["components"]:
        said = json.dumps(one["licenses"])
        assert FREE.search(said), (one["name"], said)
        assert not re.search(r"(?<!L)GPL", said), (one["name"], said)


def test_the_bill_is_not_written_for_another_installation(sbom: ModuleType, tmp_path: Path) -> None:
    lock = tmp_path / "lock.txt"
    for line in ("flask==0.1", "no-such-package-here==1.0"):
        lock.write_text(f"{line} \\\n    --hash=sha256:{'0' * 64}\n")
        with pytest.raises(LookupError):
            sbom.bill(lock)
