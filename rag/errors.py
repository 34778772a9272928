"""The errors that users meet; the text of each is one line that ends in the next step.

AskpapersError
├── QuestionError           the question cannot be asked
├── SettingError            an environment variable or the configuration file has an invalid value
├── EncoderMissingError     the encoder's weights are missing or wrong
├── LibraryError            the library cannot be used
│   ├── NoLibraryError      there is none at this place
│   ├── LibraryBusyError    another process is writing to it
│   ├── WrongEncoderError   its vectors come from another encoder
│   ├── MixedLibraryError   digests and real abstracts would mix
│   ├── DamagedError        a file of it cannot be read
│   ├── DiskFullError       the disk that it is on is full
│   ├── NotWritableError    its folder cannot be written
│   └── IndexServerError    the server that holds its vectors gives no answer, or refuses
├── SourceError             a place to ingest from cannot be read
├── StoppedError            the answer was stopped before it was finished
└── ModelError              the language model, or the embedding model, gives no answer
    ├── KeyRefusedError     the server refuses the key
    ├── ModelMissingError   the server does not have the model
    └── ModelFailedError    it failed for a while: time-out, overload
        ├── BrokenStreamError   a reply began and broke off, or made no sense
        └── UnusableReplyError  a reply is empty, too long or unfinished
"""


class AskpapersError(Exception):
    """Any error that a user can cause or fix."""


class QuestionError(AskpapersError):
    """The question is empty, too long, or asks for an impossible range of years."""


class SettingError(AskpapersError):
    """An environment variable or the configuration file has an invalid value."""


class EncoderMissingError(AskpapersError):
    """The encoder's weights were not found, or their hash is not the expected one."""


class LibraryError(AskpapersError):
    """The library cannot be used."""


class NoLibraryError(LibraryError):
    """There is no library at this place."""


class LibraryBusyError(LibraryError):
    """Another process holds the library's write lock."""


class WrongEncoderError(LibraryError):
    """The dense index was built by an encoder other than the one in use."""


class MixedLibraryError(LibraryError):
    """Digests would be written into a library of real abstracts, or the other way round."""


class DamagedError(LibraryError):
    """A file of the library cannot be read, or comes from a newer version of the program."""


class DiskFullError(LibraryError):
    """The disk that the library is on is full."""


class NotWritableError(LibraryError):
    """The library's folder cannot be written."""


class IndexServerError(LibraryError):
    """The Chroma server that holds the library's vectors gives no answer, or refuses."""


class SourceError(AskpapersError):
    """A file or a service to ingest from cannot be read."""


class ModelError(AskpapersError):
    """The language model, or the embedding model, gives no answer."""


class KeyRefusedError(ModelError):
    """The server refuses the key."""


class ModelMissingError(ModelError):
    """The server does not have the model that was asked for."""


class ModelFailedError(ModelError):
    """The server or the connection failed after all retries; asking again may work."""


class BrokenStreamError(ModelFailedError):
    """A reply began and broke off, or made no sense, when the client no longer retries."""


class StoppedError(AskpapersError):
    """The answer was stopped before it was finished."""


class UnusableReplyError(ModelFailedError):
    """The model replied, but the reply is empty, too long or unfinished."""
