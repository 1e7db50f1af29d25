"""What an installation needs, tried out; each finding says what to do about it."""

from __future__ import annotations

import shutil
import stat
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Set
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from portal.db.migrate import current_revision, head_revision
from portal.errors import PortalError, SearchUnavailable, StorageError
from portal.ids import new_id
from portal.installation.models import shared_folders
from portal.installation.service import claim_folders, claim_store
from portal.jobs import service as jobs_service
from portal.runtime import Runtime, open_runtime, storage_faults
from portal.search.engines.interface import CandidateQuery
from portal.settings import Settings, child_environment, variable_name
from portal.storage import keys
from portal.supervisor import CommandError, run_command
from portal.visibility import PUBLIC

ENCODERS = frozenset({"libx264", "aac", "mjpeg"})
DEMUXERS = frozenset({"mov", "matroska", "mpegts", "flac", "mp3", "wav", "ogg"})
MUXERS = frozenset({"hls", "mp4", "image2"})
FILTERS = frozenset(
    {"aformat", "aresample", "format", "fps", "pan", "scale", "setpts", "split", "thumbnail"}
)
LISTS = {"encoders": ENCODERS, "demuxers": DEMUXERS, "muxers": MUXERS, "filters": FILTERS}
COMMAND_SECONDS_MAX = 30.0
INSTALL_FFMPEG = "Install ffmpeg, on Debian: apt-get install ffmpeg."
GIBIBYTE = 1024**3
ANY_WORD = CandidateQuery(("doctor",), (), PUBLIC, datetime(2000, 1, 1, tzinfo=UTC), limit=1)


class CheckState(StrEnum):
    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True)
class Check:
    """`sentence` says what was found, `advice` what to do; "" when there is nothing to do."""

    name: str
    state: CheckState
    sentence: str
    advice: str = ""


def run_checks(settings: Settings) -> list[Check]:
    """Try everything. What cannot be opened is a finding, not an error."""
    checks = [
        check_ffmpeg(settings),
        check_ffprobe(settings),
        check_sandbox(settings),
        check_disk(settings),
        check_data_folder(settings),
        check_address(settings),
        check_delivery(settings),
    ]
    try:
        with open_runtime(settings) as runtime:
            checks += _check_opened(runtime)
    except PortalError as error:
        checks.append(Check("database", CheckState.FAILED, str(error), _DATABASE_ADVICE))
    return checks


def check_ffmpeg(settings: Settings) -> Check:
    program = settings.ffmpeg_path
    try:
        version = _version(program)
        missing = [
            f"{name} (one of the {kind})"
            for kind, needed in LISTS.items()
            for name in sorted(needed - _offered(program, kind))
        ]
    except CommandError as error:
        return Check("ffmpeg", CheckState.FAILED, f"{error}.", _program_advice("ffmpeg_path"))
    if missing:
        sentence = f"{version} lacks {', '.join(missing)}."
        return Check("ffmpeg", CheckState.FAILED, sentence, _program_advice("ffmpeg_path"))
    return Check("ffmpeg", CheckState.OK, f"{version}, with all encoders that are needed.")


def check_ffprobe(settings: Settings) -> Check:
    try:
        return Check("ffprobe", CheckState.OK, f"{_version(settings.ffprobe_path)}.")
    except CommandError as error:
        return Check("ffprobe", CheckState.FAILED, f"{error}.", _program_advice("ffprobe_path"))


def check_sandbox(settings: Settings) -> Check:
    argv = [sys.executable, "-m", "workers.sandbox"]
    try:
        output = run_command(
            argv, env=child_environment(settings), timeout_seconds=COMMAND_SECONDS_MAX
        )
    except CommandError as error:
        return Check("sandbox", CheckState.FAILED, f"{error}.", "Install util-linux.")
    return sandbox_finding(output.strip(), is_required=settings.require_sandbox)


def sandbox_finding(level: str, *, is_required: bool) -> Check:
    advice = "Install bubblewrap and allow user namespaces, or run the worker where they are."
    if level == "bubblewrap":
        return Check("sandbox", CheckState.OK, "bubblewrap keeps foreign files apart.")
    if level == "unshare":
        sentence = "unshare keeps foreign files from network and processes, not from other files."
        return Check("sandbox", CheckState.WARNING, sentence, advice)
    state = CheckState.FAILED if is_required else CheckState.WARNING
    return Check("sandbox", state, "Only limits keep foreign files apart here.", advice)


def check_disk(settings: Settings) -> Check:
    free = shutil.disk_usage(_existing(settings.data_path)).free
    return disk_finding(free, least=settings.disk_free_bytes_min)


def disk_finding(free_bytes: int, *, least: int) -> Check:
    free, kept = (f"{size / GIBIBYTE:.1f} GiB" for size in (free_bytes, least))
    sentence = f"{free} are free; uploads leave {kept} untouched."
    advice = f"Make room, or lower {variable_name('disk_free_bytes_min')}."
    if free_bytes < least:
        return Check("disk", CheckState.FAILED, f"{sentence} None can come in.", advice)
    if free_bytes < 2 * least:
        return Check("disk", CheckState.WARNING, sentence, advice)
    return Check("disk", CheckState.OK, sentence)


def check_data_folder(settings: Settings) -> Check:
    """The search index and the log of failures repeat what drafts say."""
    folder = settings.data_path
    if _exists(folder) and _is_open_to_all(folder):
        return Check(
            "data",
            CheckState.WARNING,
            f"Every account of this machine can read in {folder}, where texts of drafts are, too.",
            f"Run `chmod 700 {folder}`.",
        )
    return Check("data", CheckState.OK, f"{folder} is closed to other accounts of this machine.")


def check_address(settings: Settings) -> Check:
    """Sign-in cookies need https, except on the machine itself."""
    base = urlsplit(settings.base_url or "")
    if base.scheme == "https" or (base.netloc and _is_this_machine(base.hostname or "")):
        return Check("address", CheckState.OK, f"The portal is at {settings.base_url}.")
    if base.netloc:
        return _plain_http(f"{settings.base_url} is plain http")
    beyond = [name for name in settings.allowed_hosts if not _is_this_machine(name.strip("[]"))]
    if beyond:
        known = f"{variable_name('allowed_hosts')} names {', '.join(beyond)}"
        return _plain_http(f"{known}, and without a public address that is plain http")
    return Check(
        "address",
        CheckState.OK,
        "No public address is set; links name the host that a request names. That is for this "
        "machine only: `portal serve --host 0.0.0.0` would take passwords over plain http.",
    )


def check_delivery(settings: Settings) -> Check:
    """Only nginx may see what it is told to send; whoever asks the portal past it sees that, too.

    That nginx is named is all the sign there is: without it, it stands nowhere, or as a stranger.
    """
    who = variable_name("delivery")
    if settings.delivery != "nginx":
        return Check("delivery", CheckState.OK, f"{who} is {settings.delivery}.")
    if settings.trusted_proxies:
        named = ", ".join(settings.trusted_proxies)
        return Check("delivery", CheckState.OK, f"nginx at {named} sends the media.")
    return Check(
        "delivery",
        CheckState.WARNING,
        f"{who} is nginx, and no nginx is known: who reaches the portal past it gets no media, but "
        "the store's signed addresses, and all readers count as one.",
        f"Name nginx in {variable_name('trusted_proxies')}, and let nobody else reach the portal.",
    )


def _plain_http(fact: str) -> Check:
    return Check(
        "address",
        CheckState.WARNING,
        f"{fact}: whoever is on the network between can read passwords and take over a sign-in, "
        "because its cookie cannot be kept to https.",
        f"Put a web server that does https in front and set {variable_name('base_url')}.",
    )


def check_database(runtime: Runtime) -> Check:
    current, needed = current_revision(runtime.engine), head_revision()
    if current == needed:
        return Check("database", CheckState.OK, f"It answers and is at revision {needed}.")
    sentence = f"It is at revision {current or 'none'}; this version needs {needed}."
    return Check("database", CheckState.FAILED, sentence, "Run `portal migrate`.")


def check_storage(runtime: Runtime) -> Check:
    """Store an object, read it back, delete it; then what else an outside store must do."""
    key, content = keys.doctor_probe(new_id()), new_id().encode()
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        runtime.store.put_file(key, Path(file.name), media_type="text/plain")
    read = runtime.store.read(key)
    runtime.store.delete(key)
    if read != content:
        sentence = "What was stored is not what was read back."
        return Check("storage", CheckState.FAILED, sentence, "Check the disk or the store.")
    faults = storage_faults(runtime.settings)
    return Check(
        "storage",
        CheckState.FAILED if faults else CheckState.OK,
        " ".join(["An object was stored, read back and deleted.", *(f.sentence for f in faults)]),
        " ".join(fault.advice for fault in faults),
    )


def check_search(runtime: Runtime) -> Check:
    """That it can be searched and changed, too: a key of an outside server may lack any right."""
    try:
        status = runtime.search.status()
        runtime.search.candidates(ANY_WORD)
        runtime.search.rehearse()
    except SearchUnavailable as error:
        return Check("search", CheckState.FAILED, str(error), _search_advice(runtime.settings))
    sentence = (
        f"The {status.name} index holds {status.document_count} documents; "
        "another one was made, filled and deleted beside it."
    )
    return Check("search", CheckState.OK, sentence)


def check_folders(runtime: Runtime) -> Check:
    """With an outside database, what lies in a folder is a trap for other machines."""
    with suppress(StorageError):  # that the store is away is told of the store
        claim_store(runtime)
    folders = shared_folders(runtime.settings)
    if not folders:
        return Check("folders", CheckState.OK, "No other machine depends on a folder of this one.")
    with runtime.engine.begin() as connection:
        claim_folders(connection, runtime.settings)
    held = " and ".join(f"{folder.holds} in {folder.path}" for folder in folders)
    settings = " and ".join(folder.instead for folder in folders)
    return Check(
        "folders",
        CheckState.WARNING,
        f"The database is an outside one, and this machine keeps {held}.",
        f"Workers on other machines are refused unless they share it; set {settings}.",
    )


def check_workers(runtime: Runtime) -> Check:
    with runtime.engine.connect() as connection:
        count = jobs_service.live_worker_count(connection)
    if count:
        return Check("workers", CheckState.OK, f"They are alive and serve {count} lanes in all.")
    sentence = "None is alive: what comes in waits."
    advice = "Run `portal serve` or `portal worker`; `portal ingest --wait` brings its own."
    return Check("workers", CheckState.WARNING, sentence, advice)


def _search_advice(settings: Settings) -> str:
    if settings.is_embedded_search:
        return "Run `portal index rebuild`."
    names = f"{variable_name('meili_url')} and {variable_name('meili_key')}"
    return f"See that the server runs and that {names} are right; then run `portal index rebuild`."


_DATABASE_ADVICE = f"See that it runs and that {variable_name('database_url')} is right."
_ADVICE = {
    "database": _DATABASE_ADVICE,
    "storage": "See that the portal may write to that folder.",
    "folders": "See that every machine of the installation means the same folder or bucket.",
    "workers": _DATABASE_ADVICE,
}


def _check_opened(runtime: Runtime) -> Iterator[Check]:
    database = _tried("database", check_database, runtime)
    yield database
    yield _tried("storage", check_storage, runtime)
    yield _tried("search", check_search, runtime)
    if database.state is CheckState.OK:
        yield _tried("folders", check_folders, runtime)
        yield _tried("workers", check_workers, runtime)


def _tried(name: str, check: Callable[[Runtime], Check], runtime: Runtime) -> Check:
    try:
        return check(runtime)
    except PortalError as error:
        return Check(name, CheckState.FAILED, str(error), _advice(name, runtime.settings))


def _advice(name: str, settings: Settings) -> str:
    is_told = name == "storage" and not settings.is_local_storage
    return "" if is_told else _ADVICE[name]  # an outside store's faults name their settings


def _version(program: str) -> str:
    """`ffmpeg 5.1.9`. Raises CommandError."""
    output = run_command([program, "-version"], timeout_seconds=COMMAND_SECONDS_MAX)
    words = output.split(maxsplit=3)
    return " ".join((words[0], words[2])) if len(words) > 2 else program


def _offered(program: str, kind: str) -> Set[str]:
    """Names of what ffmpeg has of a kind: `libx264` of encoders. Raises CommandError."""
    argv = [program, "-hide_banner", f"-{kind}"]
    output = run_command(argv, timeout_seconds=COMMAND_SECONDS_MAX)
    return set(listed_names(output.splitlines()))


def listed_names(lines: Iterable[str]) -> Iterator[str]:
    """The names in a list of ffmpeg's; a line is ` V....D libx264   description`."""
    for line in lines:
        columns = line.split()
        if len(columns) > 2:
            yield from columns[1].split(",")


def _program_advice(field: str) -> str:
    return f"{INSTALL_FFMPEG} {variable_name(field)} names a program at another place."


def _existing(path: Path) -> Path:
    """`path` or the nearest folder above it that there is."""
    return next(folder for folder in (path, *path.parents) if _exists(folder))


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # in a folder that is closed to us, or a name too long: not for us
        return False


def _is_open_to_all(folder: Path) -> bool:
    """Whether any account may list or enter it, which takes leave to pass all folders above."""
    may_pass = all(above.stat().st_mode & stat.S_IXOTH for above in folder.parents)
    return may_pass and bool(folder.stat().st_mode & (stat.S_IROTH | stat.S_IXOTH))


def _is_this_machine(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
