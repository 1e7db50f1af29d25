"""Photos: metadata and sizes, read in one sandboxed child."""
