"""``/health/live``, ``/health/ready`` and ``/metrics``."""

import json
from collections.abc import Callable

from flask import Blueprint, Flask, Response, current_app, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, generate_latest

from engagement.services.health import missing
from engagement.services.ports import Toolbox
from engagement.web import limits
from engagement.web.house import toolbox

blueprint = Blueprint("health", __name__)


def register(app: Flask, lacking: Callable[[Toolbox], list[str]] = missing) -> None:
    """Count answers by route and status, in a registry of this application's own.

    ``lacking`` names what keeps this kind of process from being ready.
    """
    app.extensions["engagement-lacking"] = lacking
    registry = CollectorRegistry()
    counter = Counter(
        "engagement_requests_total", "Answers by route and status.", ["route", "status"], registry=registry
    )

    def count(answer: Response) -> Response:
        route = request.url_rule.rule if request.url_rule else "none"
        counter.labels(route, str(answer.status_code)).inc()
        return answer

    app.after_request(count)
    app.extensions["engagement-metrics"] = registry

    def metrics() -> Response:
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)

    app.add_url_rule("/metrics", "metrics", metrics)
    app.register_blueprint(blueprint)


@blueprint.get("/health/live")
def live() -> Response:
    """200 while the process serves; touches nothing else."""
    return _json({"status": "live"}, 200)


@blueprint.get("/health/ready")
def ready() -> Response:
    """200 when ready, else 503 with what is missing; names the model.

    ``degraded`` names what the service does without: a lost limiter store is answered from memory.
    """
    tools = toolbox()
    lacking = current_app.extensions["engagement-lacking"](tools)
    degraded = [] if limits.store_answers() else ["limiter-store"]
    body = {"ready": not lacking, "missing": lacking, "degraded": degraded, "model": tools.screener.model}
    return _json(body, 503 if lacking else 200)


def _json(body: object, status: int) -> Response:
    return Response(json.dumps(body), status, content_type="application/json")
