"""Looking again at what a library was made of."""
