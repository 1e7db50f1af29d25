"""All settings, read once from the environment; the only module that looks at `os.environ`."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import cached_property
from ipaddress import ip_network
from pathlib import Path
from typing import Literal, get_args
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails

from portal.errors import SettingsError

PREFIX = "PORTAL_"
FOREIGN_PREFIXES = ("PORTAL_TEST_", "PORTAL_SAMPLES")
"""Read by the tests only; never an error."""
LISTS = frozenset({"allowed_hosts", "trusted_proxies", "upload_kinds"})
"""Settings written as a comma-separated list."""
_POSTGRES = re.compile(r"(postgres|postgresql|postgresql\+psycopg)://.")
_PLAIN_WORDS = {
    "int_parsing": "must be a whole number, in digits",
    "int_parsing_size": "is too large a number",
    "bool_parsing": "must be true or false",
}
"""Pydantic's kinds of faults, which it words for programmers, for who set a variable."""


class Settings(BaseModel):
    """One frozen object; build it by `load_settings`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data_dir: Path = Field(
        default=Path("data"),
        description="Folder of the embedded database, local objects, search index and scratch.",
    )
    base_url: str | None = Field(
        default=None,
        description="Public address, such as https://press.example.org; used in absolute links.",
    )
    allowed_hosts: tuple[str, ...] = Field(
        default=("localhost", "127.0.0.1", "[::1]"),
        description="Host names of requests besides that of the base URL, comma-separated.",
    )
    trusted_proxies: tuple[str, ...] = Field(
        default=(),
        description="Addresses or networks of proxies whose X-Forwarded headers are believed, "
        "comma-separated.",
    )
    database_url: SecretStr | None = Field(
        default=None,
        description="Address of an outside PostgreSQL, postgresql://NAME:PASSWORD@HOST/DATABASE; "
        "without it an embedded server is run.",
    )
    database_pool_size: int = Field(
        default=8, ge=1, description="Database connections that one process may hold."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least level logged."
    )
    log_format: Literal["auto", "json", "text"] = Field(
        default="auto", description="json, text, or auto: text on a terminal, else json."
    )
    ffmpeg_path: str = Field(default="ffmpeg", description="The ffmpeg program.")
    ffprobe_path: str = Field(default="ffprobe", description="The ffprobe program.")
    require_sandbox: bool = Field(
        default=False,
        description="Refuse to touch foreign bytes unless bubblewrap or unshare isolates them.",
    )
    sandbox_memory_bytes: int = Field(
        default=4 * 1024**3, ge=256 * 1024**2, description="Memory limit of one sandboxed process."
    )
    probe_seconds_max: int = Field(
        default=60,
        ge=1,
        description="Wall time of a probe or a photo, processor time of captions, at most.",
    )
    transcode_seconds_max: int = Field(
        default=12 * 3600, ge=10, description="Wall time of one transcode before it is ended."
    )
    pixels_max: int = Field(
        default=100_000_000, ge=1, description="Largest picture, in pixels, that is decoded."
    )
    max_rung: int = Field(
        default=1080,
        ge=144,
        le=2160,
        description="Lines of the largest picture that is made of a recording.",
    )
    upload_bytes_max: int = Field(
        default=200 * 1024**3, ge=1, description="Largest file that may be uploaded."
    )
    upload_part_bytes: int = Field(
        default=8 * 1024**2, ge=5 * 1024**2, description="Size of an upload part."
    )
    upload_form_bytes_max: int = Field(
        default=64 * 1024**2,
        ge=1,
        description="Largest file that the upload form without script takes.",
    )
    upload_kinds: tuple[Literal["video", "audio", "photo", "captions"], ...] = Field(
        default=("video", "audio", "photo", "captions"),
        description="Kinds of files that are taken, comma-separated.",
    )
    upload_hours_max: int = Field(
        default=72, ge=1, description="An upload that got nothing for so many hours is given up."
    )
    disk_free_bytes_min: int = Field(
        default=2 * 1024**3, ge=0, description="Free disk space that uploads leave untouched."
    )
    scratch_bytes_max: int = Field(
        default=200 * 1024**3,
        ge=1024**3,
        description="Disk space that the workers of one machine use for files under work.",
    )
    s3_endpoint_url: str | None = Field(
        default=None,
        description="Address of an S3-compatible store; without it objects lie in the data folder.",
    )
    s3_public_url: str | None = Field(
        default=None,
        description="Address of that store as browsers reach it, where it is another one.",
    )
    s3_bucket: str = Field(
        default="press-portal", description="The bucket; it holds nothing but the portal's objects."
    )
    s3_region: str = Field(
        default="us-east-1", description="The region that requests are signed for."
    )
    s3_access_key: SecretStr | None = Field(default=None, description="Access key of the store.")
    s3_secret_key: SecretStr | None = Field(default=None, description="Secret key of the store.")
    delivery: Literal["auto", "portal", "redirect", "nginx"] = Field(
        default="auto",
        description="Who sends media: portal, redirect (the store itself, by signed address), "
        "nginx (by X-Accel-Redirect), or auto: redirect with a store, else portal.",
    )
    meili_url: str | None = Field(
        default=None,
        description="Address of a Meilisearch server; without it the index is in the data folder.",
    )
    meili_key: SecretStr | None = Field(default=None, description="Key of the Meilisearch server.")
    meili_index: str = Field(
        default="press-portal", description="Name of the index, and start of its drafts' names."
    )
    metrics_host: str = Field(
        default="127.0.0.1", description="Address that the metrics are served on."
    )
    metrics_port: int = Field(
        default=0, ge=0, le=65535, description="Port of the metrics; 0 serves none."
    )
    metrics_folder: Path | None = Field(
        default=None,
        description="Where processes tell their numbers; the commands set it for their own.",
    )
    session_hours: int = Field(
        default=12, ge=1, description="A sign-in ends after this many hours without use."
    )
    worker_processes: int = Field(
        default=2, ge=0, description="Worker processes that `portal serve` starts."
    )
    encodes_max: int | None = Field(
        default=None,
        ge=1,
        description="Encodes that one `portal serve` or `portal worker` runs at once; without it "
        "one for each core that has memory enough.",
    )

    @field_validator("base_url", "s3_endpoint_url", "s3_public_url", "meili_url")
    @classmethod
    def _address_is_an_origin(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.netloc or parts.query:
            raise ValueError("must look like https://press.example.org")
        return value.rstrip("/")

    @field_validator("database_url")
    @classmethod
    def _database_is_postgres(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not _POSTGRES.match(value.get_secret_value()):
            raise ValueError("must look like postgresql://NAME:PASSWORD@HOST/DATABASE")
        return value

    @field_validator("meili_index")
    @classmethod
    def _index_is_no_draft(cls, value: str) -> str:
        """A rebuild deletes what looks like a draft of its own index."""
        if not re.fullmatch(r"[a-z0-9-]{1,200}", value) or "-draft-" in value:
            raise ValueError("must be small letters, digits and hyphens, without -draft- in it")
        return value

    @model_validator(mode="after")
    def _store_is_described_whole(self) -> Settings:
        keys = (self.s3_access_key, self.s3_secret_key)
        if self.s3_endpoint_url is not None and None in keys:
            raise ValueError("PORTAL_S3_ENDPOINT_URL needs PORTAL_S3_ACCESS_KEY and _SECRET_KEY")
        if self.s3_endpoint_url is None and self.s3_public_url is not None:
            raise ValueError("PORTAL_S3_PUBLIC_URL needs PORTAL_S3_ENDPOINT_URL")
        if self.s3_endpoint_url is None and self.delivery == "redirect":
            raise ValueError("PORTAL_DELIVERY=redirect needs PORTAL_S3_ENDPOINT_URL")
        return self

    @field_validator("trusted_proxies")
    @classmethod
    def _proxies_are_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for given in value:
            try:
                ip_network(given, strict=False)
            except ValueError as error:
                raise ValueError(
                    f"holds {given!r}, which is no address or network like 10.0.0.0/8"
                ) from error
        return value

    @property
    def is_local_storage(self) -> bool:
        return self.s3_endpoint_url is None

    @property
    def is_embedded_search(self) -> bool:
        return self.meili_url is None

    @property
    def is_embedded_database(self) -> bool:
        return self.database_url is None

    @cached_property
    def data_path(self) -> Path:
        """The data folder, absolute: children processes may stand elsewhere."""
        return self.data_dir.absolute()

    @property
    def scratch_path(self) -> Path:
        """Where workers put what they throw away again."""
        return self.data_path / "scratch"


def load_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read `PORTAL_*` (or `PORTAL_*_FILE`, a file that holds the value) into a `Settings`.

    Raises SettingsError naming everything that is wrong, unknown keys included.
    """
    source = os.environ if environment is None else environment
    values, faults = _read(
        {
            name: value
            for name, value in source.items()
            if name.startswith(PREFIX) and not name.startswith(FOREIGN_PREFIXES)
        }
    )
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        faults += map(_sentence, error.errors())
    if faults:
        raise SettingsError("These settings are wrong:\n" + "\n".join(f"  {f}" for f in faults))
    return settings


def child_environment(settings: Settings) -> dict[str, str]:
    """The environment of our own child processes: ours, with the data folder made absolute."""
    environment = {**os.environ, variable_name("data_dir"): str(settings.data_path)}
    if settings.metrics_folder is not None:
        environment[variable_name("metrics_folder")] = str(settings.metrics_folder)
    return environment


def variable_name(field: str) -> str:
    """`data_dir` -> `PORTAL_DATA_DIR`."""
    return PREFIX + field.upper()


def _read(given: Mapping[str, str]) -> tuple[dict[str, object], list[str]]:
    values: dict[str, object] = {}
    faults: list[str] = []
    for name, value in sorted(given.items()):
        field = _field_of(name)
        if field is None:
            faults.append(f"{name} is not a setting; `portal config` lists them all")
        elif field in values:
            faults.append(f"{name} and {variable_name(field)} are both set; leave one of them out")
        else:
            try:
                text = value if name == variable_name(field) else Path(value).read_text().strip()
                values[field] = _split_list(field, text)
            except (OSError, UnicodeDecodeError) as error:
                reason = error.strerror if isinstance(error, OSError) else "it is not text"
                faults.append(f"{name} names a file that cannot be read: {reason}")
    return values, faults


def _field_of(name: str) -> str | None:
    """The setting that the variable `name`, or `name` without `_FILE`, stands for."""
    field = name.removeprefix(PREFIX).lower()
    candidates = (field, field.removesuffix("_file"))
    return next((found for found in candidates if found in Settings.model_fields), None)


def _split_list(field: str, value: str) -> object:
    if field in LISTS:
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _sentence(fault: ErrorDetails) -> str:
    if not fault["loc"]:  # several settings that do not go together
        return str(fault["ctx"]["error"])
    name = str(fault["loc"][0])
    return f"{variable_name(name)} {_what_is_wrong(name, fault)}"


def _one_of(name: str) -> str:
    return "some of" if name in LISTS else "one of"


def _words(annotation: object) -> list[str]:
    """The words of a Literal, also of one within a tuple."""
    return [
        word
        for argument in get_args(annotation)
        for word in ([argument] if isinstance(argument, str) else _words(argument))
    ]


def _what_is_wrong(name: str, fault: ErrorDetails) -> str:
    field, context = Settings.model_fields[name], fault.get("ctx", {})
    match fault["type"]:
        case "literal_error":
            return f"must be {_one_of(name)} {', '.join(_words(field.annotation))}"
        case "greater_than_equal":
            return f"must be at least {context['ge']}"
        case "value_error":
            return str(context["error"])
    return _PLAIN_WORDS.get(fault["type"], f"cannot be used: {fault['msg']}")
