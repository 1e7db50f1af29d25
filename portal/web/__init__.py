"""What is HTTP and belongs to no feature."""
