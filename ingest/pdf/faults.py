"""Why a PDF cannot be read."""


class PdfError(Exception):
    """A PDF cannot be read; the text says why, and the way out, as a continuation of its name."""
