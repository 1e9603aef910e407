"""Statistics: how many comments of one's sites there are, by status, by language and per day."""

from dataclasses import dataclass

from flask import Response

from engagement.domain.comments import Status
from engagement.domain.messages import N_
from engagement.domain.sites import Site
from engagement.language import say
from engagement.services.discussion import statistics
from engagement.web.desk import room
from engagement.web.desk.reading import STATUSES, frame
from engagement.web.house import toolbox

DAYS = 30
TOO_SHORT = N_("too short to tell")

Lines = list[tuple[str, int]]


@dataclass(frozen=True)
class Numbers:
    """A site's comments as words and counts; ``days`` are of the last 30, the newest first, without empty ones."""

    site: Site
    statuses: Lines
    languages: Lines
    days: Lines


@room.blueprint.get("/statistics")
def numbers() -> Response:
    session = room.present()
    found = [_numbers(site) for site in session.sites]
    return room.show("statistics", room="statistics", **frame(session), found=found, most_days=DAYS)


def _numbers(site: Site) -> Numbers:
    counted, tongue = statistics.volume(toolbox(), site, DAYS), room.language()
    return Numbers(
        site,
        [(say(STATUSES[Status(status)], tongue), count) for status, count in counted.statuses.items()],
        [(language or say(TOO_SHORT, tongue), count) for language, count in counted.languages.items()],
        sorted(counted.days.items(), reverse=True),
    )
