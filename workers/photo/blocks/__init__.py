"""Where a photo's metadata stands: one walk over the head of each container."""
