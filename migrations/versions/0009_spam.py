"""Spent challenges, and what a site's own verdicts teach."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision: str | None = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "spent_challenges",
        sa.Column("nonce", sa.String(length=64), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("nonce"),
    )
    op.create_table(
        "spam_tokens",
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("token", sa.String(length=32), nullable=False),
        sa.Column("spam", sa.Integer(), nullable=False),
        sa.Column("ham", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"]),
        sa.PrimaryKeyConstraint("site_id", "token"),
    )
    op.add_column("comments", sa.Column("learnt", sa.String(length=4), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("comments", "learnt")
    op.drop_table("spam_tokens")
    op.drop_table("spent_challenges")
