"""What can go wrong in a batch run, beside what can go wrong in an answer."""

from rag.errors import AskpapersError


class CaseError(AskpapersError):
    """A question file cannot be read, or a case of it is none."""


class RunError(AskpapersError):
    """A run cannot be written, or has nothing to ask."""


class GateError(AskpapersError):
    """A gate cannot be read, or names a metric or a tag that is not there."""
