"""What runs in the background: plain functions, one service call a job, whose answer is true where it found work."""

from collections.abc import Callable

from engagement.services.campaigns import advance
from engagement.services.contact import forget_messages
from engagement.services.contacts import forget_events, sync_due
from engagement.services.digests import gather_news
from engagement.services.explaining import explain_held
from engagement.services.feeds import poll_due
from engagement.services.mail import deliver_due
from engagement.services.newsletter import purge
from engagement.services.ports import Toolbox
from engagement.services.purging import purge_changed
from engagement.services.replies import announce_published
from engagement.services.replies import purge as purge_replies
from engagement.services.screening import screen_waiting
from engagement.services.spam_checking import tell_checkers
from engagement.services.summaries import remind, summarise
from engagement.services.upkeep import tidy
from engagement.services.wishes import carry_out

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
