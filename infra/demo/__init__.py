"""Material for a demonstration event, made on the spot and labelled as such wherever it shows."""
