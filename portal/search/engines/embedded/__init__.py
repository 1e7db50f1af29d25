"""The embedded search engine; the only place that knows tantivy."""

from portal.search.engines.embedded.engine import EmbeddedEngine

__all__ = ["EmbeddedEngine"]
