"""Where bytes live: two small interfaces and their implementations."""
