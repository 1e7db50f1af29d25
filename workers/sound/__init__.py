"""The sound of recordings: every track, its loudness, its waveform."""
