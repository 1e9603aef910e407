"""Fetching from a real HTTP server that behaves well, badly, and worse."""

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from engagement.app import Models
from engagement.cli.model import model as model_command
from engagement.screening.disguises.variants import VARIANTS, Variant
from engagement.screening.weights import checksums, fetching
from engagement.screening.weights.fetching import FetchFailed
from engagement.settings import load
from tests.screening import tiny

WEIGHTS = bytes(range(256)) * 4000  # about a megabyte
SHA256 = hashlib.sha256(WEIGHTS).hexdigest()
VARIANT = Variant("tiny", f"v1/tiny-{SHA256[:8]}.ckpt", "nobody/tiny", ("it",))
FILE = VARIANT.file


class Server(ThreadingHTTPServer):
    """Files by path. ``cuts``: how many bytes each coming answer is cut after."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = {f"/{FILE}": WEIGHTS, "/config.json": b'{"model_type": "tiny"}', "/tokenizer.json": b"{}"}
        self.ranges = True
        self.validator: dict[str, str] = {"ETag": '"one"'}
        self.cuts: list[int] = []
        self.failures: list[int] = []  # statuses of the coming answers
        self.redirects: dict[str, str] = {}
        self.told_length = True
        self.asked: list[tuple[str, str | None]] = []  # path, Range

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        given = self.headers.get("Range")
        self.server.asked.append((self.path, given))
        if self.server.failures and self.path == f"/{FILE}":
            self.send_error(self.server.failures.pop(0))
        elif self.path in self.server.redirects:
            self.send_response(302)
            self.send_header("Location", self.server.redirects[self.path])
            self.end_headers()
        elif self.path in self.server.files:
            self.answer(self.server.files[self.path], given)
        else:
            self.send_error(404)

    def answer(self, content: bytes, given: str | None) -> None:
        start = 0
        if given and self.server.ranges and self.headers.get("If-Range") in self.server.validator.values():
            start = int(given.removeprefix("bytes=").removesuffix("-"))
            if start >= len(content):
                self.send_error(416)
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        else:
            self.send_response(200)
        for name, value in self.server.validator.items():
            self.send_header(name, value)
        if self.server.told_length:
            self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        cut = self.server.cuts.pop(0) if self.server.cuts and self.path == f"/{FILE}" else None
        self.wfile.write(content[start : start + cut] if cut is not None else content[start:])

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "127.0.0.1,localhost")
    with Server() as made:
        thread = threading.Thread(target=made.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def fetch(server: Server, folder: Path, **more: Any) -> dict[str, str]:
    return fetching.fetch(VARIANT, folder, mirror=server.url, pause=lambda _: None, **more)


def ranges(server: Server) -> list[str | None]:
    return [given for path, given in server.asked if path == f"/{FILE}"]


def test_all_files_come_with_their_checksums(server: Server, tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    sums = fetch(server, tmp_path, progress=lambda *step: seen.append(step))
    assert sums[FILE] == SHA256
    assert (tmp_path / FILE).read_bytes() == WEIGHTS
    assert checksums.read_sums(tmp_path) == sums
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        [FILE, "SHA256SUMS", "config.json", "tokenizer.json"]
    )
    assert seen[-1] == (FILE, len(WEIGHTS), len(WEIGHTS))
    assert [done for name, done, _ in seen if name == FILE] == sorted(done for name, done, _ in seen if name == FILE)


def test_what_is_there_and_right_is_not_fetched_again(server: Server, tmp_path: Path) -> None:
    fetch(server, tmp_path)
    server.asked.clear()
    fetch(server, tmp_path)
    assert server.asked == []


def test_a_cut_connection_is_taken_up_where_it_was_cut(server: Server, tmp_path: Path) -> None:
    server.cuts = [300_000, 200_000]
    fetch(server, tmp_path)
    assert (tmp_path / FILE).read_bytes() == WEIGHTS
    assert ranges(server) == [None, "bytes=300000-", "bytes=500000-"]


def test_a_later_run_takes_up_what_an_earlier_one_left(server: Server, tmp_path: Path) -> None:
    server.cuts = [300_000, 0, 0, 0, 0, 0]
    with pytest.raises(FetchFailed, match=r"cut.* run the command again"):
        fetch(server, tmp_path)
    assert not (tmp_path / FILE).exists()
    server.asked.clear()
    fetch(server, tmp_path)
    assert ranges(server) == ["bytes=300000-"]


@pytest.mark.parametrize(
    "validator",
    [
        {"Last-Modified": "Tue, 24 Nov 2026 10:00:00 GMT"},
        {"ETag": 'W/"weak"', "Last-Modified": "Tue, 24 Nov 2026 10:00:00 GMT"},
    ],
)
def test_a_date_serves_where_there_is_no_strong_etag(server: Server, tmp_path: Path, validator: dict[str, str]) -> None:
    server.validator, server.cuts = validator, [1000]
    fetch(server, tmp_path)
    assert ranges(server) == [None, "bytes=1000-"]


def test_a_file_that_changed_meanwhile_is_begun_anew(server: Server, tmp_path: Path) -> None:
    server.cuts = [300_000, 0, 0, 0, 0, 0]
    server.files[f"/{FILE}"] = b"old" * 200_000
    with pytest.raises(FetchFailed):
        fetch(server, tmp_path)
    server.files[f"/{FILE}"], server.validator = WEIGHTS, {"ETag": '"two"'}
    fetch(server, tmp_path)
    assert (tmp_path / FILE).read_bytes() == WEIGHTS


@pytest.mark.parametrize("validator", [{}, {"ETag": '"one"'}])
def test_a_server_without_ranges_is_asked_for_all_of_it(
    server: Server, tmp_path: Path, validator: dict[str, str]
) -> None:
    server.ranges, server.validator, server.cuts = False, validator, [300_000]
    fetch(server, tmp_path)
    assert (tmp_path / FILE).read_bytes() == WEIGHTS


def test_a_part_that_is_longer_than_the_file_is_begun_anew(server: Server, tmp_path: Path) -> None:
    fetch(server, tmp_path)
    (tmp_path / FILE).rename(tmp_path / f"{FILE}.part")
    (tmp_path / f"{FILE}.part.json").write_text(json.dumps({"url": f"{server.url}/{FILE}", "validator": '"one"'}))
    server.asked.clear()
    fetch(server, tmp_path)
    assert ranges(server) == [f"bytes={len(WEIGHTS)}-", None]


def test_an_answer_without_a_length_is_judged_by_its_checksum(server: Server, tmp_path: Path) -> None:
    server.told_length = False
    fetch(server, tmp_path)
    (tmp_path / FILE).unlink()
    server.cuts = [5000]
    with pytest.raises(FetchFailed, match="not the file that was wanted"):
        fetch(server, tmp_path)
    assert not (tmp_path / FILE).exists()


def test_wrong_bytes_are_thrown_away(server: Server, tmp_path: Path) -> None:
    server.files[f"/{FILE}"] = WEIGHTS[::-1]
    with pytest.raises(FetchFailed, match=f"is not the file that was wanted.*not {SHA256[:8]}"):
        fetch(server, tmp_path)
    assert [path.name for path in tmp_path.iterdir() if FILE in path.name] == []
    server.files[f"/{FILE}"] = WEIGHTS
    fetch(server, tmp_path)


def test_the_first_checksum_holds_for_files_of_which_none_is_published(server: Server, tmp_path: Path) -> None:
    fetch(server, tmp_path)
    (tmp_path / "tokenizer.json").unlink()
    server.files["/tokenizer.json"] = b'{"another": 1}'
    with pytest.raises(FetchFailed, match=r"tokenizer\.json is not the file that was wanted"):
        fetch(server, tmp_path)


def test_a_checksum_given_by_a_person_counts_for_more_than_the_name(server: Server, tmp_path: Path) -> None:
    server.files[f"/{FILE}"] = b"retrained"
    given = hashlib.sha256(b"retrained").hexdigest()
    assert fetch(server, tmp_path, sha256=given.upper())[FILE] == given
    with pytest.raises(FetchFailed, match=f"not {SHA256}"):
        fetch(server, tmp_path, sha256=SHA256)
    with pytest.raises(ValueError, match="64 hex digits"):
        fetch(server, tmp_path, sha256="abc")


def test_a_page_instead_of_a_tokenizer_is_no_tokenizer(server: Server, tmp_path: Path) -> None:
    server.files["/tokenizer.json"] = b"<html>Please log in</html>"
    with pytest.raises(FetchFailed, match="no JSON object"):
        fetch(server, tmp_path)
    assert not (tmp_path / "tokenizer.json").exists()


def test_redirects_are_followed_and_keep_the_range(server: Server, tmp_path: Path) -> None:
    server.files["/elsewhere"] = server.files.pop(f"/{FILE}")
    server.redirects[f"/{FILE}"] = f"{server.url}/elsewhere"
    fetch(server, tmp_path)
    assert (tmp_path / FILE).read_bytes() == WEIGHTS


@pytest.mark.parametrize("target", ["ftp://127.0.0.1/x", "file:///etc/hostname"])
def test_a_redirect_to_something_else_than_http_is_refused(server: Server, tmp_path: Path, target: str) -> None:
    server.redirects[f"/{FILE}"] = target
    with pytest.raises(FetchFailed):
        fetch(server, tmp_path)


def test_a_redirect_never_leaves_encryption() -> None:
    handler = fetching._NeverDowngraded()
    request = fetching.Request("https://blog.example/x")
    with pytest.raises(FetchFailed, match="not encrypted"):
        handler.redirect_request(request, None, 302, "Found", {}, "http://blog.example/x")  # type: ignore[arg-type]


def test_an_address_that_is_not_http_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FetchFailed, match="neither an http nor an https address"):
        fetching.fetch(VARIANT, tmp_path, mirror="file:///etc")


def test_a_file_that_is_not_there_is_not_asked_for_twice(server: Server, tmp_path: Path) -> None:
    del server.files[f"/{FILE}"]
    with pytest.raises(FetchFailed, match="answers 404"):
        fetch(server, tmp_path)
    assert len(ranges(server)) == 1


def test_a_server_in_trouble_is_asked_again_after_a_pause(server: Server, tmp_path: Path) -> None:
    server.failures = [503, 502]
    pauses: list[float] = []
    fetching.fetch(VARIANT, tmp_path, mirror=server.url, pause=pauses.append)
    assert pauses == [2, 4]
    server.failures = [500] * 9
    (tmp_path / FILE).unlink()
    with pytest.raises(FetchFailed, match="the server answers 500"):
        fetch(server, tmp_path)


def test_nobody_listening_is_a_sentence(server: Server, tmp_path: Path) -> None:
    with pytest.raises(FetchFailed, match="cannot be fetched"):
        fetching.fetch(VARIANT, tmp_path, mirror="http://127.0.0.1:9", pause=lambda _: None)


def test_a_proxy_of_the_environment_is_used(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", server.url)
    monkeypatch.setenv("no_proxy", "")
    server.files |= {f"http://models.example/{name.strip('/')}": content for name, content in server.files.items()}
    fetching.fetch(VARIANT, tmp_path, mirror="http://models.example/", pause=lambda _: None)
    assert {path for path, _ in server.asked} == {
        f"http://models.example/{n}" for n in (FILE, "config.json", "tokenizer.json")
    }


@pytest.mark.parametrize("variant", VARIANTS.values(), ids=lambda each: each.name)
def test_every_release_is_pinned_by_its_name_and_fetched_over_https(variant: Variant) -> None:
    assert len(checksums.expected(Path("nowhere") / variant.file)) == 8
    assert all(address.startswith("https://") for address in variant.addresses().values())


def test_releases_are_those_of_the_installed_package() -> None:
    tiny.need("torch", "transformers", "detoxify")
    from detoxify.detoxify import MODEL_URLS

    assert {name: each.addresses()[each.file] for name, each in VARIANTS.items()} == MODEL_URLS


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    monkeypatch.setattr(fetching.time, "sleep", lambda _: None)
    settings = load(environ={"ENGAGEMENT_SCREENING__WEIGHTS": str(tmp_path)})
    return lambda *arguments: CliRunner().invoke(model_command, arguments, obj=Models(settings))


def test_the_command_prints_checksums_that_sha256sum_understands(
    server: Server, tmp_path: Path, command: Callable[..., Any]
) -> None:
    server.files[f"/{VARIANTS['original'].file}"] = b"weights"
    given = hashlib.sha256(b"weights").hexdigest()
    ran = command("fetch", "--variant", "original", "--mirror", server.url, "--sha256", given)
    assert ran.exit_code == 0, ran.output
    assert f"{given}  {tmp_path / 'detoxify-original' / VARIANTS['original'].file}" in ran.stdout.splitlines()


def test_the_command_refuses_in_one_sentence(server: Server, command: Callable[..., Any]) -> None:
    for arguments in (("--variant", "colossal"), ("--mirror", f"{server.url}/nowhere")):
        ran = command("fetch", *arguments)
        assert ran.exit_code == 1
        assert len(ran.stderr.strip().splitlines()) == 1
