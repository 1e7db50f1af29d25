"""Files that everybody may take away of a recording: video.mp4 and sound.m4a."""
