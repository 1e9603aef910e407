"""A worker that kills itself with SIGKILL at a step of a campaign by Brevo: ``campaigner.py CONFIG STEP``."""

import sys
from dataclasses import replace
from typing import Any

from engagement.app import create_app
from engagement.services.mailing import campaigns
from engagement.services.ports import Toolbox
from engagement.settings import load
from engagement.storage.mailing import handovers
from tests.faults.campaigner import counted
from tests.faults.sender import Deadly, around

# Around each call; where a write is made and not committed; finish is called after making and again after sending.
CALLS = ("look_for", "make", "look", "send")
STEPS = (
    *(f"{when} {call}" for call in CALLS for when in ("before", "after")),
    "begin",
    "ask",
    "finish 1",
    "finish 2",
)


def rigged(tools: Toolbox, step: str) -> Toolbox:
    word, _, what = step.partition(" ")
    if word == "begin":
        handovers.begin = around(handovers.begin, after=True)
    elif word == "ask":
        handovers.ask = around(handovers.ask, after=True)
    elif word == "finish":
        handovers.finish = counted(handovers.finish, int(what), before=False)
    else:
        lists: Any = Deadly(tools.lists, what, before=word == "before", after=word == "after")
        return replace(tools, lists=lists)
    return tools


def main(config: str, step: str) -> None:
    app = create_app(load(environ={"ENGAGEMENT_CONFIG": config}))
    with app.app_context():
        tools = rigged(app.extensions["engagement"], step)
        while campaigns.advance(tools):
            pass
    sys.exit(3)  # it came to its end without coming to the step


if __name__ == "__main__":
    main(*sys.argv[1:])
