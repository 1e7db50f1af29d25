"""What a picture desk needs, written into every photo that is handed out."""
