"""``ner data``: corpora listed, checked, counted and converted."""

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import IO, TYPE_CHECKING, Any, TypeVar

import click

from ner.cli.options import json_option
from ner.cli.reading import by_layer, corpus_options, data_config, reading_options
from ner.config import Column
from ner.errors import escaped

if TYPE_CHECKING:
    from ner.corpus import CheckReport, CorpusStats, Files
    from ner.text import Sentence

    Shown = TypeVar("Shown", CheckReport, CorpusStats)


@click.group(short_help="List, check, count and convert corpora.")
def data() -> None:
    """Corpora: list them, check them, count what is in them, convert them."""


@data.command("list")
def list_() -> None:
    """List the data sets that have a name, and where each is found."""
    from ner.corpus import NAMED, locate

    for corpus in NAMED.values():
        found = locate(corpus.name)
        if found:
            where = str(found[1])
        elif corpus.hub:
            where = f"not here; would come from the Hub ({corpus.hub.repository})"
        else:
            where = "not here"
        click.echo(f"{corpus.name}\n  {corpus.about}\n  licence: {corpus.licence}\n  {where}")


@data.command()
@corpus_options(argument=True)
@json_option
@reading_options(layers=True)
def check(data: str | None, files: "Files", as_json: bool, reading: dict[str, Any]) -> None:
    """List everything questionable about a corpus; exit 1 if there are errors.

    Of several tag columns (--tag-column 2,3) each is checked by itself.
    """
    from ner.corpus import check as check_corpus

    layers = by_layer(reading).items()
    reports = {column: check_corpus(data, data_config(one), files=files) for column, one in layers}
    _print_layers(reports, as_json, _print_report)
    if any(report.has_errors for report in reports.values()):
        raise click.exceptions.Exit(1)


@data.command()
@corpus_options(argument=True)
@json_option
@reading_options(layers=True)
def stats(data: str | None, files: "Files", as_json: bool, reading: dict[str, Any]) -> None:
    """Count the sentences, tokens and entities of a corpus.

    Of several tag columns (--tag-column 2,3) each is counted by itself.
    """
    from ner.corpus import count, read_corpus

    layers = by_layer(reading).items()
    counted = {
        column: count(read_corpus(data, data_config(one), files=files)) for column, one in layers
    }
    _print_layers(counted, as_json, _print_stats)


@data.command()
@click.argument("source", metavar="IN")
@click.argument("target", metavar="OUT")
@click.option(
    "--to",
    required=True,
    metavar="NAME",
    help="Format, as jsonl or brat; or tag scheme of columns: iob1, iob2, iobes, bilou, bmes, "
    "bmewo, io.",
)
@reading_options()
def convert(source: str, target: str, to: str, reading: dict[str, Any]) -> None:
    """Convert a labelled file to another tag scheme or format; - is standard input or output.

    .gz is unpacked and packed. OUT appears whole or not at all.
    """
    from ner.corpus import read_file, write_file

    given: str | IO[bytes] = sys.stdin.buffer if source == "-" else source
    config = data_config(reading)
    sentences = read_file(given, config)
    if target == "-":
        _write_stdout(sentences, to, config.unknown_tag)
    else:
        write_file(target, sentences, to, config.unknown_tag)


def _write_stdout(sentences: "Iterable[Sentence]", format: str, unknown: str) -> None:
    """Write as UTF-8, whatever the terminal's encoding."""
    import io

    from ner.corpus import write_stream

    text = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", newline="\n")
    try:
        write_stream(text, sentences, format, unknown)
        text.flush()
    finally:
        text.detach()


def _print_layers(
    results: "Mapping[Column, Shown]", as_json: bool, show: "Callable[[Shown], None]"
) -> None:
    """Print what was found of a corpus; of several layers of tags, of each by its column."""
    if as_json:
        values = {str(column): result.to_dict() for column, result in results.items()}
        _print_json(values if len(values) > 1 else next(iter(values.values())))
        return
    for column, result in results.items():
        if len(results) > 1:
            click.echo(f"tag column {column}:")
        show(result)


def _print_json(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def _print_report(report: "CheckReport") -> None:
    for finding in report.findings:
        number = f" ({finding.count:,})" if finding.count > 1 else ""
        click.echo(escaped(f"{finding.severity}: {finding.kind}: {finding.message}{number}"))
        for place in finding.places:
            click.echo(escaped(f"    {place}"))
        if finding.unlisted:
            click.echo(f"    and {finding.unlisted:,} more")
    severities = [finding.severity for finding in report.findings]
    click.echo(
        f"{escaped(report.name)}: {severities.count('error')} kinds of error, "
        f"{severities.count('warning')} of warning"
    )


def _print_stats(stats: "CorpusStats") -> None:
    from ner.evaluation import format_columns

    splits = stats.splits.values()
    rows: list[list[str]] = [
        ["", *stats.splits],
        ["tag scheme", *(split.scheme or "-" for split in splits)],
        ["documents", *(f"{split.documents:,}" for split in splits)],
        ["sentences", *(f"{split.sentences:,}" for split in splits)],
        ["tokens", *(f"{split.tokens:,}" for split in splits)],
        ["entities", *(f"{sum(split.entities.values()):,}" for split in splits)],
    ]
    for label in stats.labels:
        rows.append([f"  {label}", *(f"{split.entities.get(label, 0):,}" for split in splits)])
    if any(split.unknown for split in splits):
        rows.append(["unknown tokens", *(f"{split.unknown:,}" for split in splits)])
    lengths = [split.lengths for split in splits]
    for percent in lengths[0]:
        rows.append([f"length, {percent}%", *(str(length[percent]) for length in lengths)])
    rows.append(["unseen tokens", *(_percent(split.unseen_tokens) for split in splits)])
    rows.append(["unseen entities", *(_percent(split.unseen_entities) for split in splits)])
    click.echo(format_columns(rows, to_the_left={0}), nl=False)


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f}%"
