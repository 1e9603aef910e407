"""A second start keeps the data; a database of another version is refused, with the command that helps."""

import os
import shlex
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask_migrate import upgrade

from engagement.storage.schema import migrations, newest
from tests.faults.service import PAGE, SITE, Service, inside, service, with_site
from tests.mail.servers import free_port

pytestmark = pytest.mark.faults


def thread(made: Service) -> list[str]:
    status, answer = made.ask("GET", f"/api/v1/sites/{SITE}/comments?page_url={PAGE}")
    assert status == 200
    return [one["body_html"] for one in answer["comments"]]


def stop(made: Service) -> None:
    made.started[-1].process.terminate()
    assert made.started[-1].ended() == 0


def helped(made: Service, refusal: str) -> None:
    """Type the command that the refusal names, as an operator would."""
    said = refusal.splitlines()[-1]
    assert said.startswith("  engagement "), refusal
    made.call(*shlex.split(said)[3:])


def version(url: str) -> str | None:
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        found: str | None = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
    engine.dispose()
    return found


def set_version(url: str, version: str) -> None:
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = :version"), {"version": version})
    engine.dispose()


def test_a_second_start_keeps_the_data(fresh_url: str, tmp_path: Path) -> None:
    with service(tmp_path, fresh_url) as made:
        made.serve()
        made.call("site", "add", SITE, "--origin", "https://blog.example")
        assert made.post("Detto alla prima accensione.")[0] == 201
        stop(made)
        made.serve()
        assert made.post("Detto alla seconda accensione.")[0] == 201
        assert thread(made) == ["<p>Detto alla prima accensione.</p>", "<p>Detto alla seconda accensione.</p>"]
        stop(made)


def test_a_second_start_of_the_demo_adds_nothing(fresh_sqlite: str, tmp_path: Path) -> None:
    counts = []
    with service(tmp_path, fresh_sqlite, server__demo=True) as made:
        made.configure(server__public_url=f"http://127.0.0.1:{made.port}")
        for _ in range(2):
            made.serve()
            page = f"{made.settings['server__public_url']}/demo/"
            counts.append(made.ask("GET", f"/api/v1/sites/demo/comments?page_url={page}")[1]["count"])
            stop(made)
    assert counts[0] == counts[1] > 0


@pytest.mark.parametrize(
    ("revision", "lack"), [(None, "the database has no tables yet"), ("0001", "the database has an older schema")]
)
def test_a_schema_that_is_behind_is_refused_with_the_command_that_helps(
    fresh_url: str, tmp_path: Path, revision: str | None, lack: str
) -> None:
    with service(tmp_path, fresh_url) as made:
        if revision:
            with inside(made):
                upgrade(directory=str(migrations()), revision=revision)
        for word in ("web", "worker"):
            refusal = made.call(word, expect=1)
            assert lack in refusal
            assert "Traceback" not in refusal
        helped(made, refusal)
        with_site(made).serve("web")
        assert made.post("Eccoci.")[0] == 201


def test_a_command_that_finds_no_tables_is_refused_with_the_command_that_helps(fresh_url: str, tmp_path: Path) -> None:
    with service(tmp_path, fresh_url) as made:
        refusal = made.call("site", "list", expect=1)
        assert refusal.startswith("Error: the database has no tables yet")
        helped(made, refusal)
        assert made.call("site", "list") == ""


def test_run_brings_an_older_schema_up_to_date(fresh_sqlite: str, tmp_path: Path) -> None:
    with service(tmp_path, fresh_sqlite) as made:
        with inside(made):
            upgrade(directory=str(migrations()), revision="0001")
        made.serve("run")
        stop(made)
    assert version(fresh_sqlite) == newest()


@pytest.mark.parametrize("words", ["run", "web", "worker", "db upgrade"])
def test_a_newer_schema_is_refused_and_left_alone(fresh_sqlite: str, tmp_path: Path, words: str) -> None:
    with service(tmp_path, fresh_sqlite) as made:
        with_site(made)
        set_version(fresh_sqlite, "9999")
        refusal = made.call(*words.split(), expect=1)
        assert f"the schema '9999', of a newer version; this one knows up to '{newest()}'" in refusal
        assert "engagement --version" in refusal
        assert "Traceback" not in refusal
        set_version(fresh_sqlite, newest())
        made.serve("web")


@pytest.mark.parametrize("words", ["run", "web", "worker", "site list --json", "forget nessuno@lettori.example --yes"])
def test_a_database_that_does_not_answer_is_said_in_a_sentence(tmp_path: Path, words: str) -> None:
    with service(tmp_path, f"postgresql+psycopg://nobody@127.0.0.1:{free_port()}/nothing") as made:
        refusal = made.call(*words.split(), expect=1)
    assert "the database does not answer: " in refusal
    assert "Traceback" not in refusal


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_log_that_cannot_be_written_costs_no_request(fresh_sqlite: str, tmp_path: Path) -> None:
    with service(tmp_path, fresh_sqlite) as made:
        with_site(made).serve("run", log="/dev/full")
        for number in range(3):
            assert made.post(f"Detto ai sordi, {number}.")[0] == 201
        assert made.ask("GET", "/api/v1/sites/nessuno/comments?page_url=x")[0] == 404
        assert len(thread(made)) == 3
        stop(made)


def test_serving_processes_share_no_connection_to_the_database(fresh_postgres: str, tmp_path: Path) -> None:
    """The supervisor has asked the database before it forks: what it opened must not be used by two."""
    with service(tmp_path, fresh_postgres, server__demo=True, server__workers=2) as made:
        made.configure(server__public_url=f"http://127.0.0.1:{made.port}")
        running = made.serve("run")
        for number in range(20):
            path = f"/api/v1/sites/demo/comments?page_url=http://127.0.0.1:{made.port}/demo/&after={number}"
            assert made.ask("GET", path)[0] in {200, 422}
        held = [_sockets(pid, sa.make_url(fresh_postgres).port or 5432) for pid in running.members()]
        assert len(held) == 3
        assert len(set().union(*held)) == sum(len(one) for one in held) > 0
        stop(made)


def _sockets(pid: int, port: int) -> set[str]:
    """The sockets of a process that lead to a port, as inodes."""
    mine = {os.readlink(one) for one in Path(f"/proc/{pid}/fd").iterdir() if one.is_symlink()}
    lines = [
        line.split() for table in ("tcp", "tcp6") for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()
    ]
    return {f"socket:[{one[9]}]" for one in lines if one[2].endswith(f":{port:04X}")} & mine


@pytest.mark.parametrize("words", ["site list", "import native FILE"])
def test_a_command_before_the_first_upgrade_names_the_one_that_helps(
    fresh_url: str, tmp_path: Path, words: str
) -> None:
    file = tmp_path / "export.jsonl"
    file.touch()
    with service(tmp_path, fresh_url) as made:
        refusal = made.call(*words.replace("FILE", str(file)).split(), expect=1)
        assert "the database has no tables yet" in refusal
        assert "Traceback" not in refusal
        helped(made, refusal)
        assert made.call("site", "list", "--json") == "[]\n"


@pytest.mark.parametrize("port", ["0", "²"])
def test_a_port_that_is_none_is_refused(
    fresh_sqlite: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, port: str
) -> None:
    monkeypatch.setenv("PORT", port)
    with service(tmp_path, fresh_sqlite) as made:
        refusal = made.call("run", expect=1)
    assert refusal == f"Error: PORT must be a port, 1 to 65535, not {port!r}\n"
