"""PDFs of papers: their text in reading order, what their first page says, and pictures of their pages."""
