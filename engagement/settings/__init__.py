"""Settings: typed, frozen, every mistake named.

Order: ``config/default.toml`` (every key, explained), then the file that ``ENGAGEMENT_CONFIG`` or ``--config`` names,
then the environment, ``ENGAGEMENT_<SECTION>__<KEY>`` with two underscores between levels.
"""

import os
import re
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

from engagement.domain.discussion.challenges import MODES as CHALLENGES
from engagement.domain.mailing.contacts import Brevo
from engagement.domain.mailing.suppression import ProviderRules
from engagement.domain.screening import LABELS
from engagement.settings.reading import build, from_environment, merge, read_toml

_SAMPLE_SECRETS = {"changeme", "change-me", "secret", "please-change-this-secret-key-now"}
_VARIANTS = ("multilingual", "original", "unbiased", "original-small", "unbiased-small")  # Detoxify's
_MAIL_COUNTS = ("per_minute", "per_day", "remind_after_hours", "bounces_before_suppression")
_ADDRESS = re.compile(r"[!-;=?A-~]{1,64}@[A-Za-z0-9.-]{1,189}")  # one that can stand in an SMTP command as it is
_SHA256 = re.compile(r"(?i)([0-9a-f]{64})?")
_HERE = Path(__file__).resolve().parent.parent  # the package


class SettingsError(ValueError):
    """All mistakes of the configuration, one a line."""

    def __init__(self, mistakes: list[str]) -> None:
        self.mistakes = mistakes
        super().__init__("the configuration has mistakes:\n" + "\n".join(f"  - {m}" for m in mistakes))


@dataclass(frozen=True)
class Server:
    public_url: str = "http://127.0.0.1:8000"
    host: str = "127.0.0.1"
    port: int = 8000
    secret_key: str = ""
    secret_key_file: str = ""
    old_secret_keys: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    workers: int = 1
    threads: int = 8
    demo: bool = False

    @property
    def address(self) -> str:
        """``public_url`` without a slash at its end, for a path to follow."""
        return self.public_url.rstrip("/")


@dataclass(frozen=True)
class Database:
    url: str = "sqlite:///var/engagement.sqlite"


@dataclass(frozen=True)
class Limits:
    enabled: bool = True
    storage: str = "memory://"
    comments: str = "5 per minute; 30 per hour"
    comments_site: str = "60 per minute"
    reads: str = "300 per minute"
    preview: str = "30 per minute"
    edits: str = "10 per minute"
    votes: str = "30 per minute"
    reports: str = "5 per hour"
    newsletter: str = "3 per hour"
    newsletter_leave: str = "3 per hour"
    preferences: str = "20 per hour"
    messages: str = "5 per minute; 20 per hour"
    links: str = "60 per minute"
    login: str = "30 per 10 minutes"
    login_account: str = "10 per 10 minutes"
    api_key: str = "600 per minute"
    analyze: str = "6000 per minute"
    flood_per_minute: int = 5
    flood_per_hour: int = 30
    mail_per_site_hour: int = 200
    mail_per_hour: int = 1000
    messages_mailed_per_site_hour: int = 60


@dataclass(frozen=True)
class Queue:
    url: str = "embedded"
    sweep_seconds: int = 5


@dataclass(frozen=True)
class Mail:
    transport: str = "folder"
    folder: str = "var/mails"
    host: str = "localhost"
    port: int = 587
    username: str = ""
    password: str = ""
    tls: str = "starttls"
    sender: str = "commenti@localhost.localdomain"
    return_path: str = ""
    bounces_before_suppression: int = 3
    timeout: float = 30.0
    dkim_selector: str = ""
    per_minute: int = 0
    per_day: int = 0
    remind_after_hours: int = 24
    bulk_per_minute: int = 60

    @property
    def domain(self) -> str:
        """The sender's."""
        return self.sender.rpartition("@")[2]


@dataclass(frozen=True)
class ScreeningSettings:
    model: str = "auto"
    timeout: float = 10.0
    remote_url: str = ""
    remote_key: str = ""
    load_seconds: float = 120.0
    memory_mb: int = 4096
    batch_size: int = 8
    batch_wait_ms: float = 3.0
    cache_size: int = 10_000
    variant: str = "multilingual"
    weights: str = "var/models"
    weights_sha256: str = ""
    threads: int = 0


@dataclass(frozen=True)
class Policy:
    hold_at: Mapping[str, float] = field(default_factory=dict)
    reject_at: Mapping[str, float] = field(default_factory=dict)
    hold_links: int = 3
    hold_first_time: bool = False
    hold_repeats: int = 2
    hold_spam: int = 2
    hold_disguise: float = 0.15
    block_lexicon: bool = True
    block_words: tuple[str, ...] = ()
    hold_words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Spam:
    challenge: str = "risky"
    challenge_cost: int = 5000
    challenge_minutes: int = 10
    form_seconds: int = 3
    bayes_at: float = 0.95
    akismet_key: str = ""
    akismet_url: str = "https://rest.akismet.com/1.1"
    stopforumspam: str = ""


@dataclass(frozen=True)
class Privacy:
    rejected_days: int = 30
    vote_days: int = 30
    pending_days: int = 7
    mail_log_days: int = 30
    audit_days: int = 365
    message_days: int = 365
    suggestion_days: int = 365
    bounce_days: int = 365


@dataclass(frozen=True)
class Feeds:
    poll_minutes: int = 15
    timeout: float = 20.0
    allow_private: bool = False
    digest_hour: int = 7
    oldest_days: int = 7


@dataclass(frozen=True)
class Comments:
    edit_minutes: int = 15


@dataclass(frozen=True)
class Cache:
    megabytes: int = 32
    url: str = ""
    max_age: int = 0
    stale_while_revalidate: int = 0
    purge_url: str = ""


@dataclass(frozen=True)
class Analyzer:
    host: str = "127.0.0.1"
    port: int = 8001
    workers: int = 1
    threads: int = 4
    public_url: str = ""
    open: bool = False


@dataclass(frozen=True)
class Coral:
    timeout: float = 0.15
    secrets: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Settings:
    server: Server = field(default_factory=Server)
    database: Database = field(default_factory=Database)
    limits: Limits = field(default_factory=Limits)
    queue: Queue = field(default_factory=Queue)
    mail: Mail = field(default_factory=Mail)
    screening: ScreeningSettings = field(default_factory=ScreeningSettings)
    policy: Policy = field(default_factory=Policy)
    spam: Spam = field(default_factory=Spam)
    privacy: Privacy = field(default_factory=Privacy)
    comments: Comments = field(default_factory=Comments)
    newsletter: ProviderRules = field(default_factory=ProviderRules)
    cache: Cache = field(default_factory=Cache)
    analyzer: Analyzer = field(default_factory=Analyzer)
    coral: Coral = field(default_factory=Coral)
    brevo: Brevo = field(default_factory=Brevo)
    feeds: Feeds = field(default_factory=Feeds)


def load(config: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings. Raises ``SettingsError`` that names every unknown key, wrong kind and bad value."""
    environ = os.environ if environ is None else environ
    mistakes: list[str] = []
    tree = read_toml(default_file(), mistakes)
    chosen = config or (Path(environ["ENGAGEMENT_CONFIG"]) if environ.get("ENGAGEMENT_CONFIG") else None)
    if chosen:
        merge(tree, read_toml(chosen, mistakes))
    merge(tree, from_environment(environ, mistakes))
    settings: Settings = _at_home(build(Settings, tree, "", mistakes))
    mistakes.extend(_bad_values(settings))
    if mistakes:
        raise SettingsError(mistakes)
    return settings


def default_file() -> Path:
    """``config/default.toml`` of the checkout, or the copy inside an installed package."""
    checkout = _HERE.parent / "config" / "default.toml"
    return checkout if checkout.is_file() else _HERE / "_installed" / "config" / "default.toml"


def address(host: str, port: int) -> str:
    """Where readers on this machine find what listens there; every address of it includes its own."""
    own = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - nothing listens here
    return f"http://{own.get(host, f'[{host}]' if ':' in host else host)}:{port}"


def _at_home(settings: Settings) -> Settings:
    """Where nobody chose a public address, it is the one to listen on."""
    server = settings.server
    if server.public_url != Server().public_url:
        return settings
    return replace(settings, server=replace(server, public_url=address(server.host, server.port)))


def secret_key(settings: Settings) -> str:
    """The key that signs links, sessions and tokens; made once where ``secret_key_file`` says so.

    Raises ``SettingsError`` for a missing, short or sample key.
    """
    key, path = settings.server.secret_key, settings.server.secret_key_file
    if not key and path:
        try:
            key = _kept_secret(Path(path))
        except (OSError, ValueError) as error:
            raise SettingsError([f"server.secret_key_file cannot be used: {error}"]) from error
    if len(key.strip()) < 32 or key.lower() in _SAMPLE_SECRETS:
        raise SettingsError(["server.secret_key must be a secret of at least 32 characters of your own"])
    return key


def _kept_secret(file: Path) -> str:
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        # Linked into place when complete: processes that start together read one key, never half of one.
        handle, draft = tempfile.mkstemp(prefix=f".{file.name}-", dir=file.parent)
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            out.write(secrets.token_urlsafe(48))
        try:
            os.link(draft, file)
        except FileExistsError:
            pass  # another process was first
        finally:
            os.unlink(draft)
    return file.read_text("utf-8").strip()


def _bad_values(s: Settings) -> list[str]:
    choices = {
        "mail.transport": (s.mail.transport, ("smtp", "folder", "memory")),
        "mail.tls": (s.mail.tls, ("starttls", "tls", "none")),
        "spam.challenge": (s.spam.challenge, CHALLENGES),
        "screening.variant": (s.screening.variant, _VARIANTS),
        "screening.model": (s.screening.model, ("auto", "embedded", "detoxify", "onnx", "remote", "none")),
    }
    bad = [f"{k} must be one of {', '.join(ok)}, not {v!r}" for k, (v, ok) in choices.items() if v not in ok]
    bad += [
        f"{name} must be an http or https address"
        for name, url in (("spam.akismet_url", s.spam.akismet_url), ("spam.stopforumspam", s.spam.stopforumspam))
        if url and not url.startswith(("http://", "https://"))
    ]
    if not s.database.url.startswith(("sqlite:///", "postgresql+psycopg://")):
        bad.append("database.url must start with sqlite:/// or postgresql+psycopg://")
    if s.queue.url not in {"embedded", "workers"} and not s.queue.url.startswith(("redis://", "rediss://")):
        bad.append(f"queue.url must be embedded, workers or a redis:// address, not {s.queue.url!r}")
    if not s.server.public_url.startswith(("http://", "https://")):
        bad.append("server.public_url must be an http or https address")
    for section in ("hold_at", "reject_at"):
        for label, value in getattr(s.policy, section).items():
            if not 0 <= value <= 1:
                bad.append(f"policy.{section}.{label} must lie between 0 and 1")
            if label not in LABELS:
                bad.append(f"policy.{section}.{label} is no label; labels are {', '.join(LABELS)}")
    if not _SHA256.fullmatch(s.screening.weights_sha256):
        bad.append("screening.weights_sha256 must be empty or 64 hex digits")
    if s.cache.url and not s.cache.url.startswith(("redis://", "rediss://")):
        bad.append("cache.url must be a redis address")
    if s.cache.purge_url and not s.cache.purge_url.startswith(("http://", "https://")):
        bad.append("cache.purge_url must be an http or https address")
    if not 0 <= s.policy.hold_disguise <= 1:
        bad.append("policy.hold_disguise must lie between 0 and 1")
    if not 0 <= s.feeds.digest_hour <= 23:
        bad.append("feeds.digest_hour must be an hour, 0 to 23")
    return bad + _bad_others(s) + _bad_numbers(s) + s.brevo.mistakes()


def _bad_others(s: Settings) -> list[str]:
    bad = []
    if s.mail.return_path and not _ADDRESS.fullmatch(s.mail.return_path):
        bad.append("mail.return_path must be a plain address of yours, such as bounces@blog.example")
    if s.screening.model == "remote" and not s.screening.remote_url.startswith(("http://", "https://")):
        bad.append("screening.remote_url must be the http or https address of an analyzer")
    if s.analyzer.public_url and not s.analyzer.public_url.startswith(("http://", "https://")):
        bad.append("analyzer.public_url must be an http or https address")
    bad += [
        f"coral.secrets.{site} must be a secret of at least 16 characters"
        for site, secret in s.coral.secrets.items()
        if len(secret.strip()) < 16
    ]
    return bad


def _bad_numbers(s: Settings) -> list[str]:
    ports = {"server.port": s.server.port, "mail.port": s.mail.port, "analyzer.port": s.analyzer.port}
    bad = [f"{name} must be a port, 1 to 65535, not {port}" for name, port in ports.items() if not 1 <= port <= 65_535]
    positive = {
        "server.workers": s.server.workers,
        "server.threads": s.server.threads,
        "queue.sweep_seconds": s.queue.sweep_seconds,
        "mail.timeout": s.mail.timeout,
        "mail.bulk_per_minute": s.mail.bulk_per_minute,
        "feeds.poll_minutes": s.feeds.poll_minutes,
        "feeds.timeout": s.feeds.timeout,
        "feeds.oldest_days": s.feeds.oldest_days,
        "screening.timeout": s.screening.timeout,
        "analyzer.workers": s.analyzer.workers,
        "analyzer.threads": s.analyzer.threads,
        "coral.timeout": s.coral.timeout,
        "spam.challenge_cost": s.spam.challenge_cost,
        "spam.challenge_minutes": s.spam.challenge_minutes,
        "screening.load_seconds": s.screening.load_seconds,
        "screening.batch_size": s.screening.batch_size,
    }
    bad += [f"{name} must be more than 0" for name, value in positive.items() if not 0 < value < float("inf")]
    not_negative = {
        "limits.flood_per_minute": s.limits.flood_per_minute,
        "limits.flood_per_hour": s.limits.flood_per_hour,
        "limits.mail_per_site_hour": s.limits.mail_per_site_hour,
        "limits.mail_per_hour": s.limits.mail_per_hour,
        "limits.messages_mailed_per_site_hour": s.limits.messages_mailed_per_site_hour,
        **{f"mail.{key}": getattr(s.mail, key) for key in _MAIL_COUNTS},
        "policy.hold_links": s.policy.hold_links,
        "policy.hold_repeats": s.policy.hold_repeats,
        "policy.hold_spam": s.policy.hold_spam,
        "spam.form_seconds": s.spam.form_seconds,
        "screening.threads": s.screening.threads,
        "comments.edit_minutes": s.comments.edit_minutes,
        "screening.memory_mb": s.screening.memory_mb,
        "screening.batch_wait_ms": s.screening.batch_wait_ms,
        "screening.cache_size": s.screening.cache_size,
        "cache.megabytes": s.cache.megabytes,
        "cache.max_age": s.cache.max_age,
        "cache.stale_while_revalidate": s.cache.stale_while_revalidate,
        **{f"privacy.{f.name}": getattr(s.privacy, f.name) for f in fields(s.privacy)},
    }
    return bad + [f"{name} must not be negative" for name, value in not_negative.items() if value < 0]
