"""Whether time tells a known address from an unknown one: 1,000 pairs at each door of the newsletter (SEC-50).

    python -m benchmarks.newsletter_answers [--pairs 1000] [--database sqlite:///… | postgresql+psycopg://…]

Prints, for each door, the medians in milliseconds, their difference (5 ms at most), their ratio, and how often a
threshold tells one from the other: 50 % is blind, 55 % the most that is wanted. The threshold is learnt from one half
of the pairs and tried on the other, and the other way round: the best one of the same pairs would flatter itself by
several points where there is nothing to find. The database must be empty, or a new file; it is
brought up to date first.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade

from engagement.app import create_app, make_toolbox
from engagement.domain.newsletter import SignUp
from engagement.domain.sites import Site
from engagement.mail.postmen import MemoryPostman
from engagement.services import newsletter, sites
from engagement.services.audience import wishes
from engagement.settings import load
from engagement.storage.schema import migrations
from engagement.storage.tables import SubscriptionRow

MOST_MS, MOST_TOLD = 5.0, 0.55
Door = Callable[[FlaskClient, str], object]
DOORS: dict[str, Door] = {
    "sign up, JSON": lambda c, email: c.post("/api/v1/sites/bench/newsletter", json={"email": email, "consent": True}),
    "sign up, embed": lambda c, email: c.post("/f/bench?isAjax=1", data={"EMAIL": email, "OPT_IN": "1"}),
    "ask to leave": lambda c, email: c.post("/sites/bench/newsletter/leave", data={"email": email}),
}


def main() -> int:
    given = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    given.add_argument("--pairs", type=int, default=1000)
    given.add_argument("--database", default="")
    asked = given.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        app = _application(asked.database or f"sqlite:///{folder}/bench.sqlite")
        good = [_measured(app, name, door, asked.pairs) for name, door in DOORS.items()]
    return 0 if all(good) else 1


def _application(url: str) -> Flask:
    settings = load(
        environ={
            "ENGAGEMENT_DATABASE__URL": url,
            "ENGAGEMENT_SERVER__SECRET_KEY": "a-key-for-benchmarks-" * 3,
            "ENGAGEMENT_SCREENING__MODEL": "none",
            "ENGAGEMENT_LIMITS__ENABLED": "false",
            "ENGAGEMENT_LIMITS__MAIL_PER_SITE_HOUR": "1000000",
            "ENGAGEMENT_LIMITS__MAIL_PER_HOUR": "1000000",
        }
    )
    app = create_app(settings, replace(make_toolbox(settings), postman=MemoryPostman()))
    with app.app_context():
        upgrade(directory=str(migrations()))
        sites.save_site(app.extensions["engagement"], Site(0, "bench", "Bench", origins=("https://bench.example",)))
    return app


def _measured(app: Flask, name: str, door: Door, pairs: int) -> bool:
    """Known addresses are confirmed ones; both kinds take turns, so that what else the machine does hits both."""
    mark = f"{abs(hash(name)) % 10_000}-{time.time_ns()}"
    known = [f"known{n}-{mark}@readers.example" for n in range(pairs)]
    _confirm(app, known)
    client, times = app.test_client(), ([], [])  # type: tuple[list[float], list[float]]
    for n, email in enumerate(known):
        unknown = f"other{n}-{mark}@readers.example"
        for kind, one in ((0, email), (1, unknown)) if n % 2 else ((1, unknown), (0, email)):
            began = time.perf_counter()
            door(client, one)
            times[kind].append((time.perf_counter() - began) * 1000)
        _carry_out(app)
    first, second = (statistics.median(one) for one in times)
    told = _told(*times)
    good = abs(first - second) <= MOST_MS and told <= MOST_TOLD
    print(
        f"{name:15} known {first:6.2f} ms  unknown {second:6.2f} ms  difference {abs(first - second):5.2f} ms  "
        f"ratio {max(first, second) / min(first, second):4.2f}  told apart {told:4.0%}  {'ok' if good else 'TOO FAR'}"
    )
    return good


def _confirm(app: Flask, emails: Sequence[str]) -> None:
    tools = app.extensions["engagement"]
    with app.app_context():
        site = sites.find_site("bench")
        for email in emails:
            newsletter.sign_up(tools, site, SignUp(email, client="192.0.2.1"))
        _carry_out(app)
        with newsletter.transaction() as session:
            session.query(SubscriptionRow).filter(SubscriptionRow.email.in_(emails)).update({"state": "confirmed"})


def _carry_out(app: Flask) -> None:
    """What the background does between two requests."""
    with app.app_context():
        while wishes.carry_out(app.extensions["engagement"]):
            pass


def _told(known: Sequence[float], unknown: Sequence[float]) -> float:
    """How often a threshold that was learnt from every other pair is right about the rest."""
    right = 0.0
    for learnt, tried in ((0, 1), (1, 0)):
        cut, slower = _learnt(known[learnt::2], unknown[learnt::2])
        share = _right(known[tried::2], unknown[tried::2], cut)
        right += (share if slower else 1 - share) / 2
    return right


def _learnt(known: Sequence[float], unknown: Sequence[float]) -> tuple[float, bool]:
    """The best threshold, and whether unknown addresses are the ones above it."""
    shares = {cut: _right(known, unknown, cut) for cut in (*known, *unknown)}
    cut = max(shares, key=lambda one: abs(shares[one] - 0.5))
    return cut, shares[cut] >= 0.5


def _right(known: Sequence[float], unknown: Sequence[float], cut: float) -> float:
    slow = sum(t > cut for t in unknown) + sum(t <= cut for t in known)
    return slow / (len(known) + len(unknown))


if __name__ == "__main__":
    sys.exit(main())
