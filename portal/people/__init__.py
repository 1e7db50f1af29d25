"""Speakers and people pictured, with the variants of their names."""
