"""Create every table of the first version, and the queue's own schema.

Revision 0001, after nothing.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from procrastinate.schema import SchemaManager
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None

INSTANT = sa.DateTime(timezone=True)
NOW = sa.text("now()")
EMPTY_OBJECT = sa.text("'{}'::jsonb")
EMPTY_LIST = sa.text("'[]'::jsonb")


def upgrade() -> None:
    _create_events()
    _create_event_texts()
    _create_people()
    _create_assets()
    _create_originals()
    _create_results()
    _create_photo_clocks()
    _create_renditions()
    _create_recordings()
    _create_transcripts()
    _create_accounts()
    _create_uploads()
    _create_sign_in()
    _create_queue()


def _create_events() -> None:
    op.create_table(
        "events",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("slug", sa.Text, nullable=False),
        sa.Column("default_language", sa.Text, server_default="en", nullable=False),
        sa.Column("time_zone", sa.Text, server_default="UTC", nullable=False),
        sa.Column("starts_at", INSTANT),
        sa.Column("ends_at", INSTANT),
        sa.Column("title", JSONB, server_default=EMPTY_OBJECT, nullable=False),
        sa.Column("summary", JSONB, server_default=EMPTY_OBJECT, nullable=False),
        sa.Column("body", JSONB, server_default=EMPTY_OBJECT, nullable=False),
        sa.Column("place", JSONB, server_default=EMPTY_OBJECT, nullable=False),
        sa.Column("credit", sa.Text),
        sa.Column("contact", JSONB),
        sa.Column("released_at", INSTANT),
        sa.Column("withdrawn_at", INSTANT),
        sa.Column("created_at", INSTANT, server_default=NOW, nullable=False),
        sa.Column("updated_at", INSTANT, server_default=NOW, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
        sa.UniqueConstraint("slug", name="uq_events_slug"),
    )
    op.create_table(
        "programme_items",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("title", JSONB, server_default=EMPTY_OBJECT, nullable=False),
        sa.Column("starts_at", INSTANT),
        sa.Column("ends_at", INSTANT),
        _owned_by("programme_items", "event_id", "events"),
        sa.PrimaryKeyConstraint("id", name="pk_programme_items"),
        sa.UniqueConstraint("event_id", "position", name="uq_programme_items_event_id_position"),
    )


def _create_event_texts() -> None:
    op.create_table(
        "event_topics",
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("name", JSONB, server_default=EMPTY_OBJECT, nullable=False),
        _owned_by("event_topics", "event_id", "events"),
        sa.PrimaryKeyConstraint("event_id", "position", name="pk_event_topics"),
    )
    op.create_table(
        "event_delegations",
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("name", JSONB, server_default=EMPTY_OBJECT, nullable=False),
        _owned_by("event_delegations", "event_id", "events"),
        sa.PrimaryKeyConstraint("event_id", "position", name="pk_event_delegations"),
    )


def _create_people() -> None:
    op.create_table(
        "people",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("slug", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("created_at", INSTANT, server_default=NOW, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_people"),
        sa.UniqueConstraint("name", name="uq_people_name"),
        sa.UniqueConstraint("slug", name="uq_people_slug"),
    )
    op.create_table(
        "person_variants",
        sa.Column("person_id", sa.Text, nullable=False),
        sa.Column("variant", sa.Text, nullable=False),
        _owned_by("person_variants", "person_id", "people"),
        sa.PrimaryKeyConstraint("person_id", "variant", name="pk_person_variants"),
    )
    op.create_table(
        "event_people",
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("person_id", sa.Text, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("role", JSONB, server_default=EMPTY_OBJECT, nullable=False),
        _owned_by("event_people", "event_id", "events"),
        _owned_by("event_people", "person_id", "people"),
        sa.PrimaryKeyConstraint("event_id", "person_id", name="pk_event_people"),
    )


def _create_assets() -> None:
    op.create_table(
        "assets",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("filename", sa.Text, nullable=False),
        sa.Column("title", JSONB, server_default=EMPTY_OBJECT, nullable=False),
        sa.Column("caption", JSONB, server_default=EMPTY_OBJECT, nullable=False),
        sa.Column("language", sa.Text),
        sa.Column("programme_item_id", sa.Text),
        sa.Column("captured_at", INSTANT),
        sa.Column("duration_seconds", sa.Double),
        sa.Column("width", sa.Integer),
        sa.Column("height", sa.Integer),
        sa.Column("created_at", INSTANT, server_default=NOW, nullable=False),
        sa.Column("removed_at", INSTANT),
        sa.Column("tidied_at", INSTANT, comment="when replaced objects were last deleted"),
        sa.CheckConstraint(
            "kind in ('video', 'audio', 'photo', 'captions')", name=op.f("ck_assets_kind")
        ),
        _owned_by("assets", "event_id", "events"),
        sa.ForeignKeyConstraint(
            ["programme_item_id"],
            ["programme_items.id"],
            name="fk_assets_programme_item_id_programme_items",
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_assets"),
    )
    op.create_index("ix_assets_event_id", "assets", ["event_id"])
    op.create_table(
        "asset_people",
        sa.Column("asset_id", sa.Text, nullable=False),
        sa.Column("person_id", sa.Text, nullable=False),
        _owned_by("asset_people", "asset_id", "assets"),
        _owned_by("asset_people", "person_id", "people"),
        sa.PrimaryKeyConstraint("asset_id", "person_id", name="pk_asset_people"),
    )


def _create_originals() -> None:
    op.create_table(
        "originals",
        sa.Column("asset_id", sa.Text, nullable=False),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("media_type", sa.Text, nullable=False),
        sa.Column(
            "sha256", sa.Text, comment="computed by us over the stored bytes; null until verified"
        ),
        sa.Column("declared_sha256", sa.Text, comment="what the sender says"),
        sa.Column("stored_at", INSTANT, server_default=NOW, nullable=False),
        sa.Column("verified_at", INSTANT),
        _owned_by("originals", "asset_id", "assets"),
        _owned_by("originals", "event_id", "events"),
        sa.PrimaryKeyConstraint("asset_id", name="pk_originals"),
        sa.UniqueConstraint("event_id", "sha256", name="uq_originals_event_id_sha256"),
    )


def _create_results() -> None:
    op.create_table(
        "steps",
        sa.Column("asset_id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column(
            "attempt", sa.Integer, server_default="0", nullable=False, comment="fencing token"
        ),
        sa.Column("tries", sa.Integer, server_default="0", nullable=False),
        sa.Column("progress", sa.Double, comment="0 to 1, of the attempt under way"),
        sa.Column("started_at", INSTANT),
        sa.Column("finished_at", INSTANT),
        sa.Column("outcome", sa.Text, comment="null while waiting or running"),
        sa.Column("detail", sa.Text),
        sa.Column("notes", JSONB, server_default=EMPTY_LIST, nullable=False),
        sa.Column(
            "division", sa.Text, comment="chunks: it is cut into those; whole: it must not be"
        ),
        sa.CheckConstraint(
            "outcome in ('done', 'partial', 'failed')", name=op.f("ck_steps_outcome")
        ),
        sa.CheckConstraint("division in ('chunks', 'whole')", name=op.f("ck_steps_division")),
        _owned_by("steps", "asset_id", "assets"),
        sa.PrimaryKeyConstraint("asset_id", "name", name="pk_steps"),
    )
    op.create_table(
        "photo_metadata",
        sa.Column("asset_id", sa.Text, nullable=False),
        sa.Column(
            "caption", sa.Text, comment="in the photo's default language, or in one not named"
        ),
        sa.Column("captions", JSONB, server_default=EMPTY_OBJECT, nullable=False),
        sa.Column("headline", sa.Text),
        sa.Column("creator", sa.Text),
        sa.Column("credit", sa.Text),
        sa.Column("source", sa.Text),
        sa.Column("copyright", sa.Text),
        sa.Column("keywords", JSONB, server_default=EMPTY_LIST, nullable=False),
        sa.Column("people_shown", JSONB, server_default=EMPTY_LIST, nullable=False),
        sa.Column("city", sa.Text),
        sa.Column("country", sa.Text),
        sa.Column("camera", sa.Text),
        sa.Column("lens", sa.Text),
        sa.Column("exposure", sa.Text),
        sa.Column("orientation", sa.Integer, comment="of EXIF, 1 to 8"),
        sa.Column("original_filename", sa.Text),
        sa.Column("captured_at_source", sa.Text, comment="what told the zone of its clock"),
        sa.Column("placeholder", sa.Text, comment="a blurred stand-in until a size is there"),
        _owned_by("photo_metadata", "asset_id", "assets"),
        sa.PrimaryKeyConstraint("asset_id", name="pk_photo_metadata"),
    )


def _create_photo_clocks() -> None:
    op.create_table(
        "camera_clocks",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False, comment="within the event, counts from 1"),
        sa.Column(
            "fingerprint", sa.Text, nullable=False, comment="of make, model and serial number"
        ),
        sa.Column("name", sa.Text, nullable=False, comment="make and model"),
        sa.Column("shift_seconds", sa.Integer, server_default="0", nullable=False),
        _owned_by("camera_clocks", "event_id", "events"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_camera_clocks")),
        sa.UniqueConstraint("event_id", "number", name=op.f("uq_camera_clocks_event_id_number")),
        sa.UniqueConstraint(
            "event_id", "fingerprint", name=op.f("uq_camera_clocks_event_id_fingerprint")
        ),
    )
    op.create_table(
        "photo_clocks",
        sa.Column("asset_id", sa.Text, nullable=False),
        sa.Column("camera_id", sa.Text),
        sa.Column(
            "shown", sa.DateTime(timezone=False), nullable=False, comment="by the camera's clock"
        ),
        sa.Column("offset_seconds", sa.Integer, comment="from UTC; null: the event's zone"),
        _owned_by("photo_clocks", "asset_id", "assets"),
        sa.ForeignKeyConstraint(
            ["camera_id"],
            ["camera_clocks.id"],
            name=op.f("fk_photo_clocks_camera_id_camera_clocks"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("asset_id", name="pk_photo_clocks"),
    )
    op.create_index(op.f("ix_photo_clocks_camera_id"), "photo_clocks", ["camera_id"])


def _create_renditions() -> None:
    op.create_table(
        "renditions",
        sa.Column("asset_id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("step", sa.Text, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False, comment="object key, or prefix when segmented"),
        sa.Column("media_type", sa.Text, nullable=False),
        sa.Column("width", sa.Integer),
        sa.Column("height", sa.Integer),
        sa.Column("frame_rate", sa.Double),
        sa.Column("bandwidth_bps", sa.Integer),
        sa.Column("average_bandwidth_bps", sa.Integer),
        sa.Column("codecs", sa.Text),
        sa.Column("language", sa.Text),
        sa.Column("label", sa.Text),
        sa.Column("segment_files", JSONB, comment="names of segments 1..n, null if one object"),
        sa.Column("segment_seconds", JSONB, comment="their durations"),
        sa.Column(
            "keyframe_bytes", JSONB, comment="the beginning of each that holds its first picture"
        ),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("created_at", INSTANT, server_default=NOW, nullable=False),
        sa.CheckConstraint(
            "kind in ('preview', 'video', 'audio', 'image', 'file')",
            name=op.f("ck_renditions_kind"),
        ),
        _owned_by("renditions", "asset_id", "assets"),
        sa.PrimaryKeyConstraint("asset_id", "name", name="pk_renditions"),
    )


def _create_recordings() -> None:
    op.create_table(
        "chunks",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("asset_id", sa.Text, nullable=False),
        sa.Column(
            "attempt", sa.Integer, nullable=False, comment="of the step that was cut into chunks"
        ),
        sa.Column("number", sa.Integer, nullable=False, comment="counts from 1"),
        sa.Column("plan", JSONB, nullable=False, comment="what its job is to make"),
        sa.Column("tries", sa.Integer, server_default="0", nullable=False, comment="fencing token"),
        sa.Column(
            "free_tries", sa.Integer, server_default="0", nullable=False, comment="they count not"
        ),
        sa.Column("progress", sa.Double, comment="0 to 1, of the try under way"),
        sa.Column("started_at", INSTANT),
        sa.Column("result", JSONB, comment="what it has made; null until then"),
        _owned_by("chunks", "asset_id", "assets"),
        sa.PrimaryKeyConstraint("id", name="pk_chunks"),
        sa.UniqueConstraint(
            "asset_id", "attempt", "number", name="uq_chunks_asset_id_attempt_number"
        ),
    )
    op.create_table(
        "recordings",
        sa.Column("asset_id", sa.Text, nullable=False),
        sa.Column(
            "facts", JSONB, server_default=EMPTY_OBJECT, nullable=False, comment="of its probe"
        ),
        sa.Column(
            "loudness_lufs",
            sa.Double,
            comment="EBU R 128, the whole of the first sound track",
        ),
        sa.Column("loudness_range_lu", sa.Double),
        sa.Column("true_peak_dbtp", sa.Double),
        sa.Column("poster_at_seconds", sa.Double, comment="chosen by an editor"),
        _owned_by("recordings", "asset_id", "assets"),
        sa.PrimaryKeyConstraint("asset_id", name="pk_recordings"),
    )


def _create_transcripts() -> None:
    op.create_table(
        "transcripts",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("source_asset_id", sa.Text, nullable=False),
        sa.Column(
            "recording_id",
            sa.Text,
            comment="the recording it is shown with; null for captions that stand alone",
        ),
        sa.Column(
            "origin",
            sa.Text,
            nullable=False,
            comment="what its source is: a caption file, or else",
        ),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("created_at", INSTANT, server_default=NOW, nullable=False),
        sa.Column("updated_at", INSTANT, server_default=NOW, nullable=False),
        sa.CheckConstraint("origin in ('file', 'embedded')", name=op.f("ck_transcripts_origin")),
        sa.CheckConstraint(
            "status in ('machine', 'edited', 'verified', 'supplied')",
            name=op.f("ck_transcripts_status"),
        ),
        sa.ForeignKeyConstraint(
            ["recording_id"],
            ["assets.id"],
            name="fk_transcripts_recording_id_assets",
            ondelete="SET NULL",
        ),
        _owned_by("transcripts", "source_asset_id", "assets"),
        sa.PrimaryKeyConstraint("id", name="pk_transcripts"),
        sa.UniqueConstraint(
            "source_asset_id", "language", name="uq_transcripts_source_asset_id_language"
        ),
    )
    op.create_index("ix_transcripts_recording_id", "transcripts", ["recording_id"])
    op.create_table(
        "cues",
        sa.Column("transcript_id", sa.Text, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("start_seconds", sa.Double, nullable=False),
        sa.Column("end_seconds", sa.Double, nullable=False),
        sa.Column("speaker", sa.Text),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column(
            "styled", sa.Text, comment="the text as WebVTT, when it has tags of the allow-list"
        ),
        _owned_by("cues", "transcript_id", "transcripts"),
        sa.PrimaryKeyConstraint("transcript_id", "position", name="pk_cues"),
    )


def _create_uploads() -> None:
    op.create_table(
        "uploads",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("asset_id", sa.Text, nullable=False, comment="reserved for the asset to come"),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("filename", sa.Text, nullable=False),
        sa.Column("media_type", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("storage_upload_id", sa.Text, nullable=False),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("part_bytes", sa.BigInteger, nullable=False),
        sa.Column("declared_sha256", sa.Text),
        sa.Column("description", JSONB, server_default=EMPTY_OBJECT, nullable=False),
        sa.Column("state", sa.Text, server_default="open", nullable=False),
        sa.Column("account_id", sa.Text, comment="whose upload it is; null for the command line's"),
        sa.Column(
            "part_key",
            sa.LargeBinary,
            nullable=False,
            comment="addresses of its parts are signed so",
        ),
        sa.Column("fingerprint", sa.Text, comment="the same when the same file is chosen again"),
        sa.Column("created_at", INSTANT, server_default=NOW, nullable=False),
        sa.Column("updated_at", INSTANT, server_default=NOW, nullable=False),
        sa.CheckConstraint(
            "state in ('open', 'completing', 'finished', 'duplicate', 'aborted')",
            name=op.f("ck_uploads_state"),
        ),
        _owned_by("uploads", "event_id", "events"),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["accounts.id"],
            name="fk_uploads_account_id_accounts",
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_uploads"),
        sa.UniqueConstraint("asset_id", name="uq_uploads_asset_id"),
    )
    for column in ("account_id", "fingerprint"):
        op.create_index(
            f"ix_uploads_{column}",
            "uploads",
            [column],
            postgresql_where=sa.text("state = 'open'"),
        )


def _create_accounts() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("email", sa.Text, nullable=False, comment="lower case"),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("password_hash", sa.Text),
        sa.Column("created_at", INSTANT, server_default=NOW, nullable=False),
        sa.Column("disabled_at", INSTANT),
        sa.CheckConstraint("role in ('administrator', 'editor')", name=op.f("ck_accounts_role")),
        sa.PrimaryKeyConstraint("id", name="pk_accounts"),
        sa.UniqueConstraint("email", name="uq_accounts_email"),
    )
    op.create_table(
        "sessions",
        sa.Column("token_hash", sa.Text, nullable=False),
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("created_at", INSTANT, server_default=NOW, nullable=False),
        sa.Column("used_at", INSTANT, server_default=NOW, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        _owned_by("sessions", "account_id", "accounts"),
        sa.PrimaryKeyConstraint("token_hash", name="pk_sessions"),
    )
    op.create_table(
        "api_tokens",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("token_hash", sa.Text, nullable=False),
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("created_at", INSTANT, server_default=NOW, nullable=False),
        sa.Column("used_at", INSTANT),
        sa.Column("revoked_at", INSTANT),
        _owned_by("api_tokens", "account_id", "accounts"),
        sa.PrimaryKeyConstraint("id", name="pk_api_tokens"),
        sa.UniqueConstraint("token_hash", name="uq_api_tokens_token_hash"),
    )


def _create_sign_in() -> None:
    op.create_table(
        "setup_links",
        sa.Column("token_hash", sa.Text, nullable=False),
        sa.Column("created_at", INSTANT, server_default=NOW, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("used", sa.Boolean, server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name="pk_setup_links"),
    )
    op.create_table(
        "login_attempts",
        sa.Column(
            "bucket", sa.Text, nullable=False, comment="hash of the address, or of the account"
        ),
        sa.Column("window_started_at", INSTANT, nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("bucket", "window_started_at", name="pk_login_attempts"),
    )


def _owned_by(table: str, column: str, owner: str) -> sa.ForeignKeyConstraint:
    """Rows of `table` vanish with the row of `owner` that they belong to."""
    name = f"fk_{table}_{column}_{owner}"
    return sa.ForeignKeyConstraint([column], [f"{owner}.id"], name=name, ondelete="CASCADE")


def _create_queue() -> None:
    # One script of many statements, with "%" and ":" in its functions: past SQLAlchemy's parser.
    op.get_bind().connection.cursor().execute(SchemaManager.get_schema())
