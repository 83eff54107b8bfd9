"""``ner charlm``: character language models, trained from text, measured and sampled."""

import json
import logging
from pathlib import Path
from typing import Any

import click

from ner.cli.options import (
    Number,
    PathArg,
    device_option,
    file_options,
    json_option,
    list_settings_option,
    required_model,
    restart_options,
)
from ner.cli.reading import reading_options
from ner.cli.shared import refuse_torchrun, shared_training
from ner.errors import escaped
from ner.extensions.charlm import TORCHRUN
from ner.extensions.charlm.config import TRAIN, CharLMConfig

_LOG = logging.getLogger("ner")


@click.group(short_help="Train, measure and sample character language models.")
@click.pass_context
def charlm(context: click.Context) -> None:
    """Character language models: trained from your own text, measured and sampled."""
    if context.invoked_subcommand != TORCHRUN["charlm"]:
        refuse_torchrun(context)


_model_option = required_model("Language model: a folder of ner charlm train.", TRAIN)


@charlm.command()
@click.argument("texts", metavar="TEXT...", nargs=-1, required=True, type=PathArg())
@click.option("--out", required=True, type=PathArg(), help="Run folder.")
@click.option(
    "--direction",
    type=click.Choice(["forward", "backward", "both"]),
    default="forward",
    help="Which way text is read; both: two models, one after the other.",
)
@file_options()
@restart_options
@list_settings_option(CharLMConfig.describe)
@device_option
@reading_options(("encoding",))
def train(
    texts: tuple[Path, ...],
    out: Path,
    file: Path | None,
    settings: tuple[str, ...],
    reading: dict[str, Any],
    **how: Any,
) -> None:
    """Train a language model on raw text, plain, .gz or .xz, that may be of any size.

    The end of the text is held out to evaluate on. The folder then holds the model
    that was best there. Stopped, it keeps the best so far, and goes on with
    --resume. A temporary file (in $TMPDIR) takes 4 bytes a character.
    """
    config = CharLMConfig.load(file, settings).replace(reading)

    from ner.cli.progress import go_on, training_progress
    from ner.extensions.charlm.loop import LanguageModelStep
    from ner.extensions.charlm.run import LanguageModelFinished, train_events

    def kept(last: Any) -> str:
        return go_on(out) if (out / "metrics.jsonl").exists() else ""

    def show(event: Any) -> None:
        if isinstance(event, LanguageModelStep):
            speed = f"{event.characters_per_second:,.0f} characters/s"
            note = f"{event.bits:.3f} bits per character, {speed}"
            progress.show(event.direction, event.done, 1.0, note)

    with shared_training(how["device"]), training_progress(kept=kept) as progress:
        finished = progress.follow(train_events(texts, out, config, **how), show)
    assert isinstance(finished, LanguageModelFinished), "a run ends with that"
    for text in finished.lines():
        click.echo(text)
    click.echo(escaped(f"model: {out}"))


@charlm.command()
@_model_option
@click.option("--prompt", default="", metavar="TEXT", help="What the text begins with.")
@click.option(
    "--length", type=click.IntRange(0), default=500, metavar="N", help="Characters to make up."
)
@click.option(
    "--temperature",
    type=Number(0, 100),
    default=1.0,
    metavar="T",
    help="Below 1 it dares less; 0: always the most probable character.",
)
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=1, help="Seed of chance.")
@device_option
def generate(
    model: Path, prompt: str, length: int, temperature: float, seed: int, device: str
) -> None:
    """Make up text that goes on after --prompt, character by character."""
    from ner.extensions.charlm.folder import load_model

    found = load_model(model)
    found.weights_of("forward")
    from ner.extensions.charlm.prediction import generate as characters

    network = found.network("forward", device)
    if unknown := found.alphabet.unknown(prompt):
        shown = ", ".join(map(repr, unknown[:10]))
        _LOG.warning("the prompt has characters that the model does not know: %s", shown)
    click.echo(prompt, nl=False)
    for character in characters(
        network, found.alphabet, prompt, length, temperature=temperature, seed=seed
    ):
        click.echo(character, nl=False)
    click.echo()


@charlm.command()
@click.argument("texts", metavar="TEXT...", nargs=-1, required=True, type=PathArg())
@_model_option
@json_option
@device_option
@reading_options(("encoding",))
def evaluate(
    texts: tuple[Path, ...], model: Path, as_json: bool, device: str, reading: dict[str, Any]
) -> None:
    """Print how many bits per character a text costs under a model, for each direction it has."""
    from ner.extensions.charlm.folder import load_model

    found = load_model(model)
    from ner.extensions.charlm.prediction import evaluate_text

    encoding = found.config.replace(reading).data.encoding
    results = evaluate_text(found, texts, encoding, device)
    if as_json:
        values = {direction: bits.to_dict() for direction, bits in results.items()}
        click.echo(json.dumps(values, indent=2))
        return
    for direction, bits in results.items():
        click.echo(
            f"{direction}: {bits.per_character:.4f} bits per character "
            f"({bits.characters:,} characters, {bits.unknown:,} unknown)"
        )
