"""The outbox for those who run a site: what waits, what failed and why, and sending it again."""

from collections.abc import Sequence

from engagement.domain.errors import Conflict, NotFound, Unavailable
from engagement.domain.mailing.channel import ChannelState
from engagement.domain.messages import N_, Message
from engagement.domain.notices import DEAD, MAY_BE_SENT_AGAIN, WAITING, KeptMail, OutboxState
from engagement.services.ports import Toolbox
from engagement.storage import audit, outbox, schema
from engagement.storage.db import reading, transaction
from engagement.storage.mailing import channel, mail_log

RESENT = "mail-resent"


def listed(
    site_ids: Sequence[int], states: Sequence[OutboxState], *, limit: int, before: int | None = None
) -> tuple[list[KeptMail], int | None]:
    """Mails of one's sites in some states; and where the next ones begin."""
    with reading() as session:
        found = mail_log.listed(session, site_ids, states, limit + 1, before)
    return found[:limit], found[limit - 1].id if len(found) > limit else None


def resend(tools: Toolbox, mail_id: int, *, who: str, site_ids: Sequence[int]) -> KeptMail:
    """Try a mail again that was given up, or that waits for its next try; the audit tells who did.

    Raises ``NotFound`` outside one's sites, ``Conflict`` for a mail that is sent, under way or due anyhow.
    """
    now = tools.clock.now()
    with transaction() as session:
        mail = mail_log.get(session, mail_id, lock=True)
        if mail is None or mail.site_id not in site_ids:
            raise NotFound
        if mail.state not in MAY_BE_SENT_AGAIN:
            raise Conflict(Message(N_("This mail needs no other try.")))
        mail_log.queue_again(session, mail_id, now)
        audit.write(session, now, who, RESENT, f"{mail.kind.value} {mail.id}")
    tools.wake()
    return mail


def channel_state() -> ChannelState:
    """What all processes know of the way out."""
    with reading() as session:
        return channel.state(session)


def gauges(tools: Toolbox) -> dict[str, float] | None:
    """Numbers to alarm on; None while the database cannot tell."""
    try:
        with reading() as session:
            if not schema.is_current(session):
                return None
            counts = mail_log.counts(session)
            oldest = outbox.age_of_oldest_due(session, tools.clock.now())
            paused = channel.state(session).paused_until is not None
    except Unavailable:
        return None
    return {
        "waiting": sum(counts.get(state, 0) for state in WAITING),
        "failed": sum(counts.get(state, 0) for state in DEAD),
        "oldest": oldest.total_seconds(),
        "paused": float(paused),
    }
