"""Caption formats: foreign bytes in, cues out."""
