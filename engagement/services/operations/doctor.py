"""What is wrong with an installation and what to do about it, before a reader finds out.

A check is a function ``(Patient) -> Finding``; add one by writing it and naming it in ``CHECKS`` (or in
``IN_DATABASE``, when it is of no use without one). Nothing here changes anything or sends a mail.
"""

import shutil
import stat
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from urllib.parse import urlsplit

from email_validator import EmailNotValidError, validate_email

from engagement.domain.errors import Unavailable
from engagement.domain.notices import SendOutcome
from engagement.domain.screening import NotScreened
from engagement.services.audience import brevo_check
from engagement.services.mailing import feeds
from engagement.services.operations import health, outside
from engagement.services.operations.findings import Check, Finding, Grade, Patient
from engagement.services.ports import Toolbox
from engagement.services.sites import every_site
from engagement.storage import schema
from engagement.storage.db import reading

_MB = 1024 * 1024
_LITTLE_SPACE, _NO_SPACE = 1024 * _MB, 100 * _MB
_CLOCK_ODD, _CLOCK_WRONG = timedelta(seconds=2), timedelta(seconds=60)
_VARIED = 12  # different characters that a random key of 32 or more has all but surely
_PLACEHOLDERS = (
    "localdomain",
    "local",
    "localhost",
    "example",
    "invalid",
    "test",
    "example.com",
    "example.org",
    "example.net",
)


def examine(patient: Patient) -> Iterator[Finding]:
    """All findings, in the order of the lists; a check that breaks is a finding too."""
    for check in CHECKS:
        yield _made(check, patient)
    for check in (database, schema_version):
        found = _made(check, patient)
        yield found
        if found.grade is Grade.WRONG:
            return  # the rest would only say the same
    for check in IN_DATABASE:
        yield _made(check, patient)


def mistakes(named: Sequence[str]) -> list[Finding]:
    """The findings about a configuration that cannot be used."""
    advice = "change it in the file that ENGAGEMENT_CONFIG names or in the environment; see config/default.toml"
    return [Finding("configuration", Grade.WRONG, mistake, advice) for mistake in named]


def configuration(patient: Patient) -> Finding:
    del patient  # that there is one means that it could be read
    return Finding("configuration", Grade.OK, "it can be read and has no mistakes")


def secret_key(patient: Patient) -> Finding:
    what, server = "secret key", patient.tools.settings.server
    path = Path(server.secret_key_file) if server.secret_key_file and not server.secret_key else None
    if path is not None and stat.S_IMODE(path.stat().st_mode) & 0o077:
        return Finding(what, Grade.WRONG, f"others on this machine may read {path}", f"type: chmod 600 {path}")
    if len(set(patient.tools.secret)) < _VARIED:
        advice = "make one with: openssl rand -base64 48, and keep the present one in server.old_secret_keys"
        return Finding(what, Grade.WARN, "it does not look random", advice)
    return Finding(what, Grade.OK, "long enough, and for this service alone to read")


def public_url(patient: Patient) -> Finding:
    what, settings = "public address", patient.tools.settings
    url = urlsplit(settings.server.public_url)
    if not url.hostname or url.username or url.query or url.fragment or url.path not in ("", "/"):
        advice = "set server.public_url to scheme and host alone, such as https://commenti.blog.example"
        return Finding(what, Grade.WRONG, f"{settings.server.public_url} is not a plain address", advice)
    if _is_local(url.hostname):
        grade = Grade.WRONG if settings.mail.transport == "smtp" else Grade.OK if settings.server.demo else Grade.WARN
        advice = "" if grade is Grade.OK else "set server.public_url to the address that readers use"
        return Finding(what, grade, f"{url.hostname} can be reached from this machine or network alone", advice)
    if url.scheme != "https":
        advice = "put a proxy with a certificate in front, and write https in server.public_url"
        return Finding(what, Grade.WRONG, "links in mails and passwords would travel unprotected", advice)
    return Finding(what, Grade.OK, settings.server.public_url)


def trusted_proxies(patient: Patient) -> Finding:
    what, trusted = "trusted proxies", patient.tools.settings.server.trusted_proxies
    everybody = [network for network in trusted if ip_network(network, strict=False).prefixlen == 0]
    if everybody:
        advice = "name the networks of your own proxies alone in server.trusted_proxies"
        return Finding(
            what, Grade.WRONG, f"{everybody[0]} lets everybody choose the address they are counted by", advice
        )
    return Finding(what, Grade.OK, ", ".join(trusted) or "none; addresses are taken from the connection")


def disk(patient: Patient) -> Finding:
    what, url = "disk", patient.tools.settings.database.url
    if not url.startswith("sqlite:///"):
        return Finding(what, Grade.OK, "the database looks after its own")
    folder = Path(url.removeprefix("sqlite:///")).absolute().parent
    free = shutil.disk_usage(folder).free
    told = f"{free // _MB} MB free beside the database in {folder}"
    grade = Grade.WRONG if free < _NO_SPACE else Grade.WARN if free < _LITTLE_SPACE else Grade.OK
    return Finding(what, grade, told, "" if grade is Grade.OK else "make room: a full disk takes no comments")


def limiter_store(patient: Patient) -> Finding:
    what, settings = "limiter store", patient.tools.settings
    if not settings.limits.enabled:
        return Finding(what, Grade.WARN, "the rates at the door are lifted", "set limits.enabled = true")
    if settings.limits.storage.startswith("memory:"):
        if settings.server.workers > 1:
            told = f"each of {settings.server.workers} processes counts for itself, so rates are that many times higher"
            return Finding(what, Grade.WARN, told, "set limits.storage to a Redis address")
        return Finding(what, Grade.OK, "the memory of the serving process")
    if not patient.store_answers():
        advice = "start it, or correct limits.storage; meanwhile the desk lets nobody in"
        return Finding(what, Grade.WRONG, "it does not answer", advice)
    return Finding(what, Grade.OK, "it answers")


def model(patient: Patient) -> Finding:
    what, screener = "model", patient.tools.screener
    if patient.tools.settings.screening.model == "none":
        told = "there is none, by choice: every comment waits for a person"
        return Finding(what, Grade.WARN, told, "set screening.model to auto")
    answer = screener.screen(["Grazie, un articolo chiaro."])
    if isinstance(answer, NotScreened):
        told = f"{screener.model} gives no scores ({answer.why}): every comment waits for a person"
        return Finding(what, Grade.WRONG, told, "see: engagement model list")
    return Finding(what, Grade.OK, f"{screener.model} answers")


def mail(patient: Patient) -> Finding:
    what, settings = "mail", patient.tools.settings
    if settings.mail.transport != "smtp" and not settings.server.demo:
        told = f"the transport {settings.mail.transport!r} reaches nobody's mailbox"
        return Finding(what, Grade.WARN, told, 'set mail.transport = "smtp", mail.host and the login')
    if settings.mail.username and settings.mail.tls == "none" and not _is_local(settings.mail.host):
        told = f"the password of {settings.mail.host} would travel unprotected"
        return Finding(what, Grade.WRONG, told, 'set mail.tls to "starttls" or "tls"')
    delivery = patient.mail()
    if delivery.outcome is not SendOutcome.SENT:
        code = f"{delivery.code} " if delivery.code else ""
        advice = "check mail.host, mail.port, mail.tls, mail.username and mail.password"
        return Finding(what, Grade.WRONG, f"no way in: {code}{delivery.reply}", advice)
    return Finding(
        what, Grade.OK, "the server lets us in" if settings.mail.transport == "smtp" else "the folder is there"
    )


def sender(patient: Patient) -> Finding:
    what, settings = "sender", patient.tools.settings.mail
    try:
        domain = validate_email(settings.sender, check_deliverability=False).domain
    except EmailNotValidError:
        domain = ""
    if domain and not f".{domain}".endswith(tuple(f".{name}" for name in _PLACEHOLDERS)):
        return Finding(what, Grade.OK, settings.sender)
    demo = patient.tools.settings.server.demo
    grade = Grade.WRONG if settings.transport == "smtp" else Grade.OK if demo else Grade.WARN
    advice = "" if grade is Grade.OK else "set mail.sender to an address of a domain of yours"
    return Finding(what, grade, f"{settings.sender} is not an address that mails can come from", advice)


def database(patient: Patient) -> Finding:
    del patient  # the sessions of this room know the way
    try:
        with reading() as session:
            return Finding("database", Grade.OK, f"{session.get_bind().dialect.name} answers")
    except Unavailable as error:
        return Finding("database", Grade.WRONG, error.detail, "start it, or correct database.url")


def schema_version(patient: Patient) -> Finding:
    del patient
    with reading() as session:
        found, wanted = schema.version(session), schema.newest()
    if found == wanted:
        return Finding("schema", Grade.OK, str(found))
    return Finding("schema", Grade.WRONG, f"{found or 'none'} instead of {wanted}", "type: engagement db upgrade")


def clock(patient: Patient) -> Finding:
    with reading() as session:
        there, here = schema.server_time(session), patient.tools.clock.now()
    if there is None:
        return Finding("clock", Grade.OK, "the database is on this machine")
    apart = abs(there - here)
    grade = Grade.WRONG if apart > _CLOCK_WRONG else Grade.WARN if apart > _CLOCK_ODD else Grade.OK
    told = f"{apart.total_seconds():.1f} s apart from the database server's"
    return Finding("clock", grade, told, "" if grade is Grade.OK else "let both machines set their clocks by NTP")


def queue(patient: Patient) -> Finding:
    if health.QUEUE in health.missing(patient.tools):
        advice = 'start "engagement worker", or set queue.url = "embedded"'
        return Finding("queue", Grade.WRONG, "due work lies there and nobody takes it up", advice)
    return Finding("queue", Grade.OK, "no work is overdue")


def some_site(patient: Patient) -> Finding:
    del patient
    keys = [site.key for site in every_site()]
    if not keys:
        return Finding("sites", Grade.WARN, "there is none", "type: engagement site add KEY --origin https://…")
    return Finding("sites", Grade.OK, ", ".join(keys))


def _of_brevo(look: Callable[[Toolbox], Finding]) -> Check:
    def check(patient: Patient) -> Finding:
        return look(patient.tools)

    check.__name__ = look.__name__
    return check


def followed_feeds(patient: Patient) -> Finding:
    del patient
    found = feeds.feeds_of(every_site())
    unwell = [f"{one.url} ({one.problem})" for one in found if one.problem]
    if unwell:
        return Finding("feeds", Grade.WARN, ", ".join(unwell), "type: engagement feed poll; see docs/articles.md")
    return Finding("feeds", Grade.OK, f"{len(found)} followed, none of them in trouble")


CHECKS: tuple[Check, ...] = (
    configuration,
    secret_key,
    public_url,
    trusted_proxies,
    disk,
    limiter_store,
    model,
    mail,
    sender,
    outside.spf,
    outside.dkim,
    outside.dmarc,
    outside.reverse_name,
    outside.returns,
    _of_brevo(brevo_check.brevo_account),
    _of_brevo(brevo_check.brevo_attributes),
)
IN_DATABASE: tuple[Check, ...] = (
    clock,
    queue,
    some_site,
    followed_feeds,
    outside.forms_on_pages,
    _of_brevo(brevo_check.brevo_lists),
    _of_brevo(brevo_check.brevo_queue),
    _of_brevo(brevo_check.brevo_campaigns),
)


def _made(check: Check, patient: Patient) -> Finding:
    try:
        return check(patient)
    except Exception as error:  # noqa: BLE001 - one broken check must not hide what the others find
        told = f"this could not be looked at: {type(error).__name__}: {str(error).partition(chr(10))[0]}"
        return Finding(check.__name__.replace("_", " "), Grade.WRONG, told, "see the words of the error")


def _is_local(host: str) -> bool:
    try:
        return not ip_address(host).is_global
    except ValueError:
        return "." not in host.rstrip(".") or host.endswith((".local", ".localhost", ".localdomain", ".internal"))
