"""Moving an installation from one set of parts to another."""
