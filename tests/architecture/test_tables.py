"""Only the owning feature's repository writes a table; any may read it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from portal.db.tables import metadata
from tests.architecture.source import INSTALLED, Module, calls, dotted, modules, refuse

OWNERS: Mapping[str, frozenset[str]] = {
    "accounts": frozenset({"accounts", "sessions", "api_tokens", "setup_links", "login_attempts"}),
    "assets": frozenset(
        {"assets", "asset_people", "originals", "steps", "renditions", "photo_metadata"}
    ),
    "events": frozenset(
        {"events", "programme_items", "event_topics", "event_delegations", "event_people"}
    ),
    "installation": frozenset({"shared_folders"}),
    "recordings": frozenset({"chunks", "recordings"}),
    "people": frozenset({"people", "person_variants"}),
    "photos": frozenset({"camera_clocks", "photo_clocks"}),
    "transcripts": frozenset({"transcripts", "cues"}),
    "uploads": frozenset({"uploads"}),
}
WRITES = frozenset({"insert", "update", "delete"})


def test_every_table_has_one_owner() -> None:
    owned = [table for tables in OWNERS.values() for table in tables]
    assert sorted(owned) == sorted(metadata.tables)


def test_only_its_owner_writes_a_table() -> None:
    refuse(
        [
            f"{module.path}:{line} writes {table}"
            for module in modules(*INSTALLED)
            for table, line in _written_tables(module)
            if not _owns(module, table)
        ],
        because="A table's invariants are kept by the repository of the feature that owns it.",
    )


def test_writes_are_recognised() -> None:
    tree = ast.parse(
        "from portal.db.tables import cues as lines\n"
        "connection.execute(insert(lines), rows)\n"
        "connection.execute(tables.events.delete())\n"
        "connection.execute(postgresql.insert(tables.people))\n"
    )
    module = Module("portal/uploads/repository.py", "portal.uploads.repository", "", tree)
    assert sorted(_written_tables(module)) == [("cues", 2), ("events", 3), ("people", 4)]


def _owns(module: Module, table: str) -> bool:
    is_own = table in OWNERS.get(module.feature or "", frozenset())
    return is_own and module.is_repository


def _written_tables(module: Module) -> Iterator[tuple[str, int]]:
    names = _table_names(module)
    for called, call in calls(module):
        target, _, verb = called.rpartition(".")
        if verb not in WRITES:
            continue
        written = dotted(call.args[0]) if call.args else target
        table = names.get(written, written.removeprefix("tables."))
        if table in metadata.tables:
            yield table, call.lineno


def _table_names(module: Module) -> Mapping[str, str]:
    """{name in this module: table}, for tables imported by name."""
    return {
        alias.asname or alias.name: alias.name
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ImportFrom) and node.module == "portal.db.tables"
        for alias in node.names
    }
