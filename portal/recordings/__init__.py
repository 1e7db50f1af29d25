"""Recordings: the chunks that they are encoded in, and what was measured of them."""
