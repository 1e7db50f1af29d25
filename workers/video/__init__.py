"""Video and audio: probe, ladder, transcode, poster."""
