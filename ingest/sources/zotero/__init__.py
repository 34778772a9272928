"""Zotero: the library on this computer, read from a snapshot, and libraries on Zotero's server."""
