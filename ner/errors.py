"""Everything that `ner` raises on purpose.

::

    NerError                 the work could not be done         (exit code 1)
    ├── UsageError           the request itself is wrong        (exit code 2)
    │   ├── ConfigError      an unknown or ill-typed setting
    │   └── MissingExtra     an optional package is not installed
    ├── CorpusError          labelled data that cannot be read as asked
    ├── VectorsError         a file of word vectors that cannot be read
    ├── BundleError          a model folder that is missing, damaged or too new
    └── TrainingError        training cannot start or go on

Every message is one line that says what is wrong, where (``file:line`` when
there is one) and what to do about it. The command line prints the line and
leaves with `exit_code`; a traceback therefore always means a bug in `ner`.
"""


class NerError(ValueError):
    """The work could not be done; the message says why and what to do."""

    exit_code = 1


class UsageError(NerError):
    """The request itself is wrong: a name, an option or a combination of them."""

    exit_code = 2


class ConfigError(UsageError):
    """A setting is unknown, has the wrong type or is out of range."""


class MissingExtra(UsageError):
    """An optional package is needed; the message has the `pip install` line."""


class CorpusError(NerError):
    """Labelled data that cannot be read as asked."""


class VectorsError(NerError):
    """A file of word vectors that cannot be read."""


class BundleError(NerError):
    """A model folder that is missing, damaged or written by a newer version."""


class TrainingError(NerError):
    """Training cannot start or cannot go on."""
