"""Files that everybody may take away of a recording: video.mp4 and one M4A per sound track."""
