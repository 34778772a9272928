"""The errors of a batch run, beside those of answers."""

from rag.errors import AskpapersError, ModelFailedError


class CaseError(AskpapersError):
    """A question file cannot be read, or one of its cases is invalid."""


class RunError(AskpapersError):
    """A run cannot be written, or has nothing to ask."""


class ProgramError(ModelFailedError):
    """The evaluated program raised an error, or its reply is not an answer."""


class GateError(AskpapersError):
    """A gate cannot be read, or names an unknown metric or tag."""
