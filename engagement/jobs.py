"""What runs in the background: plain functions, one service call a job, whose answer is true where it found work."""

from collections.abc import Callable

from engagement.services.campaigns import advance
from engagement.services.contact import forget_messages
from engagement.services.explaining import explain_held
from engagement.services.feeds import poll_due
from engagement.services.mail import deliver_due
from engagement.services.newsletter import purge
from engagement.services.ports import Toolbox
from engagement.services.screening import screen_waiting
from engagement.services.upkeep import tidy

Job = Callable[[Toolbox], object]

# Every sweep runs these in turn; a bell rung after a commit only makes the sweep come sooner.
OFTEN: tuple[Job, ...] = (screen_waiting, deliver_due, poll_due, advance, explain_held)
HOURLY: tuple[Job, ...] = (tidy, purge, forget_messages)
