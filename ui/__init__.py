"""Faces: the command line, and rendering that faces share."""
