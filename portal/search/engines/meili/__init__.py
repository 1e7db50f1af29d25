"""The search engine on a Meilisearch server; the only place that knows its client."""

from portal.search.engines.meili.engine import MeilisearchEngine

__all__ = ["MeilisearchEngine"]
