"""The writers of answers: a language model, or quotations from the papers."""
