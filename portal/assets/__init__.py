"""What was put in, what we made of it, and how far that is."""
