"""What can go wrong in a batch run, beside what can go wrong in an answer."""

from rag.errors import AskpapersError, ModelFailedError


class CaseError(AskpapersError):
    """A question file cannot be read, or a case of it is none."""


class RunError(AskpapersError):
    """A run cannot be written, or has nothing to ask."""


class ProgramError(ModelFailedError):
    """The program that is evaluated raised an error, or replied with something that is no answer."""


class GateError(AskpapersError):
    """A gate cannot be read, or names a metric or a tag that is not there."""
