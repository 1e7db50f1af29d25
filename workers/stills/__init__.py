"""Still pictures of recordings: the poster, and the storyboard that scrubbing shows."""
