"""Finding the moment: documents, text, engines, ranking."""
