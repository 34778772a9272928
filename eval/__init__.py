"""From questions with known answers to numbers."""
