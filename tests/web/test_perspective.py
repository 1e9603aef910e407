"""``comments:analyze`` and ``comments:suggestscore`` as Perspective's clients know them, to the letter of their errors."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from werkzeug.test import TestResponse

from engagement.domain.desk.moderators import Scope
from engagement.domain.screening import NotScreened
from engagement.services.desk import keys
from engagement.services.operations.upkeep import tidy
from engagement.services.sites import find_site
from engagement.storage.db import reading
from engagement.storage.tables import SuggestionRow
from engagement.web.perspective.shapes import SHAPES
from tests.fakes import FixedScreener, StoppedClock

ERROR = "type.googleapis.com/google.commentanalyzer.v1alpha1.Error"
INFO = "type.googleapis.com/google.rpc.ErrorInfo"
ENGLISH = "This is what people say about the weather, and it is very nice of them."
ITALIAN = "Grazie per questo articolo, è molto bello e lo leggo sempre volentieri."
GERMAN = "Das ist nicht gut, und ich bin mit der Sache auch nicht zufrieden, aber wir sind noch da."


def key(client: FlaskClient, scope: Scope = Scope.ANALYZE) -> str:
    with client.application.app_context():
        return keys.add(client.application.extensions["engagement"], scope.value, "demo", scope)


@pytest.fixture
def post(client: FlaskClient) -> Callable[..., TestResponse]:
    """Post to a method with a good key."""
    good = key(client)

    def send(body: Any, method: str = "analyze", **headers: str) -> TestResponse:
        return client.post(f"/v1alpha1/comments:{method}?key={good}&alt=json", json=body, headers=headers)

    return send


def asked(text: str = ENGLISH, *attributes: str, **more: Any) -> dict[str, Any]:
    return {"comment": {"text": text}, "requestedAttributes": {name: {} for name in attributes or ("TOXICITY",)}} | more


def error_of(answer: TestResponse) -> dict[str, Any]:
    found: dict[str, Any] = answer.get_json()["error"]
    assert found["code"] == answer.status_code
    return found


def test_a_text_is_scored_on_perspective_s_scale(post: Callable[..., TestResponse], screener: FixedScreener) -> None:
    screener.toxicity = 0.25
    answer = post(asked(clientToken="comment:7"))
    assert answer.status_code == 200
    assert answer.content_type == "application/json; charset=UTF-8"
    score = {"value": 0.25, "type": "PROBABILITY"}
    assert answer.get_json() == {
        "attributeScores": {
            "TOXICITY": {"spanScores": [{"begin": 0, "end": len(ENGLISH), "score": score}], "summaryScore": score}
        },
        "languages": ["en"],
        "detectedLanguages": ["en"],
        "clientToken": "comment:7",
    }
    assert answer.text.startswith('{\n  "attributeScores"')


def test_every_field_of_the_format_is_taken_in_either_spelling(post: Callable[..., TestResponse]) -> None:
    body = {
        "comment": {"text": ENGLISH, "type": "PLAIN_TEXT"},
        "context": {"entries": [{"text": "before", "type": "HTML"}], "article_and_parent_comment": None},
        "requested_attributes": {"TOXICITY": {"scoreType": "PROBABILITY", "score_threshold": 0}, "INSULT": None},
        "languages": ["en"],
        "do_not_store": True,
        "dropUnsupportedAttributes": True,
        "clientToken": "t",
        "sessionId": "s",
        "communityId": "c",
        "spanAnnotations": True,
    }
    assert list(post(body).get_json()["attributeScores"]) == ["TOXICITY"]


def test_the_language_is_found_whatever_the_client_thinks(post: Callable[..., TestResponse]) -> None:
    answer = post(asked(ITALIAN, languages=["en"])).get_json()
    assert (answer["languages"], answer["detectedLanguages"]) == (["en"], ["it"])
    answer = post(asked(ITALIAN, languages=["de"])).get_json()
    assert (answer["languages"], answer["detectedLanguages"]) == (["it"], ["it"])
    answer = post(asked("👍👍👍", languages=["it-IT"])).get_json()
    assert (answer["languages"], answer["detectedLanguages"]) == (["it-IT"], [])


def test_a_threshold_leaves_lower_scores_out(post: Callable[..., TestResponse], screener: FixedScreener) -> None:
    screener.toxicity = 0.5
    body = asked()
    body["requestedAttributes"]["TOXICITY"] = {"scoreThreshold": 0.6}
    assert post(body).get_json() == {"languages": ["en"], "detectedLanguages": ["en"]}
    body["requestedAttributes"]["TOXICITY"] = {"scoreThreshold": 0.5}
    assert "TOXICITY" in post(body).get_json()["attributeScores"]


def test_spans_are_sentences_counted_in_utf_16(post: Callable[..., TestResponse]) -> None:
    text = "It is 😀 good. And this is the second!\n  Third?"
    found = post(asked(text, spanAnnotations=True)).get_json()["attributeScores"]["TOXICITY"]["spanScores"]
    units = text.encode("utf-16-le")
    pieces = [units[2 * s["begin"] : 2 * s["end"]].decode("utf-16-le") for s in found]
    assert pieces == ["It is 😀 good.", "And this is the second!", "Third?"]


@pytest.mark.parametrize("name", ["TOXICITY@6", "TOXICITY_EXPERIMENTAL"])
def test_other_names_of_an_attribute_come_back_as_they_were_sent(name: str, post: Callable[..., TestResponse]) -> None:
    assert list(post(asked(ENGLISH, name)).get_json()["attributeScores"]) == [name]


@pytest.mark.parametrize("name", ["SEVERE_TOXICITY", "FLIRTATION", "REASONING_EXPERIMENTAL"])
def test_an_attribute_without_an_honest_source_is_refused_by_name(name: str, post: Callable[..., TestResponse]) -> None:
    answer = post(asked(ENGLISH, "TOXICITY", name, "THREAT", languages=["en"]))
    assert error_of(answer) == {
        "code": 400,
        "message": f"Attribute {name} does not support request languages: en",
        "status": "INVALID_ARGUMENT",
        "details": [
            {
                "@type": ERROR,
                "errorType": "LANGUAGE_NOT_SUPPORTED_BY_ATTRIBUTE",
                "languageNotSupportedByAttributeError": {
                    "detectedLanguages": ["en"],
                    "requestedLanguages": ["en"],
                    "attribute": name,
                },
            }
        ],
    }


def test_a_client_may_drop_what_is_refused_until_it_is_answered(post: Callable[..., TestResponse]) -> None:
    attributes = ["THREAT", "TOXICITY", "INSULT"]
    while (answer := post(asked(ENGLISH, *attributes))).status_code == 400:
        [detail] = error_of(answer)["details"]
        attributes.remove(detail["languageNotSupportedByAttributeError"]["attribute"])
    assert attributes == ["TOXICITY"]
    dropped = post(asked(ENGLISH, "THREAT", "TOXICITY", dropUnsupportedAttributes=True)).get_json()
    assert list(dropped["attributeScores"]) == ["TOXICITY"]


@pytest.mark.parametrize("languages", [[], ["de"], ["en"]])
def test_a_language_that_the_model_was_not_made_for_is_refused(
    languages: list[str], post: Callable[..., TestResponse]
) -> None:
    found = error_of(post(asked(GERMAN, languages=languages)))
    assert found["message"] == "Attribute TOXICITY does not support request languages: de"
    named = found["details"][0]["languageNotSupportedByAttributeError"]
    assert (named["detectedLanguages"], named["attribute"]) == (["de"], "TOXICITY")
    assert named.get("requestedLanguages", []) == languages


@pytest.mark.parametrize(
    ("body", "kind", "message"),
    [
        (asked(""), "COMMENT_EMPTY", "Comment must be non-empty."),
        (asked(" \n"), "COMMENT_EMPTY", "Comment must be non-empty."),
        ({"requestedAttributes": {"TOXICITY": {}}}, "COMMENT_EMPTY", "Comment must be non-empty."),
        (asked("x" * 20_481), "COMMENT_TOO_LONG", "Comment text too long."),
        (asked("è" * 10_241), "COMMENT_TOO_LONG", "Comment text too long."),
        ({"comment": {"text": ENGLISH}}, "NO_REQUESTED_ATTRIBUTES", "Missing requested_attributes"),
        (asked(ENGLISH, "WIT"), "INVALID_REQUEST", "Unknown requested attribute: WIT"),
        (asked("?!… 12"), "LANGUAGE_DETECTION_FAILED", "Unable to detect language"),
        (asked("Все люди рождаются свободными"), "LANGUAGE_DETECTION_FAILED", "Unable to detect language"),
        (
            asked(comment={"text": ENGLISH, "type": "HTML"}),
            "INVALID_REQUEST",
            "Currently, only 'PLAIN_TEXT' comments are supported",
        ),
        (
            asked(requestedAttributes={"TOXICITY": {"scoreType": "PERCENTILE"}}),
            "INVALID_REQUEST",
            "Requested score type PERCENTILE is not supported by attribute TOXICITY",
        ),
    ],
)
def test_a_request_that_cannot_be_answered_is_told_why(
    body: dict[str, Any], kind: str, message: str, post: Callable[..., TestResponse]
) -> None:
    details = [{"@type": ERROR, "errorType": kind}]
    wanted = {"code": 400, "message": message, "status": "INVALID_ARGUMENT", "details": details}
    assert error_of(post(body)) == wanted


def test_20_480_bytes_are_not_too_long(post: Callable[..., TestResponse]) -> None:
    assert post(asked(("it is " * 4_000)[:20_480])).status_code == 200


@pytest.mark.parametrize(
    ("body", "message", "field"),
    [
        (asked(colour="red"), 'Invalid JSON payload received. Unknown name "colour": Cannot find field.', None),
        (
            asked(comment={"body": "x"}),
            "Invalid JSON payload received. Unknown name \"body\" at 'comment': Cannot find field.",
            "comment",
        ),
        (asked(doNotStore="yes"), "Invalid value at 'do_not_store' (TYPE_BOOL), \"yes\"", "do_not_store"),
        (asked(comment={"text": 7}), "Invalid value at 'comment.text' (TYPE_STRING), 7", "comment.text"),
    ],
)
def test_a_body_of_another_shape_names_the_field(
    body: dict[str, Any], message: str, field: str | None, post: Callable[..., TestResponse]
) -> None:
    found = error_of(post(body))
    assert (found["message"], found["status"]) == (message, "INVALID_ARGUMENT")
    [violation] = found["details"][0]["fieldViolations"]
    assert (violation.get("field"), violation["description"]) == (field, message)


@pytest.mark.parametrize("raw", [b"{", b"[]", b'"x"', b"\xff", b'{"comment": {"text": "\\ud800"}}'])
def test_bytes_that_are_no_json_object_are_refused(raw: bytes, client: FlaskClient) -> None:
    answer = client.post(f"/v1alpha1/comments:analyze?key={key(client)}", data=raw)
    found = error_of(answer)
    assert found["status"] == "INVALID_ARGUMENT"
    assert found["message"].startswith("Invalid JSON payload received.")


def test_without_a_key_with_a_wrong_one_and_with_one_of_another_purpose(client: FlaskClient) -> None:
    url = "/v1alpha1/comments:analyze"
    found = error_of(client.post(url, json=asked()))
    assert (found["code"], found["status"]) == (403, "PERMISSION_DENIED")
    assert found["message"].startswith("Method doesn't allow unregistered callers")
    assert error_of(client.post(f"{url}?key=AIza-no", json=asked())) == {
        "code": 400,
        "message": "API key not valid. Please pass a valid API key.",
        "status": "INVALID_ARGUMENT",
        "details": [
            {
                "@type": INFO,
                "reason": "API_KEY_INVALID",
                "domain": "googleapis.com",
                "metadata": {"service": "commentanalyzer.googleapis.com"},
            }
        ],
    }
    found = error_of(client.post(f"{url}?key={key(client, Scope.MODERATE)}", json=asked()))
    assert (found["code"], found["details"][0]["reason"]) == (403, "API_KEY_SERVICE_BLOCKED")
    good = {"X-Goog-Api-Key": key(client)}
    assert client.post(url, json=asked(), headers=good).status_code == 200


def test_a_revoked_key_is_not_valid(client: FlaskClient) -> None:
    shown = key(client)
    with client.application.app_context():
        keys.revoke(client.application.extensions["engagement"], "analyze", "demo")
    assert client.post(f"/v1alpha1/comments:analyze?key={shown}", json=asked()).status_code == 400


def test_too_many_calls_with_one_key(make_client: Callable[..., FlaskClient]) -> None:
    client = make_client(limits__enabled="true", limits__analyze="2 per minute")
    url = f"/v1alpha1/comments:analyze?key={key(client)}"
    assert [client.post(url, json=asked()).status_code for _ in range(2)] == [200, 200]
    answer = client.post(url, json=asked(), environ_overrides={"REMOTE_ADDR": "192.0.2.9"})
    found = error_of(answer)
    assert (found["code"], found["status"]) == (429, "RESOURCE_EXHAUSTED")
    assert found["message"].startswith(
        "Quota exceeded for quota metric 'Analysis requests (AnalyzeComment)' and limit "
        "'Analysis requests (AnalyzeComment) per minute' of service 'commentanalyzer.googleapis.com' for consumer "
    )
    info, more = found["details"]
    assert (info["@type"], info["reason"], info["domain"]) == (INFO, "RATE_LIMIT_EXCEEDED", "googleapis.com")
    assert info["metadata"]["quota_limit"] == "AnalyzeRequestsPerMinutePerProject"
    assert info["metadata"]["quota_limit_value"] == "2"
    assert info["metadata"]["quota_metric"] == "CommentAnalyzerService/analyze_requests"
    assert more["@type"] == "type.googleapis.com/google.rpc.Help"
    assert int(answer.headers["Retry-After"]) > 0


def test_without_a_model_the_service_is_unavailable(post: Callable[..., TestResponse], screener: FixedScreener) -> None:
    screener.toxicity = NotScreened("missing", detail="a secret of the log")
    answer = post(asked())
    assert error_of(answer) == {
        "code": 503,
        "message": "The service is currently unavailable.",
        "status": "UNAVAILABLE",
    }


def test_our_own_web_tier_gets_the_model_s_own_scores_beside(
    post: Callable[..., TestResponse], screener: FixedScreener
) -> None:
    screener.answers = {"name of the author": 0.875}
    body = asked(GERMAN, "TOXICITY", "THREAT", context={"entries": [{"text": "name of the author"}]})
    assert post(body).status_code == 400
    answer = post(body, **{"Engagement-Raw": "1"}).get_json()
    assert screener.seen[-1] == (GERMAN, "name of the author")
    thresholds = {"holdAt": {"toxicity": 0.6}, "rejectAt": {"toxicity": 0.95}}
    assert answer["engagement"] == {"model": "fixed@1", "scores": {"toxicity": 0.875}, "thresholds": thresholds}
    assert answer["attributeScores"]["TOXICITY"]["summaryScore"]["value"] == 0.875


def test_pages_of_any_origin_may_call(client: FlaskClient) -> None:
    url = f"/v1alpha1/comments:analyze?key={key(client)}"
    ask = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "POST"}
    preflight = client.options(url, headers=ask)
    assert preflight.status_code == 200
    assert preflight.headers["Access-Control-Allow-Origin"] == "*"
    assert preflight.headers["Access-Control-Allow-Methods"] == "GET, POST"
    for answer in (client.post(url, json=asked(), headers=ask), client.post(url, json={}, headers=ask)):
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in answer.headers


def of_toxicity(found: dict[str, Any]) -> dict[str, Any]:
    return {"attributeScores": {"TOXICITY": found}}


@pytest.mark.parametrize(
    ("mask", "wanted"),
    [
        ("languages", {"languages": ["en"]}),
        ("detected_languages, clientToken", {"detectedLanguages": ["en"], "clientToken": "t"}),
        ("attributeScores.TOXICITY.summaryScore.value", of_toxicity({"summaryScore": {"value": 0.25}})),
        ("attributeScores(TOXICITY/summaryScore(type))", of_toxicity({"summaryScore": {"type": "PROBABILITY"}})),
        ("attributeScores/*/spanScores(begin,end)", of_toxicity({"spanScores": [{"begin": 0, "end": len(ENGLISH)}]})),
        ("attributeScores/INSULT", {"attributeScores": {}}),
    ],
)
def test_only_the_parts_that_are_wanted_are_answered(
    mask: str, wanted: Any, client: FlaskClient, screener: FixedScreener
) -> None:
    screener.toxicity = 0.25
    url, sent = f"/v1alpha1/comments:analyze?key={key(client)}", asked(clientToken="t")
    by_header = client.post(url, json=sent, headers={"X-Goog-FieldMask": mask})
    by_query = client.post(f"{url}&fields={quote(mask)}", json=sent)
    for answer in (by_header, by_query):
        assert (answer.status_code, answer.get_json()) == (200, wanted)


def test_all_parts_are_answered_where_all_are_wanted(client: FlaskClient) -> None:
    url = f"/v1alpha1/comments:analyze?key={key(client)}"
    whole = client.post(url, json=asked()).get_json()
    for mask in ("*", "", "attributeScores(*),languages,detectedLanguages"):
        assert client.post(url, json=asked(), headers={"X-Goog-FieldMask": mask}).get_json() == whole


@pytest.mark.parametrize(
    ("mask", "path"),
    [
        ("languages,scores", "scores"),
        ("attributeScores(TOXICITY(value))", "attributeScores.TOXICITY.value"),
        ("languages/it", "languages.it"),
        ("attributeScores(TOXICITY", "attributeScores(TOXICITY"),
        ("languages)", "languages)"),
    ],
)
def test_a_part_that_no_answer_has_is_refused_in_google_s_words(
    mask: str, path: str, client: FlaskClient, post: Callable[..., TestResponse]
) -> None:
    text = f"Error expanding 'fields' parameter. Cannot find matching fields for path '{path}'."
    violation = {"field": mask, "description": text}
    assert error_of(post(asked(), **{"X-Goog-FieldMask": mask})) == {
        "code": 400,
        "message": "Request contains an invalid argument.",
        "status": "INVALID_ARGUMENT",
        "details": [{"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation]}],
    }
    assert post(correction(), "suggestscore", **{"X-Goog-FieldMask": mask}).status_code == 400
    assert kept(client) == []


@given(mask=st.text(alphabet="ab*,./() @TOXICITYlanguages", max_size=40))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_mask_breaks_the_door(mask: str, post: Callable[..., TestResponse]) -> None:
    assert post(asked(), **{"X-Goog-FieldMask": mask}).status_code in {200, 400}


def test_what_is_not_there_is_refused_in_google_s_words_too(client: FlaskClient) -> None:
    for method, path, code, status in (
        ("POST", "comments:rate", 404, "NOT_FOUND"),
        ("GET", "comments:analyze", 405, "UNIMPLEMENTED"),
    ):
        answer = client.open(f"/v1alpha1/{path}", method=method, headers={"Origin": "https://elsewhere.example"})
        found = error_of(answer)
        assert (found["code"], found["status"]) == (code, status)
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert set(answer.headers["Allow"].split(", ")) == {"OPTIONS", "POST"}


def test_an_analyzed_text_is_not_kept(client: FlaskClient, post: Callable[..., TestResponse]) -> None:
    post(asked("Some secret words about it", doNotStore=False))
    assert kept(client) == []


def correction(**more: Any) -> dict[str, Any]:
    """As Coral sends it after a moderator decided."""
    context = json.dumps({"url": "https://blog.example/a", "Coral_comment_id": "c1"})
    return {
        "comment": {"text": ITALIAN},
        "context": {"entries": [{"text": context}]},
        "attributeScores": {"TOXICITY": {"summaryScore": {"value": 1}}},
        "languages": ["en"],
        "communityId": "Coral:https://blog.example",
        "clientToken": "comment:c1",
    } | more


def kept(client: FlaskClient) -> list[Any]:
    with client.application.app_context(), reading() as session:
        return list(session.scalars(select(SuggestionRow).where(SuggestionRow.site_id == find_site("demo").id)))


def test_a_suggestion_is_kept_for_its_site(client: FlaskClient, post: Callable[..., TestResponse]) -> None:
    answer = post(correction(), "suggestscore")
    assert (answer.status_code, answer.get_json()) == (
        200,
        {"detectedLanguages": ["it"], "requestedLanguages": ["en"], "clientToken": "comment:c1"},
    )
    [found] = kept(client)
    assert (found.text, found.scores) == (ITALIAN, {"TOXICITY": {"summary": 1, "spans": []}})
    assert (found.community, found.token) == ("Coral:https://blog.example", "comment:c1")


def test_a_suggestion_with_do_not_store_keeps_no_text(client: FlaskClient, post: Callable[..., TestResponse]) -> None:
    spans = {"spanScores": [{"begin": 0, "end": 6, "score": {"value": 0.5}}]}
    answer = post(correction(doNotStore=True, attributeScores={"INSULT": spans}), "suggestscore")
    assert answer.status_code == 200
    [found] = kept(client)
    assert (found.text, found.scores) == ("", {"INSULT": {"summary": None, "spans": [[0, 6, 0.5]]}})


def test_old_suggestions_are_forgotten(
    client: FlaskClient, post: Callable[..., TestResponse], clock: StoppedClock
) -> None:
    post(correction(), "suggestscore")
    clock.move(days=366)
    with client.application.app_context():
        tidy(client.application.extensions["engagement"])
    assert kept(client) == []


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        ({}, "Missing attribute_scores"),
        ({"WIT": {"summaryScore": {"value": 1}}}, "Unknown attribute: WIT"),
        ({"TOXICITY": {}}, "Invalid scores for attribute: TOXICITY"),
        ({"TOXICITY": {"summaryScore": {}}}, "Invalid scores for attribute: TOXICITY"),
        ({"TOXICITY": {"summaryScore": {"value": 1.5}}}, "Invalid scores for attribute: TOXICITY"),
        ({"TOXICITY": {"spanScores": [{"end": 3, "score": {"value": 1}}]}}, "Invalid scores for attribute: TOXICITY"),
    ],
)
def test_a_suggestion_without_scores_is_refused(
    scores: dict[str, Any], message: str, client: FlaskClient, post: Callable[..., TestResponse]
) -> None:
    found = error_of(post(correction(attributeScores=scores), "suggestscore"))
    assert (found["message"], found["details"][0]["errorType"]) == (message, "INVALID_REQUEST")
    assert kept(client) == []


def test_a_suggestion_may_hold_any_character(client: FlaskClient, post: Callable[..., TestResponse]) -> None:
    body = correction(comment={"text": f"{ITALIAN}\0 😀"}, clientToken="a\0b" * 1_000, languages=["\0"])
    assert post(body, "suggestscore").status_code == 200
    [found] = kept(client)
    assert (found.text, len(found.token)) == (f"{ITALIAN} 😀", 500)


_NAMES = sorted({name for shape in SHAPES.values() for name in shape} | {"TOXICITY", "x", "requested_attributes", ""})
_VALUES = (
    st.none() | st.booleans() | st.integers() | st.just(10**400) | st.floats(allow_nan=False, allow_infinity=False)
)
_JSON = st.recursive(
    _VALUES | st.text(alphabet=st.characters(exclude_categories=("Cs",)), max_size=20) | st.just(ITALIAN),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_NAMES), inner, max_size=5),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    base=st.booleans(), name=st.sampled_from(_NAMES), value=_JSON, method=st.sampled_from(["analyze", "suggestscore"])
)
def test_no_request_breaks_the_door(
    base: bool, name: str, value: Any, method: str, post: Callable[..., TestResponse]
) -> None:
    good = asked() if method == "analyze" else correction()
    answer = post((good if base else {}) | {name: value}, method)
    assert answer.status_code in {200, 400}
    assert answer.is_json
