"""Keeps a library up to date with its origins: the files, folders and services of its papers."""
