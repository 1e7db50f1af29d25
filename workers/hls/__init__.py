"""Fragmented MP4, as ffmpeg writes it, becomes the segments of HLS renditions."""
