"""The archive, its web front end and its rules; imports neither workers nor ffmpeg."""
