"""Whole papers: PDFs from Debian's R packages, and questions on their bodies with page and quote."""
