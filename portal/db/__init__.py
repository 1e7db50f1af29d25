"""The database: declared tables, their migrations, and the embedded server."""
