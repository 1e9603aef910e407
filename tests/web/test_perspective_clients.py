"""The client that Google publishes, built from our discovery document, over real HTTP."""

import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.serving import make_server

from engagement.app import create_analyzer, create_app, make_toolbox
from engagement.domain.desk.moderators import Scope
from engagement.domain.screening import NotScreened
from engagement.screening import embedded
from engagement.screening.remote import RemoteModel
from engagement.services.desk import keys
from engagement.settings import Settings, SettingsError, load
from engagement.storage.db import db
from tests.fakes import FixedScreener, StoppedClock

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # theirs, about Python versions to come
    from googleapiclient import discovery
    from googleapiclient.errors import HttpError

TEXT = "This is what people say about the weather. You are a stupid idiot and I hate you."


@pytest.fixture
def serve() -> Iterator[Callable[[Flask], str]]:
    """Serve an application on a free port; its address."""
    running = []

    def start(app: Flask) -> str:
        server = make_server("127.0.0.1", 0, app, threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        running.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server, thread in running:
        server.shutdown()
        thread.join()
        server.server_close()
        if "sqlalchemy" in server.app.extensions:
            with server.app.app_context():
                db.engine.dispose()


def settings_for(database_url: str, **more: str) -> Settings:
    environ = {"DATABASE__URL": database_url, "SERVER__SECRET_KEY": "k" * 40, "LIMITS__ENABLED": "false"}
    given = environ | {name.upper(): value for name, value in more.items()}
    return load(environ={f"ENGAGEMENT_{name}": value for name, value in given.items()})


@pytest.fixture
def key(app: Flask) -> str:
    return keys.add(app.extensions["engagement"], "old client", "demo", Scope.ANALYZE)


def client_of(base: str, key: str) -> Any:
    url = f"{base}/$discovery/rest?version={{apiVersion}}"
    return discovery.build(
        "commentanalyzer", "v1alpha1", developerKey=key, discoveryServiceUrl=url, static_discovery=False
    )


def test_google_s_client_gets_scores_of_the_embedded_model(
    app: Flask, key: str, database_url: str, serve: Callable[[Flask], str]
) -> None:
    with client_of(serve(create_analyzer(settings_for(database_url))), key) as client:
        body = {"comment": {"text": TEXT}, "requestedAttributes": {"TOXICITY": {}}, "spanAnnotations": True}
        answer = client.comments().analyze(body=body).execute()
        assert answer["detectedLanguages"] == ["en"]
        found = answer["attributeScores"]["TOXICITY"]
        harmless, insult = found["spanScores"]
        assert TEXT[harmless["begin"] : harmless["end"]] == "This is what people say about the weather."
        assert harmless["score"]["value"] < 0.3
        assert 0.8 < insult["score"]["value"] <= 1
        assert found["summaryScore"]["type"] == "PROBABILITY"
        told = {"comment": {"text": TEXT}, "attributeScores": {"TOXICITY": {"summaryScore": {"value": 1}}}}
        told["clientToken"] = "7"
        assert client.comments().suggestscore(body=told).execute()["clientToken"] == "7"


def test_google_s_client_reads_the_details_of_our_errors(
    app: Flask, key: str, database_url: str, serve: Callable[[Flask], str]
) -> None:
    base = serve(create_analyzer(settings_for(database_url)))
    body: dict[str, Any] = {"comment": {"text": TEXT}, "requestedAttributes": {"FLIRTATION": {}}}
    with client_of(base, key) as client, pytest.raises(HttpError) as caught:
        client.comments().analyze(body=body).execute()
    assert caught.value.status_code == 400
    assert caught.value.reason == "Attribute FLIRTATION does not support request languages: en"
    [detail] = caught.value.error_details
    assert detail["languageNotSupportedByAttributeError"]["attribute"] == "FLIRTATION"
    with client_of(base, "AIza-wrong") as client, pytest.raises(HttpError) as caught:
        client.comments().analyze(body=body).execute()
    assert caught.value.reason == "API key not valid. Please pass a valid API key."


def test_the_whole_service_serves_the_same_door_at_its_public_address(
    app: Flask, key: str, database_url: str, serve: Callable[[Flask], str]
) -> None:
    served = create_app(settings_for(database_url))
    base = serve(served)
    tools = served.extensions["engagement"]
    document = served.test_client().get("/$discovery/rest?version=v1alpha1").get_json()
    assert document["rootUrl"] == f"{tools.settings.server.public_url}/"
    client = discovery.build_from_document(document | {"rootUrl": f"{base}/"}, developerKey=key)
    body = {"comment": {"text": TEXT}, "requestedAttributes": {"TOXICITY": {}}}
    assert "TOXICITY" in client.comments().analyze(body=body).execute()["attributeScores"]
    client.close()
    assert served.test_client().get("/$discovery/rest?version=v2").status_code == 404


def test_a_model_is_the_same_wherever_it_runs(
    app: Flask, key: str, database_url: str, serve: Callable[[Flask], str]
) -> None:
    here = embedded.load()
    texts = [
        TEXT,
        "Grazie, è molto bello!",
        "Anna",
        "Das ist nicht gut, und ich bin auch nicht da.",
        "x" * 30_000,
        "👍",
    ]
    with closing(RemoteModel(serve(create_analyzer(settings_for(database_url))), key, 30.0)) as there:
        for text in texts:
            assert there.screen([text, "Anna"]) == here.screen([text, "Anna"])
        assert there.score_each(texts) == here.score_each(texts)


def test_an_open_analyzer_needs_neither_key_nor_database(tmp_path: Path) -> None:
    nowhere = f"sqlite:///{tmp_path}/none/none.sqlite"
    client = create_analyzer(settings_for(nowhere, analyzer__open="true")).test_client()
    body = {"comment": {"text": TEXT}, "requestedAttributes": {"TOXICITY": {}}}
    assert client.post("/v1alpha1/comments:analyze", json=body).status_code == 200
    told = {"comment": {"text": TEXT}, "attributeScores": {"TOXICITY": {"summaryScore": {"value": 1}}}}
    assert client.post("/v1alpha1/comments:suggestscore", json=told).status_code == 403
    assert client.get("/health/ready").get_json()["ready"] is True
    assert b"engagement_requests_total" in client.get("/metrics").data
    assert not (tmp_path / "none").exists()


def test_what_an_analyzer_does_not_serve_is_refused_in_google_s_words(tmp_path: Path) -> None:
    client = create_analyzer(settings_for("sqlite:///x", analyzer__open="true")).test_client()
    for path in ("/api/v1/sites/demo/comments", "/desk/", "/nothing"):
        answer = client.get(path, headers={"Origin": "https://blog.example"})
        assert (answer.status_code, answer.get_json()["error"]["status"]) == (404, "NOT_FOUND")
    assert client.get("/v1alpha1/comments:analyze").status_code == 405
    answer = client.post("/v1alpha1/comments:analyze", data=b" " * 300_000)
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (413, 413)


def test_an_analyzer_without_a_model_is_not_ready(database_url: str, clock: StoppedClock) -> None:
    settings = settings_for(database_url)
    tools = replace(make_toolbox(settings), screener=FixedScreener(NotScreened("missing")))
    app = create_analyzer(settings, tools)
    answer = app.test_client().get("/health/ready")
    assert (answer.status_code, answer.get_json()["missing"]) == (503, ["model"])
    with app.app_context():
        db.engine.dispose()


def test_an_analyzer_does_not_ask_another_one() -> None:
    settings = settings_for("sqlite:///x", screening__model="remote", screening__remote_url="http://localhost:1")
    with pytest.raises(SettingsError, match="model of its own"):
        create_analyzer(settings)
