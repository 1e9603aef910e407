"""``/health/live``, ``/health/ready`` and ``/metrics``."""

from collections.abc import Callable

from flask import Blueprint, Flask, Response, current_app, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, generate_latest

from engagement.services.operations.health import DEGRADED, MODEL, STORE, ModelWatch, missing
from engagement.services.ports import Toolbox
from engagement.web import limits
from engagement.web.answers import as_json
from engagement.web.house import toolbox

blueprint = Blueprint("health", __name__)


def register(app: Flask, lacking: Callable[[Toolbox], list[str]] = missing) -> None:
    """Count answers by route and status, in a registry of this application's own.

    ``lacking`` names what this kind of process needs beside the limits' store and the model.
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
    app.extensions["engagement-model-watch"] = ModelWatch()

    def metrics() -> Response:
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)

    app.add_url_rule("/metrics", "metrics", metrics)
    app.register_blueprint(blueprint)


@blueprint.get("/health/live")
def live() -> Response:
    """200 while the process serves; touches nothing else."""
    return as_json({"status": "live"}, 200)


@blueprint.get("/health/ready")
def ready() -> Response:
    """200 when nothing is missing, else 503 with the list of what is; names the model.

    ``degraded`` are those of ``missing`` without which readers are still answered: limits are then counted in each
    process, comments wait for a person, mails and second screenings for a worker.
    """
    tools = toolbox()
    lacking = current_app.extensions["engagement-lacking"](tools)
    lacking += [] if limits.store_answers() else [STORE]
    lacking += [] if MODEL in lacking or _watch().answers(tools) else [MODEL]
    body = {
        "ready": not lacking,
        "missing": lacking,
        "degraded": [name for name in lacking if name in DEGRADED],
        "model": tools.screener.model,
    }
    return as_json(body, 503 if lacking else 200)


def _watch() -> ModelWatch:
    watch: ModelWatch = current_app.extensions["engagement-model-watch"]
    return watch
