"""Measurements: of quality on public data from a folder that the command line names, and of speed."""
