"""Commands under ``torchrun``: those that share their work, and which process speaks."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from ner.errors import UsageError
from ner.plugins import declared
from ner.torchrun import own_rank


def refuse_torchrun(context: click.Context) -> None:
    """Refuse a command that does not share its work. Raises `UsageError`."""
    if own_rank().shared:
        parts = [f"ner {command} {part}" for command, part in declared("TORCHRUN").items()]
        raise UsageError(
            f"{context.command_path} {context.invoked_subcommand} works in one process; start it "
            f"without torchrun, which is for {' and '.join(['ner train', *parts])}"
        )


def fall_silent() -> None:
    """Let nothing be seen of what this process prints from now on."""
    sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115


@contextmanager
def shared_training(device: str) -> Iterator[bool]:
    """Train together with the other processes that ``torchrun`` has started, if it has.

    Gives true in the process that speaks for all: the others fall silent.
    """
    if not own_rank().shared:
        yield True
        return
    from ner.training import joined

    with joined(device) as processes:
        if not processes.leads:
            fall_silent()
        yield processes.leads
