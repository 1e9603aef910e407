"""``/embed.js`` and its name with a hash."""

from flask.testing import FlaskClient

from engagement.web.embed.script import script


def test_the_named_script_is_the_same_and_never_changes(client: FlaskClient) -> None:
    short, named = client.get("/embed.js"), client.get(f"/{script().name}")
    assert named.data == short.data
    assert named.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert named.headers["Access-Control-Allow-Origin"] == "*"
    assert named.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert short.headers["Cache-Control"] == "public, max-age=3600"


def test_another_hash_is_not_found(client: FlaskClient) -> None:
    assert client.get("/embed.0123456789abcdef.js").status_code == 404


def test_a_browser_that_has_the_script_is_told_so(client: FlaskClient) -> None:
    tag = client.get("/embed.js").headers["ETag"]
    assert client.get("/embed.js", headers={"If-None-Match": tag}).status_code == 304


def test_the_script_holds_no_comments_and_no_indentation(client: FlaskClient) -> None:
    lines = client.get("/embed.js").text.splitlines()
    assert not [line for line in lines if line.startswith((" ", "//", "/*"))]
