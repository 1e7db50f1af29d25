"""How bytes come in: begin, parts, complete."""
