"""Every table, declared once; `migrations/` must add up to this (a test compares them).

Conventions: ids are 26 characters of base32 (128 random bits); texts in several languages are
JSON objects {language: text}; instants are `timestamptz`; durations are seconds.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

INSTANT = DateTime(timezone=True)
NOW = text("now()")
EMPTY_OBJECT = text("'{}'::jsonb")
EMPTY_LIST = text("'[]'::jsonb")


def _owned_by(target: str, *, primary_key: bool = False, name: str = "") -> Column[str]:
    """A foreign key whose rows vanish with their owner; `target` is "table.column"."""
    column_name = name or target.split(".", maxsplit=1)[0].removesuffix("s") + "_id"
    return Column(
        column_name,
        Text,
        ForeignKey(target, ondelete="CASCADE"),
        nullable=False,
        primary_key=primary_key,
    )


def _localized(name: str) -> Column[dict[str, str]]:
    return Column(name, JSONB, nullable=False, server_default=EMPTY_OBJECT)


def _created_at() -> Column[object]:
    return Column("created_at", INSTANT, nullable=False, server_default=NOW)


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
    _localized("title"),
    _localized("summary"),
    _localized("body"),
    _localized("place"),
    Column("credit", Text),
    Column("contact", JSONB),
    Column("released_at", INSTANT),
    Column("withdrawn_at", INSTANT),
    _created_at(),
    Column("updated_at", INSTANT, nullable=False, server_default=NOW),
)

programme_items = Table(
    "programme_items",
    metadata,
    Column("id", Text, primary_key=True),
    _owned_by("events.id"),
    Column("position", Integer, nullable=False),
    _localized("title"),
    Column("starts_at", INSTANT),
    Column("ends_at", INSTANT),
    UniqueConstraint("event_id", "position"),
)

event_topics = Table(
    "event_topics",
    metadata,
    _owned_by("events.id", primary_key=True),
    Column("position", Integer, primary_key=True),
    _localized("name"),
)

event_delegations = Table(
    "event_delegations",
    metadata,
    _owned_by("events.id", primary_key=True),
    Column("position", Integer, primary_key=True),
    _localized("name"),
)

people = Table(
    "people",
    metadata,
    Column("id", Text, primary_key=True),
    Column("slug", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False, unique=True),
    _created_at(),
)

person_variants = Table(
    "person_variants",
    metadata,
    _owned_by("people.id", primary_key=True, name="person_id"),
    Column("variant", Text, primary_key=True),
)

event_people = Table(
    "event_people",
    metadata,
    _owned_by("events.id", primary_key=True),
    _owned_by("people.id", primary_key=True, name="person_id"),
    Column("position", Integer, nullable=False),
    _localized("role"),
)

# --- assets ----------------------------------------------------------------------------------

assets = Table(
    "assets",
    metadata,
    Column("id", Text, primary_key=True),
    _owned_by("events.id"),
    Column("kind", Text, nullable=False),
    Column("filename", Text, nullable=False),
    _localized("title"),
    _localized("caption"),
    Column("language", Text),
    Column("programme_item_id", Text, ForeignKey("programme_items.id", ondelete="SET NULL")),
    Column("captured_at", INSTANT),
    Column("duration_seconds", Double),
    Column("width", Integer),
    Column("height", Integer),
    _created_at(),
    Column("removed_at", INSTANT),
    Column("tidied_at", INSTANT, comment="when replaced objects were last deleted"),
    CheckConstraint("kind in ('video', 'audio', 'photo', 'captions')", name="kind"),
    Index(None, "event_id"),
)

asset_people = Table(
    "asset_people",
    metadata,
    _owned_by("assets.id", primary_key=True),
    _owned_by("people.id", primary_key=True, name="person_id"),
)

originals = Table(
    "originals",
    metadata,
    _owned_by("assets.id", primary_key=True),
    _owned_by("events.id"),
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
    _owned_by("assets.id", primary_key=True),
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
    _owned_by("assets.id", primary_key=True),
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
    _created_at(),
    CheckConstraint("kind in ('preview', 'video', 'audio', 'image', 'file')", name="kind"),
)
chunks = Table(
    "chunks",
    metadata,
    Column("id", Text, primary_key=True),
    _owned_by("assets.id"),
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
    _owned_by("assets.id", primary_key=True),
    Column("facts", JSONB, nullable=False, server_default=EMPTY_OBJECT, comment="of its probe"),
    Column("loudness_lufs", Double, comment="EBU R 128, the whole of the first sound track"),
    Column("loudness_range_lu", Double),
    Column("true_peak_dbtp", Double),
    Column("poster_at_seconds", Double, comment="chosen by an editor"),
)

photo_metadata = Table(
    "photo_metadata",
    metadata,
    _owned_by("assets.id", primary_key=True),
    Column("caption", Text, comment="in the photo's default language, or in one not named"),
    _localized("captions"),
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
    _owned_by("events.id"),
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
    _owned_by("assets.id", primary_key=True),
    Column("camera_id", Text, ForeignKey("camera_clocks.id", ondelete="SET NULL")),
    Column("shown", DateTime(timezone=False), nullable=False, comment="by the camera's clock"),
    Column("offset_seconds", Integer, comment="from UTC; null: the event's zone"),
    Index(None, "camera_id"),
)

transcripts = Table(
    "transcripts",
    metadata,
    Column("id", Text, primary_key=True),
    _owned_by("assets.id", name="source_asset_id"),
    Column(
        "recording_id",
        Text,
        ForeignKey("assets.id", ondelete="SET NULL"),
        comment="the recording it is paired with; null for captions that stand alone",
    ),
    Column("language", Text, nullable=False),
    Column("status", Text, nullable=False),
    _created_at(),
    Column("updated_at", INSTANT, nullable=False, server_default=NOW),
    UniqueConstraint("source_asset_id"),
    Index(None, "recording_id"),
    CheckConstraint("status in ('machine', 'edited', 'verified', 'supplied')", name="status"),
)

cues = Table(
    "cues",
    metadata,
    _owned_by("transcripts.id", primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("start_seconds", Double, nullable=False),
    Column("end_seconds", Double, nullable=False),
    Column("speaker", Text),
    Column("text", Text, nullable=False),
)

# --- uploads ---------------------------------------------------------------------------------

uploads = Table(
    "uploads",
    metadata,
    Column("id", Text, primary_key=True),
    _owned_by("events.id"),
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
    _created_at(),
    Column("updated_at", INSTANT, nullable=False, server_default=NOW),
    CheckConstraint(
        "state in ('open', 'completing', 'finished', 'duplicate', 'aborted')", name="state"
    ),
    Index(None, "account_id", postgresql_where=text("state = 'open'")),
    Index(None, "fingerprint", postgresql_where=text("state = 'open'")),
)

# --- accounts --------------------------------------------------------------------------------

accounts = Table(
    "accounts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("email", Text, nullable=False, unique=True, comment="lower case"),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("password_hash", Text),
    _created_at(),
    Column("disabled_at", INSTANT),
    CheckConstraint("role in ('administrator', 'editor')", name="role"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", Text, primary_key=True),
    _owned_by("accounts.id"),
    _created_at(),
    Column("used_at", INSTANT, nullable=False, server_default=NOW),
    Column("expires_at", INSTANT, nullable=False),
)

api_tokens = Table(
    "api_tokens",
    metadata,
    Column("id", Text, primary_key=True),
    Column("token_hash", Text, nullable=False, unique=True),
    _owned_by("accounts.id"),
    Column("label", Text, nullable=False),
    _created_at(),
    Column("used_at", INSTANT),
    Column("revoked_at", INSTANT),
)

setup_links = Table(
    "setup_links",
    metadata,
    Column("token_hash", Text, primary_key=True),
    _created_at(),
    Column("expires_at", INSTANT, nullable=False),
    Column("used", Boolean, nullable=False, server_default=text("false")),
)

login_attempts = Table(
    "login_attempts",
    metadata,
    Column("bucket", Text, primary_key=True, comment="hash of the address, or of the account"),
    Column("window_started_at", INSTANT, primary_key=True),
    Column("count", Integer, nullable=False),
)

# --- installation ----------------------------------------------------------------------------

shared_folders = Table(
    "shared_folders",
    metadata,
    Column("name", Text, primary_key=True),
    Column("mark", Text, nullable=False),
)
