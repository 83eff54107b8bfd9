"""The command line: parse, call the library, print.

Results go to stdout; messages and progress bars to stderr. Exit codes: 0 fine,
1 the work failed, 2 wrong use, 130 stopped with Ctrl-C, 143 with SIGTERM, 129
with SIGHUP. A user's mistake is one line, never a traceback.
"""

import atexit
import contextlib
import gc
import io
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from types import FrameType
from typing import cast

import click

from ner.cli.shared import fall_silent, refuse_torchrun
from ner.errors import MissingExtra, NerError, escaped
from ner.plugins import declared, load
from ner.run_folder import EarlierMessages
from ner.torchrun import own_rank
from ner.version import __version__, commit

INTERRUPTED = 130
SIGNALLED = 128  # and the number of the signal
_LEFT_OUT = ("torch", "torchcrf", "rich")  # by an installation for tagging alone
_ALLOCATIONS = 200_000  # before unused cycles are looked for: some MB, and all imports have fewer

COMMANDS = {
    name: f"ner.cli.{name}:{name}"
    for name in ("train", "evaluate", "tag", "data", "export", "info")
}


class _Commands(click.Group):
    """Commands whose modules are imported only when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List the main commands in the order in which a user needs them, then extensions."""
        return [*COMMANDS, *declared("COMMANDS")]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load the command of that name, the core's own or that of an extension."""
        target = COMMANDS.get(cmd_name) or declared("COMMANDS").get(cmd_name)
        return None if target is None else cast(click.Command, load(target))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Show extensions apart, below the main commands."""
        for title, names in (("Commands", COMMANDS), ("Extensions", declared("COMMANDS"))):
            commands = [(name, self.get_command(ctx, name)) for name in names]
            rows = [(name, command.get_short_help_str()) for name, command in commands if command]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)


@click.command(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "show_default": True},
    epilog="See 'ner COMMAND --help' for a command's options.",
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=lambda ctx, _, wanted: _print_version(ctx) if wanted else None,
    help="Show the version and the commit of the code, and exit.",
)
@click.pass_context
def cli(context: click.Context) -> None:
    """Named-entity recognition: train a tagger on your corpus, evaluate it, tag text with it."""
    if own_rank().shared and context.invoked_subcommand not in {"train", *declared("TORCHRUN")}:
        refuse_torchrun(context)


def _print_version(context: click.Context) -> None:
    known = commit()
    click.echo(f"ner, version {__version__}" + f", commit {known}" * bool(known))
    context.exit()


class _Messages(logging.Handler):
    """A handler that prints to stderr, above a progress bar if there is one."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print a record in one line."""
        text = escaped(record.getMessage())
        line = text if record.levelno < logging.WARNING else f"warning: {text}"
        with contextlib.suppress(OSError):
            print(line, file=sys.stderr)  # click.echo would write past the bar's own stream


def _show_messages() -> None:
    logger = logging.getLogger("ner")
    logger.handlers = [_Messages(), EarlierMessages()]
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logging.raiseExceptions = False  # a log that cannot be written is no reason for a traceback


class _Terminated(KeyboardInterrupt):
    """A signal, its argument, after which things are left as after Ctrl-C."""


def _terminate(number: int, frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_IGN)  # once is enough; what is being tidied up is not to stop
    raise _Terminated(number)


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    """Let SIGTERM and SIGHUP stop the block like Ctrl-C does; under ``nohup`` it goes on."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    known = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in known}
    heard = [number for number in known if before[number] != signal.SIG_IGN]
    for number in heard:
        signal.signal(number, _terminate)
    try:
        yield
    finally:
        for number in heard:
            signal.signal(number, before[number])


def stopped(stop: BaseException, kept: str = "") -> click.exceptions.Exit:
    """Print that a command was stopped and what is left of it; returns the exit to raise."""
    _echo(f"stopped{'; ' * bool(kept)}{kept}")
    for error in (stop, stop.__cause__):
        if isinstance(error, _Terminated):
            return click.exceptions.Exit(SIGNALLED + error.args[0])
    return click.exceptions.Exit(INTERRUPTED)


def print_error(message: str) -> None:
    """Print an error to stderr in one line."""
    _echo(f"error: {' '.join(message.split())}")


def _echo(line: str) -> None:
    """Print a line of this command to stderr, unless its terminal is gone."""
    with contextlib.suppress(OSError):
        click.echo(f"ner: {escaped(line)}", err=True)


def run(arguments: Sequence[str] | None) -> int:
    """Run a command; returns the exit code."""
    try:
        code = cli.main(args=arguments, prog_name="ner", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except NerError as error:
        print_error(str(error))
        return error.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return error.exit_code
    except click.ClickException as error:
        print_error(f"{error.format_message().rstrip('.')} (see {_named(arguments)} --help)")
        return error.exit_code
    except (KeyboardInterrupt, click.Abort) as stop:
        return stopped(stop).exit_code
    except (BrokenPipeError, SystemExit) as error:
        # click makes an exit with 1 of a broken pipe; any other is meant.
        if isinstance(error, SystemExit) and error.code != 1:
            raise
        # The reader has had enough (`| head`): nothing is wrong, and nobody is left to tell.
        _settle_stdout()
        return 0
    except ModuleNotFoundError as error:
        if error.name not in _LEFT_OUT:
            raise
        print_error(
            f"{error.name} is not installed, which tagging does without and this does not; "
            "install all that ner needs: pip install bilstm-ner"
        )
        return MissingExtra.exit_code
    except (MemoryError, RuntimeError) as error:
        if not isinstance(error, MemoryError) and "memory" not in str(error):
            raise  # a bug, to be seen whole
        print_error("the memory does not suffice; choose a smaller model or smaller batches")
        return 1
    except OSError as error:
        # What no room could foresee: a disk that fills up, a file that goes away.
        print_error(
            f"{error.filename or 'the output'}: {error.strerror or error}; "
            "free the place, or choose another"
        )
        _settle_stdout()
        return 1


def _settle_stdout() -> None:
    """Drop output that cannot be written: Python would report it once more at its exit."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _named(arguments: Sequence[str] | None) -> str:
    """The command that arguments name; click forgets it where an option lacks its value."""
    words, command = ["ner"], cast(click.Command, cli)
    for word in sys.argv[1:] if arguments is None else arguments:
        group = command if isinstance(command, click.Group) else None
        found = group and group.get_command(click.Context(group), word)
        if not found:
            break
        words.append(word)
        command = found
    return " ".join(words)


def _prepare_streams() -> None:
    """Closed streams (``>&-``) lead nowhere; characters that the terminal lacks are escaped."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    if own_rank().local_rank:
        fall_silent()  # the first process of the machine says the same


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the ``ner`` command with arguments, those of this process if None, and exit."""
    _prepare_streams()
    _show_messages()
    with _terminable():
        code = run(arguments)
    sys.exit(code)


def program() -> None:
    """The ``ner`` command: `main`, and then an end without tidying up.

    Python would free every object by itself, which takes a fifth of the time for one sentence.
    """
    gc.set_threshold(_ALLOCATIONS)
    try:
        main()
    except SystemExit as stop:
        if not isinstance(stop.code, int):
            raise
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError):
                stream.flush()
        os._exit(stop.code)
