"""Who writes the answer: a language model, or the papers' own sentences."""
