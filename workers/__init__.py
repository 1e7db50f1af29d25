"""Background work: turns uploaded originals into renditions, transcripts and search documents."""
