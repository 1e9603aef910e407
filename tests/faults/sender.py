"""A worker that kills itself with SIGKILL at a step, for ``test_worker_killed``: ``sender.py CONFIG STEP``.

It sends whatever is due, and dies the first time it comes to the step that is named.
"""

import os
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from engagement.app import create_app
from engagement.services.mail import deliver_due
from engagement.services.ports import Toolbox
from engagement.settings import load
from engagement.storage import outbox

STEPS = ("before claim", "claim", "claimed", "write", "written", "send", "sent", "finish", "finished")
MANY = 1000


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def around(does: Callable[..., Any], *, before: bool = False, after: bool = False) -> Callable[..., Any]:
    def step(*args: Any, **kwargs: Any) -> Any:
        if before:
            die()
        answer = does(*args, **kwargs)
        if after:
            die()
        return answer

    return step


class Deadly:
    """A piece of equipment, one method of which kills the process before or after it ran."""

    def __init__(self, inner: Any, method: str, **when: bool) -> None:
        self._inner, self._method, self._when = inner, method, when

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        return around(found, **self._when) if name == self._method else found


def rigged(tools: Toolbox, step: str) -> Toolbox:
    """The toolbox with its deadly place; storage has its own where a transaction is open (claim, finish)."""
    if step == "before claim":
        outbox.claim = around(outbox.claim, before=True)
    if step == "claim":  # leased in a transaction that is never committed
        outbox.claim = around(outbox.claim, after=True)
    if step == "finish":  # the same, of what became of it
        outbox.finish = around(outbox.finish, after=True)
    letters: Any = tools.letters
    postman: Any = tools.postman
    if step in {"claimed", "write"}:
        letters = Deadly(letters, "quote" if step == "claimed" else "write", before=True)
    if step == "written":
        letters = Deadly(letters, "write", after=True)
    if step in {"send", "sent"}:
        postman = Deadly(postman, "send", before=step == "send", after=step == "sent")
    return replace(tools, letters=letters, postman=postman)


def main(config: str, step: str) -> None:
    app = create_app(load(environ={"ENGAGEMENT_CONFIG": config}))
    with app.app_context():
        tools = rigged(app.extensions["engagement"], step)
        deliver_due(tools, limit=1 if step == "finished" else MANY)
        if step == "finished":
            die()


if __name__ == "__main__":
    main(*sys.argv[1:])
