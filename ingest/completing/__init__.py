"""Fills in what papers of the library lack, by their DOIs, from Crossref and OpenAlex."""
