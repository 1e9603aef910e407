"""Signed links and tokens, a salt for each purpose, so that none can stand in for another."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from itsdangerous import BadData, Signer, URLSafeSerializer

from engagement.domain.errors import LinkNotValid
from engagement.domain.newsletter import PENDING_FOR, LinkPurpose

DECIDE_FOR = timedelta(hours=72)
APPEAL_FOR = timedelta(days=30)


class SignedLinks:
    """``keys``: the newest last; older ones still verify, so a key can be changed without breaking sent mails."""

    def __init__(self, keys: Sequence[str], public_url: str, *, clock: Callable[[], datetime]) -> None:
        self._keys = list(keys)
        self._url = public_url.rstrip("/")
        self._now = clock

    def edit_token(self, comment: str, until: datetime) -> str:
        """Equal for equal arguments, so that a repeated request gets the same answer."""
        text = f"{comment}.{int(until.timestamp())}"
        return Signer(self._keys, salt="edit-comment", sep="~").sign(text).decode()

    def read_edit_token(self, token: str) -> tuple[str, datetime]:
        """The comment a token is for, and until when it may change it. Raises ``LinkNotValid`` for a forged one."""
        try:
            text = Signer(self._keys, salt="edit-comment", sep="~").unsign(token).decode()
        except (BadData, ValueError) as error:  # ValueError: half a surrogate pair has no bytes to verify
            raise LinkNotValid from error
        comment, _, until = text.partition(".")
        return comment, datetime.fromtimestamp(int(until), UTC)

    def decide(self, comment: str, version: int, recipient: str, *, since: datetime | None = None) -> str:
        """Good for 72 hours, for this version of the comment: a decision makes a new version."""
        until = int(((since or self._now()) + DECIDE_FOR).timestamp())
        return f"{self._url}/decide/{self._pack('decide', [comment, version, recipient, until])}"

    def read_decide(self, token: str) -> tuple[str, int, str]:
        """``(comment, version, recipient)``. Raises ``LinkNotValid``."""
        comment, version, recipient, until = self._unpack("decide", token, 4)
        if until <= self._now().timestamp():
            raise LinkNotValid
        return comment, version, recipient

    def appeal(self, comment: str, version: int, *, since: datetime | None = None) -> str:
        """Good for 30 days, for this version of the comment: an appeal makes a new one."""
        until = int(((since or self._now()) + APPEAL_FOR).timestamp())
        return f"{self._url}/appeal/{self._pack('appeal', [comment, version, until])}"

    def read_appeal(self, token: str) -> tuple[str, int]:
        """``(comment, version)``. Raises ``LinkNotValid``."""
        comment, version, until = self._unpack("appeal", token, 3)
        if until <= self._now().timestamp():
            raise LinkNotValid
        return comment, version

    def newsletter(
        self, purpose: LinkPurpose, subscription: int, version: int, *, since: datetime | None = None
    ) -> str:
        """To confirm within seven days; to leave or to change things, whenever."""
        until = int(((since or self._now()) + PENDING_FOR).timestamp()) if purpose == "confirm" else 0
        token = self._pack(f"newsletter-{purpose}", [subscription, version, until])
        return f"{self._url}/{purpose if purpose == 'preferences' else f'newsletter/{purpose}'}/{token}"

    def read_newsletter(self, purpose: LinkPurpose, token: str) -> tuple[int, int]:
        """``(subscription, version)``. Raises ``LinkNotValid``."""
        subscription, version, until = self._unpack(f"newsletter-{purpose}", token, 3)
        if until and until <= self._now().timestamp():
            raise LinkNotValid
        return subscription, version

    def replies(
        self,
        purpose: Literal["confirm", "leave"],
        consent: int,
        version: int,
        *,
        page: int = 0,
        since: datetime | None = None,
    ) -> str:
        """To confirm within seven days, or to leave, whenever, the replies on a page or (0) on the whole site."""
        until = int(((since or self._now()) + PENDING_FOR).timestamp()) if purpose == "confirm" else 0
        token = self._pack(f"replies-{purpose}", [consent, version, page, until])
        return f"{self._url}/replies/{purpose}/{token}"

    def read_replies(self, purpose: Literal["confirm", "leave"], token: str) -> tuple[int, int, int]:
        """``(consent, version, page)``. Raises ``LinkNotValid``."""
        consent, version, page, until = self._unpack(f"replies-{purpose}", token, 4)
        if until and until <= self._now().timestamp():
            raise LinkNotValid
        return consent, version, page

    def _pack(self, purpose: str, value: list[Any]) -> str:
        packed = URLSafeSerializer(self._keys, salt=purpose).dumps(value)
        return packed if isinstance(packed, str) else packed.decode()

    def _unpack(self, purpose: str, token: str, size: int) -> list[Any]:
        try:
            value = URLSafeSerializer(self._keys, salt=purpose).loads(token)
        except (BadData, ValueError) as error:
            raise LinkNotValid from error
        if not isinstance(value, list) or len(value) != size:
            raise LinkNotValid
        return value
