"""The OpenAPI document and the pages that explain."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from engagement.web.problems import EXPLANATIONS, TITLES

POST = "/api/v1/sites/{site}/comments"


@pytest.fixture
def spec(client: FlaskClient) -> Any:
    return client.get("/api/openapi.json").get_json()


def test_the_document_describes_what_a_comment_meets(spec: Any) -> None:
    assert spec["openapi"].startswith("3.1")
    answers = spec["paths"][POST]["post"]["responses"]
    assert set(answers) == {"201", "202", "400", "403", "404", "409", "413", "415", "422", "429", "503"}
    form = spec["components"]["schemas"]["SubmissionForm"]
    assert form["required"] == ["author", "body", "page_url"]
    assert form["properties"]["author"]["maxLength"] == 245
    assert form["additionalProperties"] is False


def test_every_reference_of_the_document_leads_somewhere(spec: Any) -> None:
    found = set(_references(spec))
    lost = [name for name in found if not name.startswith("#/") or not isinstance(_at(spec, name), dict)]
    assert lost == []
    assert {"#/components/schemas/SubmissionForm", "#/components/schemas/Receipt"} <= found


def test_a_reference_that_leads_nowhere_is_found(spec: Any) -> None:
    assert _at(spec, "#/components/schemas/Nothing") is None
    assert _references({"a": [{"$ref": "#/x"}], "$ref": {"$ref": "#/y"}}) == ["#/x", "#/y"]


def test_answers_have_the_described_shape(client: FlaskClient, spec: Any) -> None:
    body = {"page_url": "https://blog.example/a", "author": "Anna", "body": "Un articolo chiaro."}
    given = client.post("/api/v1/sites/demo/comments", json=body).get_json()
    thread = client.get("/api/v1/sites/demo/comments", query_string={"page_url": body["page_url"]}).get_json()
    shapes = spec["components"]["schemas"]
    assert set(given) == set(shapes["Receipt"]["properties"])
    assert set(given["comment"]) == set(shapes["Comment"]["properties"])
    assert set(thread) == set(shapes["Thread"]["properties"])


def test_the_docs_page_lists_every_operation_without_scripts(client: FlaskClient, spec: Any) -> None:
    page = client.get("/api/docs")
    assert page.status_code == 200
    assert "<script" not in page.text
    for path in spec["paths"]:
        assert path in page.text


@pytest.mark.parametrize("slug", sorted(TITLES))
def test_every_problem_has_a_page_in_both_languages(client: FlaskClient, slug: str) -> None:
    page = client.get(f"/problems/{slug}")
    assert page.status_code == 200
    assert 'lang="it"' in page.text
    assert TITLES[slug] in page.text
    assert slug in EXPLANATIONS


def _at(spec: Any, reference: str) -> Any:
    place = spec
    for part in reference.removeprefix("#/").split("/"):
        place = place.get(part, {})
    return place or None


@pytest.mark.parametrize(
    ("path", "accept", "mimetype"),
    [
        ("/nothing", "text/html,application/xhtml+xml,*/*;q=0.8", "text/html"),
        ("/nothing", "*/*", "application/problem+json"),
        ("/nothing", "application/json, text/html;q=0.5", "application/problem+json"),
        ("/nothing", "", "application/problem+json"),
        ("/api/v1/sites/nobody/comments/preview", "text/html", "application/problem+json"),
        ("/api/nothing", "text/html", "application/problem+json"),
    ],
)
def test_whoever_browses_meets_a_page_and_a_program_the_problem(
    client: FlaskClient, path: str, accept: str, mimetype: str
) -> None:
    answer = client.get(path, headers={"Accept": accept, "Accept-Language": "it"})
    assert answer.status_code in {404, 405}
    assert answer.mimetype == mimetype
    if mimetype == "text/html":
        assert "A questo indirizzo non c’è nulla." in answer.text
        assert "style-src 'self'" in answer.headers["Content-Security-Policy"]


def _references(value: Any) -> list[str]:
    if isinstance(value, list):
        return [name for part in value for name in _references(part)]
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [name for part in value.values() for name in _references(part)]
    return []
