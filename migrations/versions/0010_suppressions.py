"""Addresses that are not written to, and the language a subscriber chose."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision: str | None = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "suppressions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("email_hash", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=12), nullable=False),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("site_id", "email_hash", name="uq_suppressions_site_hash"),
    )
    # Erased addresses stood among the proofs of consent until now; those who left get their line too.
    for reason, what in (("forgotten", "forgotten"), ("unsubscribed", "left")):
        op.execute(
            f"INSERT INTO suppressions (site_id, email_hash, reason, source, at) "  # noqa: S608 - words of ours
            f"SELECT site_id, email_hash, '{reason}', 'link', max(at) FROM consents c WHERE what = '{what}' "
            "AND NOT EXISTS (SELECT 1 FROM suppressions s WHERE s.site_id = c.site_id AND s.email_hash = c.email_hash) "
            "AND NOT EXISTS (SELECT 1 FROM consents d WHERE d.site_id = c.site_id AND d.email_hash = c.email_hash "
            "AND d.what = 'confirmed' AND d.at > c.at) "
            "GROUP BY site_id, email_hash"
        )
    op.execute("DELETE FROM consents WHERE what = 'forgotten'")
    op.add_column("subscriptions", sa.Column("language", sa.String(length=8), nullable=False, server_default=""))
    op.create_index("ix_consents_what", "consents", ["what", "at"])


def downgrade() -> None:
    op.drop_index("ix_consents_what", "consents")
    op.drop_column("subscriptions", "language")
    op.execute(
        "INSERT INTO consents (site_id, email_hash, what, at, form, consent_text, language, source_url, client_hash, "
        "method) SELECT site_id, email_hash, 'forgotten', at, '', '', '', '', '', 'erasure' FROM suppressions "
        "WHERE reason = 'forgotten'"
    )
    op.drop_table("suppressions")
