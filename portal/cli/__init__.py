"""The portal command."""
