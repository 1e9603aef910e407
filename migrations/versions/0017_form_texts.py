"""A newsletter form's own texts and origin, and what stood beside its box in each version."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision: str | None = "0016"
branch_labels = None
depends_on = None

_TEXTS = ("title", "lead", "success_text", "origin")


def upgrade() -> None:
    for name in _TEXTS:
        op.add_column("newsletter_forms", sa.Column(name, sa.Text(), nullable=False, server_default=""))
    op.create_table(
        "form_wordings",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("consent_text", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("key", "version"),
    )
    # Older versions of a form that was changed before stand in the proofs alone.
    op.execute(
        "INSERT INTO form_wordings (key, version, consent_text, since) "
        "SELECT key, version, consent_text, NULL FROM newsletter_forms"
    )


def downgrade() -> None:
    op.drop_table("form_wordings")
    for name in reversed(_TEXTS):
        op.drop_column("newsletter_forms", name)
