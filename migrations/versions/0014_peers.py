"""The language of a comment, its gist, what was imported from elsewhere, verdicts for outside spam checkers."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision: str | None = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("comments", sa.Column("language", sa.String(length=8), nullable=False, server_default=""))
    op.add_column("comments", sa.Column("gist", sa.String(length=64), nullable=False, server_default=""))
    op.create_index("ix_comments_gist", "comments", ["site_id", "gist", "created_at"])
    op.create_table(
        "imported",
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("comment_id", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"]),
        sa.PrimaryKeyConstraint("site_id", "source"),
    )
    op.create_table(
        "spam_reports",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("comment_id", sa.String(length=20), nullable=False),
        sa.Column("spam", sa.Boolean(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_spam_reports_due", "spam_reports", ["due_at"])


def downgrade() -> None:
    op.drop_index("ix_spam_reports_due", table_name="spam_reports")
    op.drop_table("spam_reports")
    op.drop_table("imported")
    op.drop_index("ix_comments_gist", table_name="comments")
    op.drop_column("comments", "gist")
    op.drop_column("comments", "language")
