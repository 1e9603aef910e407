"""A worker that kills itself with SIGKILL in the middle of a campaign: ``campaigner.py CONFIG STEP COUNT BATCH``.

It walks and sends, and dies the COUNTth time that it comes to the step that is named.
"""

import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from engagement.app import create_app
from engagement.services.mail import deliver_due
from engagement.services.mailing import campaigns
from engagement.settings import load
from engagement.storage import outbox
from tests.faults.sender import die

STEPS = ("add", "moved", "send", "sent")


def counted(does: Callable[..., Any], times: int, *, before: bool) -> Callable[..., Any]:
    left = [times]

    def step(*args: Any, **kwargs: Any) -> Any:
        left[0] -= 1
        if before and not left[0]:
            die()
        answer = does(*args, **kwargs)
        if not before and not left[0]:
            die()
        return answer

    return step


def walk_all(batch: int) -> None:
    """Batches of a size, however many mails wait already."""
    campaigns.BATCH, campaigns.LOW_WATER = batch, 1_000_000


class Postman:
    def __init__(self, inner: Any, send: Callable[..., Any]) -> None:
        self._inner, self.send = inner, send


def main(config: str, step: str, count: str, batch: str) -> None:
    app = create_app(load(environ={"ENGAGEMENT_CONFIG": config}))
    walk_all(int(batch))
    with app.app_context():
        tools = app.extensions["engagement"]
        if step == "add":  # in a transaction that is never committed
            outbox.add = counted(outbox.add, int(count), before=True)
        if step == "moved":
            campaigns._step = counted(campaigns._step, int(count), before=False)
        if step in {"send", "sent"}:
            send: Any = counted(tools.postman.send, int(count), before=step == "send")
            tools = replace(tools, postman=Postman(tools.postman, send))
        while campaigns.advance(tools) or deliver_due(tools, 1000):
            pass
    sys.exit(3)  # it came to its end without coming to the step


if __name__ == "__main__":
    main(*sys.argv[1:])
