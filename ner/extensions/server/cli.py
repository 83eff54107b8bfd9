"""``ner serve``."""

from pathlib import Path
from typing import Any

import click

from ner.cli.options import Number, PathArg, predict_options


@click.command(short_help="Serve models over HTTP, with a page to try them.")
@click.option(
    "--model",
    "models",
    multiple=True,
    metavar="[NAME=]DIR|FILE|NAME",
    help="Run folder, model folder, file of ner export, or a name that ner info lists; repeatable, "
    "the first is the default.  [default: newest run in runs/, then en]",
)
@click.option("--host", default="127.0.0.1", help="Address to listen on; 0.0.0.0: every one.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, help="Port; 0: a free one.")
@click.option("--workers", type=click.IntRange(1, 256), default=1, help="Processes that serve.")
@click.option(
    "--token-file", type=PathArg(), help="File with the token that requests must send as Bearer."
)
@click.option(
    "--cors",
    "origins",
    multiple=True,
    metavar="ORIGIN",
    help="Origin whose pages may use the server, as https://example.org; repeatable.",
)
@click.option(
    "--max-characters",
    type=click.IntRange(1, 100_000_000),
    default=500_000,
    help="Most characters of the texts of a request.",
)
@click.option(
    "--max-waiting",
    type=click.IntRange(1, 100_000),
    default=256,
    help="Most requests of a process that are tagged or wait; further ones get 503.",
)
@click.option(
    "--timeout",
    type=Number(1, 3600),
    default=30.0,
    metavar="SECONDS",
    help="Longest time for a head, a body, its tagging, and taking the answer.",
)
@predict_options
def serve(
    models: tuple[str, ...],
    host: str,
    port: int,
    workers: int,
    token_file: Path | None,
    origins: tuple[str, ...],
    max_characters: int,
    max_waiting: int,
    timeout: float,
    settings: dict[str, Any],
) -> None:
    """Serve models over HTTP: POST /v1/tag takes texts and gives entities, / is a page to try it.

    SIGTERM lets what is in flight be answered; SIGHUP reads the models again, as does POST
    /v1/models/reload with the token.
    """
    import logging

    from ner.extensions.server.limits import Limits
    from ner.extensions.server.serving import Serving, model_paths, read_token
    from ner.extensions.server.supervisor import serve as serve_models

    token = read_token(token_file) if token_file else b""
    if not token and host not in ("127.0.0.1", "localhost", "::1"):
        logging.getLogger("ner").warning(
            "whoever reaches %s may use this server; ask for a token with --token-file", host
        )
    limits = Limits(characters=max_characters, waiting=max_waiting, seconds=timeout)
    serve_models(
        Serving(
            models=model_paths(models),
            settings=settings,
            host=host,
            port=port,
            workers=workers,
            token=token,
            origins=origins,
            limits=limits,
        )
    )
