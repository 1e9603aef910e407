"""One Idempotency-Key, many requests at the same moment: one comment and one answer."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from flask import Flask

from engagement.domain.comments import Submission
from engagement.domain.sites import Site
from engagement.services import comments
from engagement.services.once import Once
from engagement.services.ports import Toolbox

PAGE = "https://blog.example/a"


def test_requests_with_one_key_at_once_get_the_same_answer(app: Flask, tools: Toolbox, site: Site) -> None:
    start, sent = Barrier(4), Submission(PAGE, "Anna", "Ciao a tutti voi.", email="anna@posta.example")

    def at_once(_: int) -> str:
        with app.app_context():
            start.wait(10)
            return comments.submit_comment(tools, site, sent, Once("a" * 64, "b" * 64)).comment.id

    with ThreadPoolExecutor(4) as pool:
        answers = set(pool.map(at_once, range(4)))
    thread = comments.read_thread(site, PAGE, sort="oldest", limit=9, after=None)
    assert answers == {comment.id for comment in thread.comments}
    assert thread.count == 1
