"""Writes papers of the library to files that other programs, and `ingest`, can read."""
