"""Correcting the clocks of the cameras that an event was photographed with."""
