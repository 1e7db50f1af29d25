"""Bringing files and folders of this machine in, through the upload protocol."""
