"""Who carries a message: an SMTP server, a folder, or (in tests) a list. None of them raises."""

import hashlib
import os
import smtplib
import ssl
import time
from email import message_from_bytes
from email.utils import parseaddr
from pathlib import Path

from engagement.domain.mailing.bounces import clean
from engagement.domain.notices import Delivery, SendOutcome
from engagement.mail.messages import deliverable
from engagement.settings import Mail

_LOGIN_WANTED = frozenset({530, 535})
_TOO_LARGE = 552
_CLOSING = 421  # RFC 5321, 4.2.3: the server closes the channel; it may say so after any command


def open_postman(settings: Mail) -> "SmtpPostman | FolderPostman | MemoryPostman":
    """The postman that ``mail.transport`` names."""
    if settings.transport == "smtp":
        return SmtpPostman(settings)
    if settings.transport == "folder":
        return FolderPostman(Path(settings.folder))
    return MemoryPostman()


class MemoryPostman:
    """Keeps messages in a list: ``(recipient, bytes)``."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, bytes]] = []

    def check(self) -> Delivery:
        return Delivery(SendOutcome.SENT)

    def send(self, recipient: str, message: bytes) -> Delivery:
        self.sent.append((recipient, message))
        return Delivery(SendOutcome.SENT)


class FolderPostman:
    """Writes one ``*.eml`` a message; names sort by time, and the same message is the same file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def check(self) -> Delivery:
        """Whether the folder is there, or can be made, and may be written into."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            return Delivery(SendOutcome.CHANNEL, reply=type(error).__name__)
        if not os.access(self._folder, os.W_OK):
            return Delivery(SendOutcome.CHANNEL, reply="the folder may not be written into")
        return Delivery(SendOutcome.SENT)

    def send(self, recipient: str, message: bytes) -> Delivery:
        digest = hashlib.sha256(message).hexdigest()[:12]
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            if any(self._folder.glob(f"*-{digest}.eml")):
                return Delivery(SendOutcome.SENT)
            name = self._folder / f"{time.time_ns():020d}-{digest}.eml"
            temporary = name.with_suffix(".part")
            temporary.write_bytes(message)
            os.replace(temporary, name)  # a reader never meets half a message
        except OSError as error:
            return Delivery(SendOutcome.CHANNEL, reply=type(error).__name__)
        return Delivery(SendOutcome.SENT)


class SmtpPostman:
    """One connection a message, every step bounded by ``mail.timeout``; certificates are checked."""

    def __init__(self, settings: Mail) -> None:
        self._s = settings

    def check(self) -> Delivery:
        """Whether the server lets us in; sends nothing."""
        try:
            server = self._connect()
        except (smtplib.SMTPException, OSError, ValueError) as error:
            return _no_way(error)
        _part(server)
        return Delivery(SendOutcome.SENT, 250)

    def send(self, recipient: str, message: bytes) -> Delivery:
        try:
            server = self._connect()
        except (smtplib.SMTPException, OSError, ValueError) as error:
            return _no_way(error)
        try:
            sender = self._s.return_path or parseaddr(str(message_from_bytes(message)["From"]))[1]
            server.sendmail(sender, [deliverable(recipient)], message)
        except (smtplib.SMTPException, OSError, ValueError) as error:
            return _not_taken(error)
        finally:
            _part(server)
        return Delivery(SendOutcome.SENT, 250)

    def _connect(self) -> smtplib.SMTP:
        s, context = self._s, ssl.create_default_context()
        server: smtplib.SMTP
        if s.tls == "tls":
            server = smtplib.SMTP_SSL(s.host, s.port, timeout=s.timeout, context=context)
        else:
            server = smtplib.SMTP(s.host, s.port, timeout=s.timeout)
        try:
            if s.tls == "starttls":
                server.starttls(context=context)
            if s.username:
                server.login(s.username, s.password)
            server.ehlo_or_helo_if_needed()  # "we were let in" ends here; what fails later may be the message's fault
        except BaseException:
            server.close()
            raise
        return server


def _part(server: smtplib.SMTP) -> None:
    """Say goodbye. What the server answers changes nothing: the message was taken, or was not, before."""
    try:
        server.quit()
    except (smtplib.SMTPException, OSError):
        server.close()


def _no_way(error: Exception) -> Delivery:
    """The server could not be reached, did not let us in, or does not take our sender; no message is to blame."""
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return Delivery(SendOutcome.CHANNEL, error.smtp_code, "login refused")
    if isinstance(error, ssl.SSLCertVerificationError):
        return Delivery(SendOutcome.CHANNEL, reply="the certificate is not valid")
    if isinstance(error, smtplib.SMTPResponseException):
        later = isinstance(error, smtplib.SMTPSenderRefused) and 400 <= error.smtp_code < 500
        outcome = SendOutcome.RETRY if later and error.smtp_code != _CLOSING else SendOutcome.CHANNEL
        return Delivery(outcome, error.smtp_code, clean(error.smtp_error))
    if isinstance(error, OSError) and not _is_protocol(error):
        return Delivery(SendOutcome.CHANNEL, reply=type(error).__name__)
    return Delivery(SendOutcome.CHANNEL, reply=clean(str(error)))  # no STARTTLS, no way to log in, bad host name


def _not_taken(error: Exception) -> Delivery:
    """We were let in, and this message was not taken."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, reply = next(iter(error.recipients.values()))
        return _answer(code, reply)
    if isinstance(error, smtplib.SMTPSenderRefused | smtplib.SMTPHeloError) and error.smtp_code != _TOO_LARGE:
        return _no_way(error)  # the sender is ours, the same for all messages
    if isinstance(error, smtplib.SMTPResponseException):
        return _answer(error.smtp_code, error.smtp_error)
    if isinstance(error, OSError) and not _is_protocol(error):
        return Delivery(SendOutcome.RETRY, reply=type(error).__name__)
    return Delivery(SendOutcome.REFUSED, reply=type(error).__name__)  # an address that this server cannot be told


def _is_protocol(error: Exception) -> bool:
    """Whether smtplib itself complains; it derives its errors from ``OSError``."""
    return isinstance(error, smtplib.SMTPException) and not isinstance(error, smtplib.SMTPServerDisconnected)


def _answer(code: int, reply: bytes | str) -> Delivery:
    outcome = SendOutcome.RETRY if 400 <= code < 500 else SendOutcome.REFUSED
    if code in _LOGIN_WANTED or code == _CLOSING:
        outcome = SendOutcome.CHANNEL
    return Delivery(outcome, code, clean(reply))
