"""Recordings: what they are, their picture in every size, and a preview of it."""
