"""How far the processing of an event's files is, told to the desk while it happens."""
