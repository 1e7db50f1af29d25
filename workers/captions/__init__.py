"""Caption files to transcripts."""
