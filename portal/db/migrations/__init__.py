"""The history of the schema; each revision is written out and never changed afterwards."""
