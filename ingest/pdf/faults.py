"""Why a PDF cannot be read."""


class PdfError(Exception):
    """A PDF cannot be read.

    The text says why, and the way out, in one line that continues the name of the file: "is encrypted: save
    it without its password".
    """
