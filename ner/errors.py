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

import re

# Controls (line ends and ESC among them), marks that turn the direction of writing, and halves of
# surrogate pairs: whoever prints them lets a file's name or a label rewrite the line.
_CONTROLS = "[\0-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"


def escaped(text: str) -> str:
    """A text in which what would act on a terminal or a log has a backslash; twice is as once."""
    return re.sub(_CONTROLS, lambda found: ascii(found[0])[1:-1], text)


def shorten(text: str, most: int = 60) -> str:
    """`text` quoted for a message, cut if it is long."""
    return repr(text) if len(text) <= most else f"{text[:most]!r}… ({len(text):,} characters)"


def reason_of(error: BaseException, most: int = 200) -> str:
    """An error of somebody else's code in one line: its kind and its message, cut if it is long."""
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return text if len(text) <= most else f"{text[:most]}…"


class NerError(ValueError):
    """The work could not be done; the message, whatever it quotes, is one line that says why."""

    exit_code = 1

    def __str__(self) -> str:
        """Give the message as it may be printed."""
        return escaped(super().__str__())


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
