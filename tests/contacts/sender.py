"""A worker that kills itself with SIGKILL at a step, for ``test_killed``: ``sender.py CONFIG STEP``."""

import sys
from dataclasses import replace
from typing import Any

from engagement.app import create_app
from engagement.services.audience.contacts import sync_due
from engagement.services.ports import Toolbox
from engagement.settings import load
from engagement.storage.audience import contacts
from tests.faults.sender import Deadly, around

# The claim is committed and nothing was sent yet; Brevo has it and nothing says so here; that is said, uncommitted.
STEPS = ("claimed", "sent", "finish")


def rigged(tools: Toolbox, step: str) -> Toolbox:
    if step == "finish":
        contacts.finish = around(contacts.finish, after=True)
        return tools
    client: Any = Deadly(tools.contacts, "put", before=step == "claimed", after=step == "sent")
    return replace(tools, contacts=client)


def main(config: str, step: str) -> None:
    app = create_app(load(environ={"ENGAGEMENT_CONFIG": config}))
    with app.app_context():
        sync_due(rigged(app.extensions["engagement"], step))


if __name__ == "__main__":
    main(*sys.argv[1:])
