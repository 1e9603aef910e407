"""A background worker whose model kills the whole process at a certain word. Run by ``test_poison`` as a program.

``python -m tests.faults.poisoned DATABASE_URL MINUTES``: one sweep, that much after the stopped clock's hour; prints
how many comments were tried.
"""

import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace

from engagement.app import create_app, make_toolbox
from engagement.domain.screening import Screening, Span
from engagement.mail.postmen import MemoryPostman
from engagement.services.discussion.explaining import explain_held
from engagement.services.screening import screen_waiting
from engagement.settings import load
from tests.fakes import FixedScreener, StoppedClock

POISON = "veleno"


def _die_of(text: str) -> None:
    if POISON in text:
        os.kill(os.getpid(), signal.SIGKILL)


class Deadly(FixedScreener):
    def screen(self, texts: Sequence[str]) -> Screening:
        _die_of(" ".join(texts))
        return Screening(self.model, {"toxicity": 0.01})

    def explain(self, text: str) -> list[Span]:
        _die_of(text)
        return [Span(0, 1, "toxicity", 1.0)]


def main(url: str, minutes: str) -> None:
    settings = load(environ={"ENGAGEMENT_DATABASE__URL": url, "ENGAGEMENT_SERVER__SECRET_KEY": "a-key-for-tests-" * 3})
    clock, deadly = StoppedClock(), Deadly()
    clock.move(minutes=float(minutes))
    tools = replace(make_toolbox(settings), clock=clock, screener=deadly, explainer=deadly, postman=MemoryPostman())
    app = create_app(settings, tools)
    with app.app_context():
        tried = screen_waiting(app.extensions["engagement"]) + explain_held(app.extensions["engagement"])
    sys.stdout.write(f"tried {tried}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
