"""Outside parts for tests, and machines that share nothing but them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from portal.settings import Settings, load_settings
from tests.debian_postgres import OutsidePostgres
from tests.e2e.processes import Installation
from tests.meilisearch_index import KEY, URL, index_on
from tests.versitygw import ACCESS_KEY, SECRET_KEY, VersityGateway


@dataclass(frozen=True)
class OutsideParts:
    """`variables` lead to database, store and, where there is one, search server.

    Without a search server the machines share one folder of the index, as documented.
    """

    folder: Path
    variables: Mapping[str, str]
    has_meilisearch: bool

    def machine(self, name: str) -> Installation:
        """A machine with a data folder of its own, empty at first."""
        data = self.folder / name / "data"
        data.mkdir(mode=0o700, parents=True)
        if not self.has_meilisearch:
            shared = self.folder / "shared-index"
            shared.mkdir(exist_ok=True)
            (data / "search").symlink_to(shared)
        return Installation(data, variables=self.variables)

    def settings(self, machine: Installation) -> Settings:
        return load_settings({**self.variables, "PORTAL_DATA_DIR": str(machine.folder)})


@contextmanager
def outside_parts(
    folder: Path, postgres: OutsidePostgres, gateway: VersityGateway
) -> Iterator[OutsideParts]:
    """An empty database, a fresh bucket and an empty index."""
    with ExitStack() as stack:
        variables = {
            "PORTAL_DISK_FREE_BYTES_MIN": "0",
            "PORTAL_DATABASE_URL": stack.enter_context(postgres.database()),
            "PORTAL_S3_ENDPOINT_URL": gateway.url,
            "PORTAL_S3_BUCKET": gateway.settings(Settings()).s3_bucket,
            "PORTAL_S3_ACCESS_KEY": ACCESS_KEY,
            "PORTAL_S3_SECRET_KEY": SECRET_KEY,
        }
        has_meilisearch = URL in os.environ
        if has_meilisearch:
            url, key = os.environ[URL], os.environ[KEY]
            index = stack.enter_context(index_on(url, key))
            variables |= {
                "PORTAL_MEILI_URL": url,
                "PORTAL_MEILI_KEY": key,
                "PORTAL_MEILI_INDEX": index.name,
            }
        yield OutsideParts(folder, variables, has_meilisearch)
