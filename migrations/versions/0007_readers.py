"""Edits, votes and notices of readers."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision: str | None = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("ups", "downs", "rank"):
        op.add_column("comments", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
    op.add_column("comments", sa.Column("edit_id", sa.Integer(), nullable=True))
    op.create_index("ix_comments_popular", "comments", ["page_id", "status", "rank"], unique=False)
    op.create_index("ix_comments_edit", "comments", ["site_id", "edit_id"], unique=False)
    op.create_table(
        "revisions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("comment_id", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("body_html", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["comment_id"], ["comments.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_revisions_comment", "revisions", ["comment_id", "id"], unique=False)
    op.create_table(
        "votes",
        sa.Column("comment_id", sa.String(length=20), nullable=False),
        sa.Column("voter", sa.String(length=32), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["comment_id"], ["comments.id"]),
        sa.PrimaryKeyConstraint("comment_id", "voter"),
    )
    op.create_table(
        "reports",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(length=32), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("comment_id", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("explanation", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"]),
        sa.ForeignKeyConstraint(["comment_id"], ["comments.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("reference"),
    )
    op.create_index("ix_reports_comment", "reports", ["comment_id", "state"], unique=False)
    op.create_index("ix_reports_open", "reports", ["site_id", "state", "id"], unique=False)


def downgrade() -> None:
    op.drop_table("reports")
    op.drop_table("votes")
    op.drop_table("revisions")
    op.drop_index("ix_comments_edit", "comments")
    op.drop_index("ix_comments_popular", "comments")
    for name in ("edit_id", "rank", "downs", "ups"):
        op.drop_column("comments", name)
