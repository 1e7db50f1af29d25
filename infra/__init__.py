"""Tools of the people who work on the portal; nothing here is part of the installed program."""
