"""Every table, declared once; `migrations/` must add up to this (a test compares them).

Conventions: ids are 26 characters of base32 (128 random bits); texts in several languages are
JSON objects {language: text}; instants are `timestamptz`; durations are seconds.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from portal.db.account_tables import (
    accounts,
    api_tokens,
    login_attempts,
    sessions,
    setup_links,
)
from portal.db.columns import (
    EMPTY_LIST,
    EMPTY_OBJECT,
    INSTANT,
    NOW,
    created_at,
    localized,
    metadata,
    owned_by,
)

__all__ = [
    "accounts",
    "api_tokens",
    "asset_people",
    "assets",
    "camera_clocks",
    "chunks",
    "cues",
    "event_delegations",
    "event_people",
    "event_topics",
    "events",
    "login_attempts",
    "metadata",
    "originals",
    "people",
    "person_variants",
    "photo_clocks",
    "photo_metadata",
    "programme_items",
    "recordings",
    "renditions",
    "sessions",
    "setup_links",
    "shared_folders",
    "steps",
    "transcripts",
    "uploads",
]

# --- events and people -----------------------------------------------------------------------

events = Table(
    "events",
    metadata,
    Column("id", Text, primary_key=True),
    Column("slug", Text, nullable=False, unique=True),
    Column("default_language", Text, nullable=False, server_default="en"),
    Column("time_zone", Text, nullable=False, server_default="UTC"),
    Column("starts_at", INSTANT),
    Column("ends_at", INSTANT),
    localized("title"),
    localized("summary"),
    localized("body"),
    localized("place"),
    Column("credit", Text),
    Column("contact", JSONB),
    Column("released_at", INSTANT),
    Column("withdrawn_at", INSTANT),
    created_at(),
    Column("updated_at", INSTANT, nullable=False, server_default=NOW),
)

programme_items = Table(
    "programme_items",
    metadata,
    Column("id", Text, primary_key=True),
    owned_by("events.id"),
    Column("position", Integer, nullable=False),
    localized("title"),
    Column("starts_at", INSTANT),
    Column("ends_at", INSTANT),
    UniqueConstraint("event_id", "position"),
)

event_topics = Table(
    "event_topics",
    metadata,
    owned_by("events.id", primary_key=True),
    Column("position", Integer, primary_key=True),
    localized("name"),
)

event_delegations = Table(
    "event_delegations",
    metadata,
    owned_by("events.id", primary_key=True),
    Column("position", Integer, primary_key=True),
    localized("name"),
)

people = Table(
    "people",
    metadata,
    Column("id", Text, primary_key=True),
    Column("slug", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False, unique=True),
    created_at(),
)

person_variants = Table(
    "person_variants",
    metadata,
    owned_by("people.id", primary_key=True, name="person_id"),
    Column("variant", Text, primary_key=True),
)

event_people = Table(
    "event_people",
    metadata,
    owned_by("events.id", primary_key=True),
    owned_by("people.id", primary_key=True, name="person_id"),
    Column("position", Integer, nullable=False),
    localized("role"),
)

# --- assets ----------------------------------------------------------------------------------

assets = Table(
    "assets",
    metadata,
    Column("id", Text, primary_key=True),
    owned_by("events.id"),
    Column("kind", Text, nullable=False),
    Column("filename", Text, nullable=False),
    localized("title"),
    localized("caption"),
    Column("language", Text),
    Column("programme_item_id", Text, ForeignKey("programme_items.id", ondelete="SET NULL")),
    Column("captured_at", INSTANT),
    Column("duration_seconds", Double),
    Column("width", Integer),
    Column("height", Integer),
    created_at(),
    Column("removed_at", INSTANT),
    Column("tidied_at", INSTANT, comment="when replaced objects were last deleted"),
    CheckConstraint("kind in ('video', 'audio', 'photo', 'captions')", name="kind"),
    Index(None, "event_id"),
)

asset_people = Table(
    "asset_people",
    metadata,
    owned_by("assets.id", primary_key=True),
    owned_by("people.id", primary_key=True, name="person_id"),
)

originals = Table(
    "originals",
    metadata,
    owned_by("assets.id", primary_key=True),
    owned_by("events.id"),
    Column("key", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("sha256", Text, comment="computed by us over the stored bytes; null until verified"),
    Column("declared_sha256", Text, comment="what the sender says"),
    Column("stored_at", INSTANT, nullable=False, server_default=NOW),
    Column("verified_at", INSTANT),
    UniqueConstraint("event_id", "sha256"),
)

steps = Table(
    "steps",
    metadata,
    owned_by("assets.id", primary_key=True),
    Column("name", Text, primary_key=True),
    Column("attempt", Integer, nullable=False, server_default="0", comment="fencing token"),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("progress", Double, comment="0 to 1, of the attempt under way"),
    Column("started_at", INSTANT),
    Column("finished_at", INSTANT),
    Column("outcome", Text, comment="null while waiting or running"),
    Column("detail", Text),
    Column("notes", JSONB, nullable=False, server_default=EMPTY_LIST),
    Column("division", Text, comment="chunks: it is cut into those; whole: it must not be"),
    CheckConstraint("outcome in ('done', 'partial', 'failed')", name="outcome"),
    CheckConstraint("division in ('chunks', 'whole')", name="division"),
)

renditions = Table(
    "renditions",
    metadata,
    owned_by("assets.id", primary_key=True),
    Column("name", Text, primary_key=True),
    Column("step", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("key", Text, nullable=False, comment="object key, or prefix when segmented"),
    Column("media_type", Text, nullable=False),
    Column("width", Integer),
    Column("height", Integer),
    Column("frame_rate", Double),
    Column("bandwidth_bps", Integer),
    Column("average_bandwidth_bps", Integer),
    Column("codecs", Text),
    Column("language", Text),
    Column("label", Text),
    Column("segment_files", JSONB, comment="names of segments 1..n, null if one object"),
    Column("segment_seconds", JSONB, comment="their durations"),
    Column("keyframe_bytes", JSONB, comment="the beginning of each that holds its first picture"),
    Column("size_bytes", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
    created_at(),
    CheckConstraint("kind in ('preview', 'video', 'audio', 'image', 'file')", name="kind"),
)
chunks = Table(
    "chunks",
    metadata,
    Column("id", Text, primary_key=True),
    owned_by("assets.id"),
    Column("attempt", Integer, nullable=False, comment="of the step that was cut into chunks"),
    Column("number", Integer, nullable=False, comment="counts from 1"),
    Column("plan", JSONB, nullable=False, comment="what its job is to make"),
    Column("tries", Integer, nullable=False, server_default="0", comment="fencing token"),
    Column("free_tries", Integer, nullable=False, server_default="0", comment="they count not"),
    Column("progress", Double, comment="0 to 1, of the try under way"),
    Column("started_at", INSTANT),
    Column("result", JSONB, comment="what it has made; null until then"),
    UniqueConstraint("asset_id", "attempt", "number"),
)
recordings = Table(
    "recordings",
    metadata,
    owned_by("assets.id", primary_key=True),
    Column("facts", JSONB, nullable=False, server_default=EMPTY_OBJECT, comment="of its probe"),
    Column("loudness_lufs", Double, comment="EBU R 128, the whole of the first sound track"),
    Column("loudness_range_lu", Double),
    Column("true_peak_dbtp", Double),
    Column("poster_at_seconds", Double, comment="chosen by an editor"),
)

photo_metadata = Table(
    "photo_metadata",
    metadata,
    owned_by("assets.id", primary_key=True),
    Column("caption", Text, comment="in the photo's default language, or in one not named"),
    localized("captions"),
    Column("headline", Text),
    Column("creator", Text),
    Column("credit", Text),
    Column("source", Text),
    Column("copyright", Text),
    Column("keywords", JSONB, nullable=False, server_default=EMPTY_LIST),
    Column("people_shown", JSONB, nullable=False, server_default=EMPTY_LIST),
    Column("city", Text),
    Column("country", Text),
    Column("camera", Text),
    Column("lens", Text),
    Column("exposure", Text),
    Column("orientation", Integer, comment="of EXIF, 1 to 8"),
    Column("original_filename", Text),
    Column("captured_at_source", Text, comment="what told the zone of its clock"),
    Column("placeholder", Text, comment="a blurred stand-in until a size is there"),
)
camera_clocks = Table(
    "camera_clocks",
    metadata,
    Column("id", Text, primary_key=True),
    owned_by("events.id"),
    Column("number", Integer, nullable=False, comment="within the event, counts from 1"),
    Column("fingerprint", Text, nullable=False, comment="of make, model and serial number"),
    Column("name", Text, nullable=False, comment="make and model"),
    Column("shift_seconds", Integer, nullable=False, server_default="0"),
    UniqueConstraint("event_id", "number"),
    UniqueConstraint("event_id", "fingerprint"),
)
photo_clocks = Table(
    "photo_clocks",
    metadata,
    owned_by("assets.id", primary_key=True),
    Column("camera_id", Text, ForeignKey("camera_clocks.id", ondelete="SET NULL")),
    Column("shown", DateTime(timezone=False), nullable=False, comment="by the camera's clock"),
    Column("offset_seconds", Integer, comment="from UTC; null: the event's zone"),
    Index(None, "camera_id"),
)

transcripts = Table(
    "transcripts",
    metadata,
    Column("id", Text, primary_key=True),
    owned_by("assets.id", name="source_asset_id"),
    Column(
        "recording_id",
        Text,
        ForeignKey("assets.id", ondelete="SET NULL"),
        comment="the recording it is shown with; null for captions that stand alone",
    ),
    Column("origin", Text, nullable=False, comment="what its source is: a caption file, or else"),
    Column("language", Text, nullable=False),
    Column("status", Text, nullable=False),
    created_at(),
    Column("updated_at", INSTANT, nullable=False, server_default=NOW),
    UniqueConstraint("source_asset_id", "language"),
    Index(None, "recording_id"),
    CheckConstraint("origin in ('file', 'embedded')", name="origin"),
    CheckConstraint("status in ('machine', 'edited', 'verified', 'supplied')", name="status"),
)

cues = Table(
    "cues",
    metadata,
    owned_by("transcripts.id", primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("start_seconds", Double, nullable=False),
    Column("end_seconds", Double, nullable=False),
    Column("speaker", Text),
    Column("text", Text, nullable=False),
    Column("styled", Text, comment="the text as WebVTT, when it has tags of the allow-list"),
)

# --- uploads ---------------------------------------------------------------------------------

uploads = Table(
    "uploads",
    metadata,
    Column("id", Text, primary_key=True),
    owned_by("events.id"),
    Column("asset_id", Text, nullable=False, unique=True, comment="reserved for the asset to come"),
    Column("kind", Text, nullable=False),
    Column("filename", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("storage_upload_id", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("part_bytes", BigInteger, nullable=False),
    Column("declared_sha256", Text),
    Column("description", JSONB, nullable=False, server_default=EMPTY_OBJECT),
    Column("state", Text, nullable=False, server_default="open"),
    Column(
        "account_id",
        Text,
        ForeignKey("accounts.id", ondelete="SET NULL"),
        comment="whose upload it is; null for the command line's",
    ),
    Column("part_key", LargeBinary, nullable=False, comment="addresses of its parts are signed so"),
    Column("fingerprint", Text, comment="the same when the same file is chosen again"),
    created_at(),
    Column("updated_at", INSTANT, nullable=False, server_default=NOW),
    CheckConstraint(
        "state in ('open', 'completing', 'finished', 'duplicate', 'aborted')", name="state"
    ),
    Index(None, "account_id", postgresql_where=text("state = 'open'")),
    Index(None, "fingerprint", postgresql_where=text("state = 'open'")),
)

# --- installation ----------------------------------------------------------------------------

shared_folders = Table(
    "shared_folders",
    metadata,
    Column("name", Text, primary_key=True),
    Column("mark", Text, nullable=False),
)
