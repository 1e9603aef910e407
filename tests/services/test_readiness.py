"""What a service lacks is named: its database, or the schema of it."""

from pathlib import Path

from engagement.app import create_app
from engagement.services.operations.health import missing
from engagement.services.ports import Toolbox
from engagement.settings import load
from tests.mail.servers import free_port


def lacking(url: str) -> list[str]:
    app = create_app(load(environ={"ENGAGEMENT_DATABASE__URL": url, "ENGAGEMENT_SERVER__SECRET_KEY": "k" * 40}))
    with app.app_context():
        return missing(app.extensions["engagement"])


def test_a_migrated_database_lacks_nothing(tools: Toolbox) -> None:
    assert missing(tools) == []


def test_a_database_without_tables_lacks_the_schema(tmp_path: Path) -> None:
    assert lacking(f"sqlite:///{tmp_path}/empty.sqlite") == ["schema"]


def test_a_database_that_does_not_answer_is_what_is_missing() -> None:
    assert lacking(f"postgresql+psycopg://nobody@127.0.0.1:{free_port()}/nothing") == ["database"]
