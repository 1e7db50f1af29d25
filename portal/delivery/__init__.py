"""Playlists, segments and files, each request authorised."""
