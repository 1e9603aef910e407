"""Proof of work in ALTCHA's second format: what is asked, and whether an answer is right. Being used once is ours."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from altcha import Payload, create_challenge, verify_solution

from engagement.domain.messages import N_
from engagement.domain.sites import Site
from engagement.services.discussion import challenges
from engagement.web.forms import Wrong
from engagement.web.house import client, toolbox

SOLVE = N_("Please let your browser solve the small challenge first, then send it again.")
ALGORITHM = "PBKDF2/SHA-256"  # what browsers have built in
PREFIX = "00"  # 256 tries on average
MOST_PAYLOAD = 4_096  # characters


def issue(site: Site) -> Mapping[str, Any]:
    """A signed challenge for this site."""
    tools = toolbox()
    until = tools.clock.now() + timedelta(minutes=tools.settings.spam.challenge_minutes)
    made: dict[str, Any] = create_challenge(
        ALGORITHM,
        tools.settings.spam.challenge_cost,
        key_prefix=PREFIX,
        expires_at=until,
        data={"site": site.key},
        hmac_secret=_secret(),
    ).to_dict()
    return made


def check(payload: str, site: Site) -> str:
    """The nonce to be spent, where this client has to solve a challenge; "" where it need not.

    Raises ``Wrong`` for a missing or wrong answer, and for one that is not this site's.
    """
    if not challenges.demanded(toolbox(), site, client()):
        return ""
    nonce = solved(payload, site)
    if not nonce:
        raise Wrong(SOLVE)
    return nonce


def solved(payload: str, site: Site) -> str:
    """The nonce of a challenge that was solved, or ""."""
    if not payload or len(payload) > MOST_PAYLOAD or not verify_solution(payload, _secret()).verified:
        return ""
    parameters = Payload.from_base64(payload).challenge.parameters
    return parameters.nonce if (parameters.data or {}).get("site") == site.key else ""


def _secret() -> str:
    return hmac.new(toolbox().secret, b"challenge", hashlib.sha256).hexdigest()
