"""Who carries a message: an SMTP server, a folder, or (in tests) a list. None of them raises."""

import hashlib
import os
import smtplib
import ssl
import time
from email import message_from_bytes
from email.utils import parseaddr
from pathlib import Path

from engagement.domain.notices import Delivery, SendOutcome
from engagement.settings import Mail


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

    def send(self, recipient: str, message: bytes) -> Delivery:
        self.sent.append((recipient, message))
        return Delivery(SendOutcome.SENT)


class FolderPostman:
    """Writes one ``*.eml`` a message; names sort by time, and the same message is the same file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

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

    def send(self, recipient: str, message: bytes) -> Delivery:
        try:
            with self._connect() as server:
                sender = parseaddr(str(message_from_bytes(message)["From"]))[1]
                server.sendmail(sender, [recipient], message)
        except smtplib.SMTPAuthenticationError as error:
            return Delivery(SendOutcome.CHANNEL, error.smtp_code, "login refused")
        except smtplib.SMTPNotSupportedError:
            return Delivery(SendOutcome.CHANNEL, reply="STARTTLS is not offered")
        except ssl.SSLError:
            return Delivery(SendOutcome.CHANNEL, reply="the certificate is not valid")
        except smtplib.SMTPRecipientsRefused as error:
            code, reply = next(iter(error.recipients.values()))
            return _answer(code, reply)
        except smtplib.SMTPResponseException as error:
            return _answer(error.smtp_code, error.smtp_error)
        except (OSError, smtplib.SMTPException) as error:
            return Delivery(SendOutcome.RETRY, reply=type(error).__name__)
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
        except BaseException:
            server.close()
            raise
        return server


def _answer(code: int, reply: bytes | str) -> Delivery:
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
    outcome = SendOutcome.RETRY if 400 <= code < 500 else SendOutcome.REFUSED
    return Delivery(outcome, code, text[:200])
