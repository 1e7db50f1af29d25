"""Timed text: cues, languages, caption formats."""
