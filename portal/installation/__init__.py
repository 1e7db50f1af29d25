"""What belongs to one installation: the folders that its processes must have in common."""
