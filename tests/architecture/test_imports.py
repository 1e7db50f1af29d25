"""Imports go one way: workers → portal's features → interfaces and database."""

from __future__ import annotations

from tests.architecture.source import (
    FEATURES,
    INSTALLED,
    Import,
    Module,
    forbidden_imports,
    modules,
    refuse,
)

HTTP_MODULES = frozenset({"api", "pages"})
HTTP_PLACES = ("portal/web/", "portal/delivery/", "portal/app.py")
HTTP_FRAMEWORKS = ("starlette", "granian", "python_multipart")

ADAPTERS = (
    "portal.storage.local",
    "portal.storage.local_uploads",
    "portal.storage.s3",
    "portal.search.engines.embedded",
    "portal.search.engines.meili",
)

OPEN_TO_OTHERS = frozenset({"models", "service", "urls"})
"""Modules of a feature that every other feature may use."""
OPEN_AS_WELL = (
    "portal.delivery.filenames",  # a page and the bytes it leads to are named alike
    "portal.assets.blurhash",
    "portal.assets.durations",
    "portal.assets.made_files",
    "portal.assets.pipeline",
    "portal.assets.renditions",
    "portal.assets.tidying",
    "portal.events.manifest",
    "portal.events.manifest_values",
    "portal.events.marked_yaml",
    "portal.jobs.Job",
    "portal.jobs.LANES",
    "portal.jobs.Lane",
    "portal.jobs.Task",
    "portal.jobs.defer",
    "portal.metrics.gathering",
    "portal.metrics.observing",
    "portal.photos.shifts",
    "portal.search.documents",
    "portal.search.engines.interface",
    "portal.transcripts.formats",
    "portal.transcripts.pairing",
)
"""Pure modules and interfaces, open by name."""
PRESENTATION = frozenset({"api", "details", "pages", "views"})
"""What shows things to people may use another feature's `views`: a photo looks alike everywhere."""


def test_portal_knows_no_worker() -> None:
    refuse(
        forbidden_imports(modules("portal"), lambda _, found: found.is_of("workers")),
        because="The web names work by constants of portal.jobs; it must run without workers.",
    )


def test_portal_knows_no_media_library() -> None:
    libraries = ("ffmpeg", "PIL", "pillow_heif", "exifread", "pyvips")
    refuse(
        forbidden_imports(modules("portal"), lambda _, found: found.is_of(*libraries)),
        because="Foreign bytes are decoded by workers, in a sandbox, never in the web.",
    )


def test_nothing_installed_knows_tools_or_tests() -> None:
    refuse(
        forbidden_imports(
            modules(*INSTALLED), lambda _, found: found.is_of("infra", "tests", "pytest")
        ),
        because="infra/ and tests/ are not installed.",
    )


def test_workers_do_not_serve() -> None:
    def serves(_: Module, found: Import) -> bool:
        return found.is_of("portal.web", "portal.app", "portal.cli") or _is_http(found)

    refuse(
        forbidden_imports(modules("workers"), serves),
        because="Workers use features by their services; HTTP and the command line are edges.",
    )


def test_only_edges_know_http() -> None:
    def knows(module: Module, found: Import) -> bool:
        is_edge = module.is_in(*HTTP_PLACES) or module.base_name in HTTP_MODULES
        return not is_edge and found.is_of(*HTTP_FRAMEWORKS)

    refuse(
        forbidden_imports(modules(*INSTALLED), knows),
        because="Rules that know no HTTP are shared by pages, API, command line and workers.",
    )


def test_only_the_application_collects_routes() -> None:
    def collects(module: Module, found: Import) -> bool:
        is_own = module.base_name in HTTP_MODULES and found.is_of(f"portal.{module.feature}")
        return _is_http(found) and not is_own and not module.is_in("portal/app.py")

    refuse(
        forbidden_imports(modules("portal"), collects),
        because="What two pages share belongs in a service or in portal/web/, not in a page.",
    )


def test_features_meet_at_their_services() -> None:
    def trespasses(module: Module, found: Import) -> bool:
        other = _feature_of(found)
        if other is None or other == module.feature or module.is_in("portal/app.py"):
            return False
        return not (_is_open(found) or _is_open_to(module, found))

    refuse(
        forbidden_imports(modules(*INSTALLED), trespasses),
        because="A feature's rules are reached by its service and models, so that they hold.",
    )


def test_adapters_are_picked_in_one_place() -> None:
    def picks(module: Module, found: Import) -> bool:
        is_same_package = module.is_in("portal/storage/", "portal/search/engines/")
        return (
            found.is_of(*ADAPTERS) and not is_same_package and not module.is_in("portal/runtime.py")
        )

    refuse(
        forbidden_imports(modules(*INSTALLED), picks),
        because="Everything else works with the interface; portal/runtime.py picks what is behind.",
    )


def _is_open(found: Import) -> bool:
    parts = found.target.split(".")
    is_named_alike = len(parts) > 2 and parts[2] in OPEN_TO_OTHERS
    return is_named_alike or found.is_of(*OPEN_AS_WELL, *ADAPTERS)


def _is_open_to(module: Module, found: Import) -> bool:
    """Pages share views; bringing files in, and moving, are features of the command line alone."""
    if found.is_of("portal.ingest", "portal.moving"):
        return module.is_in("portal/cli/")
    return module.base_name in PRESENTATION and found.target.split(".")[2:3] == ["views"]


def _is_http(found: Import) -> bool:
    """Whether it names a feature's api.py or pages.py."""
    parts = found.target.split(".")
    return _feature_of(found) is not None and len(parts) > 2 and parts[2] in HTTP_MODULES


def _feature_of(found: Import) -> str | None:
    parts = found.target.split(".")
    is_feature = parts[0] == "portal" and len(parts) > 1 and parts[1] in FEATURES
    return parts[1] if is_feature else None
