"""The desk's page of one recording, photo or caption file."""
