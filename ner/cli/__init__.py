"""The command line: parse, call the library, print.

Results go to stdout; messages and progress bars to stderr. Exit codes: 0 fine,
1 the work failed, 2 wrong use, 130 stopped with Ctrl-C. A user's mistake is one
line, never a traceback.
"""

import importlib
import logging
import os
import sys
from collections.abc import Sequence

import click

import ner
from ner.errors import NerError

INTERRUPTED = 130

COMMANDS = ("train", "evaluate", "tag", "data")


class _Commands(click.Group):
    """Commands whose modules are imported only when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order in which a user needs them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, from the module of that name."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"ner.cli.{cmd_name}")
        command: click.Command = getattr(module, cmd_name)
        return command


@click.command(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "show_default": True},
    epilog="See 'ner COMMAND --help' for a command's options.",
)
@click.version_option(ner.__version__, prog_name="ner")
def cli() -> None:
    """Named-entity recognition: train a tagger on your corpus, evaluate it, tag text with it."""


class _Messages(logging.Formatter):
    """Warnings say that they are; information is said as it is."""

    def format(self, record: logging.LogRecord) -> str:
        """One line for a message."""
        text = record.getMessage()
        return text if record.levelno < logging.WARNING else f"warning: {text}"


def _show_messages() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Messages())
    logger = logging.getLogger("ner")
    logger.handlers = [handler]
    logger.setLevel(logging.INFO)
    logger.propagate = False


def complain(message: str) -> None:
    """Say on stderr, in one line, what went wrong."""
    click.echo(f"ner: error: {' '.join(message.split())}", err=True)


def _run(arguments: Sequence[str] | None) -> int:
    """Run a command; returns the exit code."""
    try:
        code = cli.main(args=arguments, prog_name="ner", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except NerError as error:
        complain(str(error))
        return error.exit_code
    except click.ClickException as error:
        complain(error.format_message())
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        complain("stopped")
        return INTERRUPTED
    except BrokenPipeError:
        # The reader has had enough (`| head`): nothing is wrong, and nobody is left to tell.
        # Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        # What no room could foresee: a disk that fills up, a file that goes away.
        complain(str(error))
        return 1


def main(arguments: Sequence[str] | None = None) -> None:
    """The entry point of the ``ner`` command."""
    _show_messages()
    sys.exit(_run(arguments))
