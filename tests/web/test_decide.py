"""``/decide/{token}``: a look changes nothing, a press decides once."""

from flask.testing import FlaskClient

from tests.fakes import FixedScreener


def link(client: FlaskClient, screener: FixedScreener) -> str:
    screener.toxicity = 0.7
    body = {"page_url": "https://blog.example/a", "author": "Anna", "body": "Parole da leggere."}
    comment = client.post("/api/v1/sites/demo/comments", json=body).get_json()["comment"]["id"]
    tools = client.application.extensions["engagement"]
    return "/decide/" + str(tools.links.decide(comment, 1, "autore@demo.example")).rpartition("/")[2]


def published(client: FlaskClient) -> int:
    url = "/api/v1/sites/demo/comments?page_url=https://blog.example/a"
    return int(client.get(url).get_json()["count"])


def test_a_look_shows_and_a_press_decides_once(client: FlaskClient, screener: FixedScreener) -> None:
    path = link(client, screener)
    for _ in range(2):
        page = client.get(path)
        assert page.status_code == 200
        assert "Parole da leggere." in page.text
        assert "tossicità 0,70, soglia 0,60" in page.text
    client.head(path)
    assert published(client) == 0
    assert "Grazie, è deciso" in client.post(path, data={"verdict": "approve"}).text
    assert published(client) == 1
    assert client.post(path, data={"verdict": "reject"}).status_code == 409
    assert published(client) == 1
    assert "è già stato deciso" in client.get(path).text


def test_forged_links_and_unknown_verdicts(client: FlaskClient, screener: FixedScreener) -> None:
    path = link(client, screener)
    assert client.get(path + "x").status_code == 410
    assert client.post("/decide/falso", data={"verdict": "approve"}).status_code == 410
    assert client.post(path, data={"verdict": "forse"}).status_code == 400
    assert published(client) == 0
