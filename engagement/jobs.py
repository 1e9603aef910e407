"""What runs in the background: plain functions, one service call a job, whose answer is true where it found work."""

from collections.abc import Callable

from engagement.services.audience.contacts import forget_events, sync_due
from engagement.services.audience.wishes import carry_out
from engagement.services.discussion.explaining import explain_held
from engagement.services.discussion.spam_checking import tell_checkers
from engagement.services.mail import deliver_due
from engagement.services.mailing.campaigns import advance
from engagement.services.mailing.contact import forget_messages
from engagement.services.mailing.digests import gather_news
from engagement.services.mailing.feeds import poll_due
from engagement.services.mailing.replies import announce_published
from engagement.services.mailing.replies import purge as purge_replies
from engagement.services.mailing.summaries import remind, summarise
from engagement.services.newsletter import purge
from engagement.services.operations.purging import purge_changed
from engagement.services.operations.upkeep import tidy
from engagement.services.ports import Toolbox
from engagement.services.screening import screen_waiting

Job = Callable[[Toolbox], object]

# Every sweep runs these in turn; a bell rung after a commit only makes the sweep come sooner.
OFTEN: tuple[Job, ...] = (
    screen_waiting,
    announce_published,
    gather_news,
    carry_out,
    deliver_due,
    poll_due,
    advance,
    sync_due,
    purge_changed,
    explain_held,
    tell_checkers,
)
HOURLY: tuple[Job, ...] = (tidy, purge, purge_replies, forget_messages, forget_events, remind, summarise)
