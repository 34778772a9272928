"""Measurements on public data, which is read from a folder that the command line names."""
