"""Settings: every mistake is named, and the default file is the manual."""

import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

import pytest

from engagement.settings import Settings, SettingsError, default_file, load, secret_key


def test_the_default_file_holds_every_key_with_its_default() -> None:
    told = tomllib.loads(default_file().read_text("utf-8"))
    meant = asdict(Settings())
    assert {s: set(v) for s, v in told.items()} == {s: set(v) for s, v in meant.items()}
    assert load(environ={}) == Settings()


def test_every_key_has_a_sentence_beside_it() -> None:
    lines = [x for x in default_file().read_text("utf-8").splitlines() if "=" in x and not x.startswith("#")]
    assert [x for x in lines if "#" not in x] == []


def test_all_mistakes_are_named_at_once(tmp_path: Path) -> None:
    file = tmp_path / "bad.toml"
    file.write_text('[mail]\ncolour = "red"\nport = "many"\n[server]\nworkers = true\n[nonsense]\na = 1\n')
    with pytest.raises(SettingsError) as caught:
        load(file, {"ENGAGEMENT_QUEUE__URL": "carrier-pigeon"})
    text = str(caught.value)
    for part in ("mail.colour", "mail.port", "server.workers", "nonsense", "queue.url"):
        assert part in text


def test_the_environment_wins_over_files(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("[server]\nport = 1\n")
    environ = {
        "ENGAGEMENT_CONFIG": str(file),
        "ENGAGEMENT_SERVER__PORT": "2",
        "ENGAGEMENT_POLICY__HOLD_AT__TOXICITY": "0.5",
        "ENGAGEMENT_SERVER__TRUSTED_PROXIES": "10.0.0.0/8, 127.0.0.1",
    }
    settings = load(environ=environ)
    assert settings.server.port == 2
    assert settings.policy.hold_at == {"toxicity": 0.5}
    assert settings.server.trusted_proxies == ("10.0.0.0/8", "127.0.0.1")


@pytest.mark.parametrize("key", ["", "short", "changeme", "please-change-this-secret-key-now"])
def test_a_missing_short_or_sample_secret_stops_the_start(key: str) -> None:
    with pytest.raises(SettingsError, match="secret_key"):
        secret_key(load(environ={"ENGAGEMENT_SERVER__SECRET_KEY": key}))


def test_a_secret_is_made_once_where_a_file_is_named(tmp_path: Path) -> None:
    settings = load(environ={"ENGAGEMENT_SERVER__SECRET_KEY_FILE": str(tmp_path / "var" / "key")})
    assert secret_key(settings) == secret_key(settings)
    assert (tmp_path / "var" / "key").stat().st_mode & 0o077 == 0


def test_files_of_the_repository_are_good_settings() -> None:
    for name in ("demo.toml", "production.example.toml"):
        load(default_file().parent / name, {})
    demo = load(default_file().parent / "demo.toml", {})
    assert (demo.server.demo, demo.mail.transport, demo.mail.folder) == (True, "folder", "var/mails")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("server.port", "0"),
        ("server.workers", "0"),
        ("server.public_url", "blog.example"),
        ("database.url", "mysql://localhost/x"),
        ("mail.transport", "pigeon"),
        ("mail.tls", "perhaps"),
        ("mail.timeout", "nan"),
        ("mail.bounces_before_suppression", "-1"),
        ("mail.return_path", "bounces"),
        ("mail.return_path", "Blog <bounces@blog.example>"),
        ("screening.timeout", "-1"),
        ("screening.model", "oracle"),
        ("screening.variant", "colossal"),
        ("screening.weights_sha256", "abc"),
        ("screening.threads", "-1"),
        ("policy.hold_at.toxicity", "1.5"),
        ("policy.reject_at.rudeness", "0.5"),
        ("policy.hold_disguise", "15"),
        ("policy.hold_links", "-1"),
        ("privacy.audit_days", "-3"),
        ("limits.flood_per_hour", "many"),
        ("brevo.list_ids", "four"),
        ("brevo.list_ids", "0"),
        ("brevo.site_lists.demo", "4,-7"),
        ("brevo.base_url", "http://api.brevo.com/v3"),
        ("brevo.api_key", "two words"),
        ("brevo.timeout", "60"),
        ("brevo.sync_unsubscribes", "perhaps"),
        ("brevo.webhook_token", "short"),
        ("brevo.attributes.nome", "shoe_size"),
    ],
)
def test_a_bad_value_is_named(key: str, value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(environ={"ENGAGEMENT_" + key.upper().replace(".", "__"): value})
    assert [m.split()[0] for m in caught.value.mistakes] == [key]


@pytest.mark.parametrize(
    ("value", "table"), [("POLICY__HOLD_AT", "POLICY__HOLD_AT__TOXICITY"), ("SERVER__PORT", "SERVER__PORT__X")]
)
def test_a_value_and_a_table_of_one_name_are_named_in_whatever_order(value: str, table: str) -> None:
    names = {f"ENGAGEMENT_{value}": "0.5", f"ENGAGEMENT_{table}": "0.5"}
    for environ in (names, dict(reversed(names.items()))):
        with pytest.raises(SettingsError) as caught:
            load(environ=environ)
        assert caught.value.mistakes[0].startswith(f"ENGAGEMENT_{value} is a value, and ENGAGEMENT_{table}")


def test_a_variable_without_a_key_is_named() -> None:
    with pytest.raises(SettingsError, match="ENGAGEMENT_PORT: write"):
        load(environ={"ENGAGEMENT_PORT": "1"})


def test_a_section_that_is_a_value_is_named(tmp_path: Path) -> None:
    file = tmp_path / "flat.toml"
    file.write_text('mail = "smtp"\n')
    with pytest.raises(SettingsError, match="mail is a section"):
        load(file, {})


@pytest.mark.parametrize("content", [b"\xff\xfe", b"[server\n", None])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "odd.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SettingsError, match=r"odd\.toml"):
        load(file, {})


def test_a_secret_of_spaces_is_no_secret() -> None:
    with pytest.raises(SettingsError, match="secret_key"):
        secret_key(load(environ={"ENGAGEMENT_SERVER__SECRET_KEY": " " * 40}))


def test_processes_that_start_together_make_one_secret(tmp_path: Path) -> None:
    settings = load(environ={"ENGAGEMENT_SERVER__SECRET_KEY_FILE": str(tmp_path / "key")})
    with ThreadPoolExecutor(16) as pool:
        keys = set(pool.map(lambda _: secret_key(settings), range(64)))
    assert len(keys) == 1
    assert [p.name for p in tmp_path.iterdir()] == ["key"]


def test_a_secret_file_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    settings = load(environ={"ENGAGEMENT_SERVER__SECRET_KEY_FILE": str(tmp_path)})
    with pytest.raises(SettingsError, match="secret_key_file cannot be used"):
        secret_key(settings)


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ({}, "http://127.0.0.1:8000"),
        ({"PORT": "9001"}, "http://127.0.0.1:9001"),
        ({"HOST": "0.0.0.0"}, "http://127.0.0.1:8000"),
        ({"HOST": "::", "PORT": "9001"}, "http://[::1]:9001"),
        ({"HOST": "fe80::1"}, "http://[fe80::1]:8000"),
        ({"HOST": "blog.lan"}, "http://blog.lan:8000"),
        ({"PORT": "9001", "PUBLIC_URL": "https://commenti.example"}, "https://commenti.example"),
    ],
)
def test_the_public_address_is_the_one_to_listen_on_where_nobody_chose_it(given: dict[str, str], url: str) -> None:
    settings = load(environ={f"ENGAGEMENT_SERVER__{key}": value for key, value in given.items()})
    assert settings.server.public_url == url
