"""Settings: every mistake is named, and the default file is the manual."""

import tomllib
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
