"""A server as it was asked for: its models, its place, its limits; and its sockets.

This module loads none of the packages of the extra: the process that watches over several others
needs none of them.
"""

import os
import re
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ner.errors import NerError, UsageError
from ner.extensions.server.limits import Limits
from ner.frozen import frozen
from ner.run_folder import default_bundle, find_bundle

READY, EXCHANGED = b"r", b"x"
"""Messages of a process to the one that watches over it: it serves; a request had it exchange its
models."""

_BACKLOG = 1024
_NAMED = re.compile(r"([\w.-]+)=(.+)", re.DOTALL)


@frozen(kw_only=True)
class Serving:
    """All that a process needs to know to serve."""

    models: Mapping[str, Path]
    settings: Mapping[str, Any]  # of how they tag, where a request leaves it open
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    token: bytes = b""
    origins: Sequence[str] = ()
    limits: Limits = Limits()


def model_paths(specs: Sequence[str]) -> dict[str, Path]:
    """The models of a command line by name, each as `find_bundle` takes it, or ``NAME=`` and that.

    Without any, `default_bundle`. Without a name, it is that of the run folder or file. Raises
    `UsageError` for a model that is not there, and for two of one name.
    """
    found: dict[str, Path] = {}
    for name, path in map(_named, specs) if specs else [_called(default_bundle())]:
        if name in found:
            raise UsageError(
                f"{path}: is called {name!r} like another model; name it with --model NAME={path}"
            )
        found[name] = path
    return found


def _named(spec: str) -> tuple[str, Path]:
    match = _NAMED.fullmatch(spec)
    if match is None or os.path.lexists(spec):
        return _called(find_bundle(spec))
    return match[1], find_bundle(match[2])


def _called(path: Path) -> tuple[str, Path]:
    """A model with the name of its run folder or file."""
    whole = path.absolute()
    return (whole.parent.name if whole.name == "model" else whole.stem), path


def listen(host: str, port: int, count: int) -> list[socket.socket]:
    """Sockets on one address: one for each process, between which the system shares connections.

    Port 0 is any that is free. Raises `NerError` for an address that cannot be had.
    """
    first = _bound(host, port, shared=False)  # refused where another server is
    if count == 1:
        return [first]
    port = first.getsockname()[1]
    first.close()
    return [_bound(host, port, shared=True) for _ in range(count)]


def _bound(host: str, port: int, *, shared: bool) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        found = socket.socket(family, kind, protocol)
        # On Windows SO_REUSEADDR would let two servers have one port.
        alone = getattr(socket, "SO_EXCLUSIVEADDRUSE", socket.SO_REUSEADDR)
        found.setsockopt(socket.SOL_SOCKET, alone, 1)
        if shared:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        found.bind(address)
        found.listen(_BACKLOG)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise NerError(
            f"{host}:{port}: cannot be served at ({reason}); choose another --host or --port"
        ) from None
    return found


def url(found: socket.socket) -> str:
    """The address of a socket, as a browser takes it."""
    host, port = found.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def read_token(path: Path) -> bytes:
    """The token in a file: its only line. Raises `UsageError` for anything else."""
    try:
        token = path.read_bytes().strip()
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror}); name a file") from None
    if not token or len(token.split()) > 1 or not token.isascii():
        raise UsageError(f"{path}: must hold a token, which is one word in ASCII, and nothing else")
    return token
