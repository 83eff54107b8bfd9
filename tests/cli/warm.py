"""``python -m tests.cli.warm HANDLE``: processes of the ``ner`` command that need no start.

Loading torch takes longer than most of what a test asks of a process, and loading what the first
optimizer and the first scores need longer still. So one process has loaded it all, and forks at
each request on its socket: a JSON object (the arguments, the folder to stand in, the environment,
the signals to ignore) with the handles of the three standard streams. It answers with the number
of the child, and with its exit code when it has ended.
"""

import gc
import importlib
import json
import os
import signal
import socket
import sys
from typing import Any

import ner.cli

TRAINING = ("ner.training", "torch._dynamo", "seqeval.metrics")
"""What a training loads: itself, by its first optimizer, and by its first scores."""


def load() -> None:
    """Load what commands would load, once for all.

    No process looks through that for cycles, which takes a second at the end of each.
    """
    gc.disable()
    for name in TRAINING:
        importlib.import_module(name)
    gc.freeze()
    gc.enable()


def serve(asked: socket.socket) -> None:
    """Start a child at each request, one at a time, until nobody is left to ask."""
    while True:
        message, handles, _, _ = socket.recv_fds(asked, 1 << 16, 3)
        if not message:
            return
        child = os.fork()
        if not child:
            asked.close()
            begin(json.loads(message), handles)
        for handle in handles:
            os.close(handle)
        asked.sendall(f"{child}\n".encode())
        asked.sendall(f"{os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}\n".encode())


def begin(request: dict[str, Any], handles: list[int]) -> None:
    """Become the command; what ends this process is its `SystemExit`."""
    for number, handle in enumerate(handles):
        os.dup2(handle, number)
        os.close(handle)
    sys.stdin, sys.stdout, sys.stderr = (
        open(number, mode, buffering, encoding="utf-8", closefd=False)  # noqa: SIM115
        for number, (mode, buffering) in enumerate([("r", -1), ("w", -1), ("w", 1)])
    )
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["environment"])
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in request["ignored"]:
        signal.signal(number, signal.SIG_IGN)
    ner.cli.main(request["arguments"])


if __name__ == "__main__":
    load()
    with socket.socket(fileno=int(sys.argv[1])) as connection:
        serve(connection)
