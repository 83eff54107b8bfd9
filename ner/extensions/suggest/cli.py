"""``ner suggest``."""

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ner.cli.options import PathArg, check_model
from ner.cli.reading import UNLABELLED, data_config, reading_options
from ner.cli.tag import FORMATS_IN
from ner.errors import CorpusError, UsageError
from ner.render import FORMATS, renderer, renderer_class
from ner.run_folder import default_bundle

if TYPE_CHECKING:
    from ner.bundle import Bundle
    from ner.extensions.suggest.stopping import Point
    from ner.extensions.suggest.suggestions import Suggestion
    from ner.extensions.suggest.texts import Candidate
    from ner.text import Sentence

_log = logging.getLogger("ner")

TABLE, QUEUE = "table", "queue"


@click.command(short_help="Choose the sentences of a text to label next.")
@click.argument("texts", metavar="TEXT...", nargs=-1, required=True)
@click.option(
    "--model",
    "models",
    multiple=True,
    metavar="DIR|FILE|NAME",
    help="A model, as for ner tag; of several, disagreement counts as doubt.  [default: newest run "
    "in runs/, then en]",
)
@click.option(
    "--count", type=click.IntRange(min=1), default=100, metavar="N", help="Sentences to choose."
)
@click.option(
    "--data",
    metavar="NAME|PATH",
    help="Corpus that is labelled already: its sentences are left out, and those of its training "
    "split counted.",
)
@click.option(
    "--earlier",
    multiple=True,
    metavar="DIR|FILE|NAME",
    help="A model of fewer labels: the hint when to stop goes by its score, too; repeatable.",
)
@click.option(
    "--format",
    type=click.Choice([TABLE, QUEUE, *FORMATS]),
    help="Output: a table, a queue for ner review, or any format of ner tag, with what the model "
    "finds.  [default: table; with --out: queue]",
)
@click.option("--out", type=PathArg(), metavar="FILE", help="Output file.  [default: stdout]")
@click.option(
    "--format-in",
    type=click.Choice(FORMATS_IN),
    help="Input, as for ner tag.  [default: by the name of the file, else text]",
)
@click.option(
    "--text-column",
    default="text",
    metavar="NAME",
    help="Records (jsonl, csv, parquet): the field of the text.",
)
@reading_options(UNLABELLED)
def suggest(
    texts: tuple[str, ...],
    models: tuple[str, ...],
    count: int,
    data: str | None,
    earlier: tuple[str, ...],
    format: str | None,
    out: Path | None,
    format_in: str | None,
    text_column: str,
    reading: dict[str, Any],
) -> None:
    """Choose the sentences that a model should learn next, out of texts without labels.

    Those of which it is in doubt, that stand for much of the text, and are unlike one another. With
    --data or --earlier also says how much the next 100 labels are likely to bring.
    """
    format = format or (QUEUE if out else TABLE)
    _check_output(format, out)
    for model in (*models, *earlier):
        check_model(model)
    from ner.extensions.suggest.suggestions import suggest as choose
    from ner.extensions.suggest.texts import read_texts, without

    bundles = _load(models or (str(default_bundle()),))
    curve = _curve(bundles[0], earlier)
    style = {"data.tokenizer": bundles[0].config.data.tokenizer} | reading
    layout = FORMATS_IN.get(format_in or "", "")
    read = read_texts(texts, data_config(style), layout, text_column)
    labelled = _labelled(data, bundles[0])
    candidates = without(read, (sentence for split in labelled for sentence in split))
    if not candidates:
        raise CorpusError(f"{texts[0]}: all of its sentences are labelled in {data}; name more")
    _note_pool(len(read), len(candidates), count, data)
    chosen = choose(bundles, candidates, count)
    _write(chosen, format, out, bundles)
    learnt = len(bundles[0].seen.numbers) if earlier else 0
    _hint(bundles[0], candidates, len(labelled[0]) if data else learnt, curve)


def _check_output(format: str, out: Path | None) -> None:
    """Raise `UsageError` for a format that is no text, without a file for it."""
    if format not in (TABLE, QUEUE) and not renderer_class(format).as_text and out is None:
        raise UsageError(f"--format {format} writes no stream of text; add --out FILE")
    if format == TABLE and out is not None:
        raise UsageError("--format table is for reading on the screen; leave --out away")


def _load(models: Sequence[str]) -> list["Bundle"]:
    """Load the models of a committee. Raises `UsageError` for one of several tag layers."""
    from ner.bundle import load_bundle

    bundles = [load_bundle(model) for model in models]
    for model, bundle in zip(models, bundles, strict=True):
        if bundle.model.layers:
            raise UsageError(
                f"{model}: has the tag layers {', '.join(bundle.model.layers)}, and this goes by "
                "one; name a model of one layer"
            )
    return bundles


def _curve(bundle: "Bundle", earlier: Sequence[str]) -> list["Point"]:
    """The learning curve of earlier models and the one at hand.

    Raises `UsageError` for a model without a score, or one that is not of fewer labels.
    """
    from ner.bundle import load_bundle
    from ner.extensions.suggest.stopping import Point

    now = Point.of(bundle)
    curve = [now] if now else []
    for model in earlier:
        before = load_bundle(model)
        point = Point.of(before)
        if point is None or now is None:
            raise UsageError(
                f"{model}: --earlier goes by scores on valid, which this or the model at hand does "
                "not have; leave it out"
            )
        if point.labelled >= now.labelled:
            raise UsageError(
                f"{model}: has learnt from {point.labelled:,} sentences, the model at hand from "
                f"{now.labelled:,}; name models of fewer with --earlier"
            )
        if _valid(before) != _valid(bundle):
            _log.warning(
                "%s: its score is of another validation split than that of the model at hand, so "
                "that the hint may mislead; train all rounds with the same --valid FILE",
                model,
            )
        curve.append(point)
    return curve


def _valid(bundle: "Bundle") -> Any:
    """The checksum of the sentences that a model has been scored on."""
    return bundle.about.get("checksums", {}).get("valid")


def _labelled(data: str | None, bundle: "Bundle") -> list[Sequence["Sentence"]]:
    """The splits of the labelled corpus, train first; none without one."""
    from ner.corpus import read_corpus

    return [*read_corpus(data, bundle.config.data).splits().values()] if data else []


def _note_pool(read: int, left: int, count: int, data: str | None) -> None:
    known = f", without {read - left:,} that {data} has" * (read > left)
    few = f"; fewer than --count {count:,}, so all of them are in the order to label them"
    _log.info("%s different sentences%s%s", f"{left:,}", known, few * (left < count))


def _write(
    chosen: Sequence["Suggestion"], format: str, out: Path | None, bundles: Sequence["Bundle"]
) -> None:
    from ner.corpus import write_queue
    from ner.render import output

    if format == QUEUE and out is not None:
        write_queue(out, [each.item() for each in chosen])
        return
    lines = _lines(chosen, format, bundles)
    if out is None:
        for line in lines:
            click.echo(line, nl=False)
        return
    with output(format, out) as write:
        for line in lines:
            write(line)


def _lines(
    chosen: Sequence["Suggestion"], format: str, bundles: Sequence["Bundle"]
) -> Iterator[str]:
    """The output, piece by piece."""
    import json

    from ner.errors import escaped

    if format == TABLE:
        for rank, each in enumerate(chosen, 1):
            text = " ".join(each.candidate.text.split())
            yield escaped(f"{rank:>4}  {each.candidate.sentence.place}  {text}") + "\n"
            yield escaped(f"      {each.reason}") + "\n"
    elif format == QUEUE:
        for each in chosen:
            yield json.dumps(each.item().to_dict(), ensure_ascii=False) + "\n"
    else:
        yield from _rendered(chosen, format, bundles[0].labels)


def _rendered(chosen: Sequence["Suggestion"], format: str, labels: Sequence[str]) -> Iterator[str]:
    """The sentences with what the model finds, in a format of ``ner tag``."""
    fields = tuple(dict.fromkeys(name for s in chosen for name in s.candidate.origin.fields))
    rendering = renderer(format, labels, "Sentences to label next", fields)
    yield rendering.begin()
    for number, each in enumerate(chosen):
        yield rendering.separator * bool(number)
        yield rendering.document(each.document(), each.candidate.origin)
    yield rendering.end()


def _hint(
    bundle: "Bundle", candidates: Sequence["Candidate"], labelled: int, curve: Sequence["Point"]
) -> None:
    """Say how much the next labels are likely to bring.

    Without a count of labels of this kind of text, say how to give it: the model at hand may have
    learnt from any amount of another.
    """
    from ner.extensions.suggest.stopping import hint_of

    if labelled:
        _log.info("%s", hint_of(bundle, [each.sentence for each in candidates], labelled, curve))
    else:
        _log.info("for a hint when to stop, name what is labelled of this text with --data")
