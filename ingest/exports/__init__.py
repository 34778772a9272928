"""Papers of the library as files that other programs read, and `ingest` too."""
