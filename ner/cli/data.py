"""``ner data``: corpora listed, checked, counted, converted; two annotators compared."""

import functools
import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ner.cli.options import Decorator, PathArg, json_option, options
from ner.cli.reading import (
    corpus_options,
    data_config,
    is_layered,
    label_map_option,
    names_layers,
    read_layers,
    reading_options,
    split_options,
)
from ner.config import DataConfig
from ner.errors import UsageError, escaped

if TYPE_CHECKING:
    from ner.corpus import CheckReport, CorpusStats, Files, QueueItem
    from ner.evaluation import Disagreement
    from ner.text import Sentence

    Shown = TypeVar("Shown", CheckReport, CorpusStats)


@click.group(short_help="List, check, count, convert and compare corpora.")
def data() -> None:
    """Corpora: list them, check them, count what is in them, convert them; compare annotators."""


_layered_corpus: Decorator = options(
    corpus_options(argument=True),
    label_map_option,
    json_option,
    reading_options(layers=True),
)


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
@_layered_corpus
def check(
    data: str | None,
    files: "Files",
    label_map: dict[str, str],
    as_json: bool,
    reading: dict[str, Any],
) -> None:
    """List everything questionable about a corpus; exit 1 if there are errors.

    Of several tag columns (--tag-column 2,3), or layers of overlapping entities (--overlaps
    layers), each is checked by itself.
    """
    from ner.corpus import check as check_corpus

    def read(config: DataConfig) -> "CheckReport":
        return check_corpus(data, config, files=files, label_map=label_map)

    reports = read_layers(reading, read, lambda report: not report.stats.labels)
    _print_layers(reports, as_json, _print_report)
    if any(report.has_errors for report in reports.values()):
        raise click.exceptions.Exit(1)


@data.command()
@_layered_corpus
def stats(
    data: str | None,
    files: "Files",
    label_map: dict[str, str],
    as_json: bool,
    reading: dict[str, Any],
) -> None:
    """Count the sentences, tokens and entities of a corpus.

    Of several tag columns (--tag-column 2,3), or layers of overlapping entities (--overlaps
    layers), each is counted by itself.
    """
    from ner.corpus import count, map_labels, read_corpus

    def read(config: DataConfig) -> "CorpusStats":
        return count(map_labels(read_corpus(data, config, files=files), label_map))

    counted = read_layers(reading, read, lambda stats: not stats.labels)
    _print_layers(counted, as_json, _print_stats)


@data.command()
@click.argument("paths", metavar="[IN] OUT", nargs=-1, required=True)
@split_options
@click.option(
    "--to",
    required=True,
    metavar="NAME",
    help="Format, as jsonl or brat; or tag scheme of columns: iob1, iob2, iobes, bilou, bmes, "
    "bmewo, io.",
)
@label_map_option
@reading_options(layers=True)
def convert(
    paths: tuple[str, ...],
    files: "Files",
    to: str,
    label_map: dict[str, str],
    reading: dict[str, Any],
) -> None:
    """Convert a labelled file to another tag scheme or format; - is standard input or output.

    .gz is unpacked and packed. OUT appears whole or not at all. Where IN is a corpus, by name or a
    folder of splits, or files are named with --train, --valid and --test, OUT is a new folder. Of
    several layers (--tag-column 2,3, --overlaps layers) each gets an OUT with its number; with
    names (--tag-column outer=2,inner=3) they stay together in columns and jsonl.
    """
    if len(paths) > 2 or len(paths) + bool(files) < 2:
        raise UsageError("two paths are wanted, IN and OUT; IN may be missing with --train FILE")
    source, target = paths if len(paths) == 2 else (None, paths[0])
    together = names_layers(reading)
    if source == "-" and is_layered(reading) and not together:
        raise UsageError("standard input is read once, and layers need more; name a file for IN")
    unknown = reading.get("data.unknown_tag", DataConfig().unknown_tag)
    read = functools.partial(_splits, source, files, label_map)
    layers = (
        _by_layer(read(data_config(reading)), to)
        if together or not is_layered(reading)
        else read_layers(reading, read, _is_unlabelled)
    )
    if target == "-" and (len(layers) > 1 or not all("" in layer for layer in layers.values())):
        raise UsageError("standard output takes one text; name a file or folder for OUT")
    for name, splits in layers.items():
        _write(splits, _of_layer(target, name) if len(layers) > 1 else target, to, unknown)


def _splits(
    source: str | None, files: "Files", label_map: dict[str, str], config: DataConfig
) -> "Mapping[str, Sequence[Sentence]]":
    """The splits of a corpus; of a single text, its sentences by the name ""."""
    from ner.corpus import Corpus, holds_splits, map_labels, read_corpus, read_file

    if source is None or files or (source != "-" and holds_splits(source)):
        return map_labels(read_corpus(source, config, files=files), label_map).splits()
    sentences = read_file(sys.stdin.buffer if source == "-" else source, config)
    return {"": map_labels(Corpus(source, tuple(sentences)), label_map).train}


def _by_layer(
    splits: "Mapping[str, Sequence[Sentence]]", format: str
) -> "dict[str, Mapping[str, Sequence[Sentence]]]":
    """The splits, by layer where there are several and the format has place for one."""
    from ner.corpus import writer_named
    from ner.text import layers_of

    layers = layers_of(sentence for split in splits.values() for sentence in split)
    if not layers or writer_named(format).holds_layers:
        return {"": splits}
    return {
        layer: {name: [s.of_layer(layer) for s in split] for name, split in splits.items()}
        for layer in layers
    }


def _is_unlabelled(splits: "Mapping[str, Sequence[Sentence]]") -> bool:
    return not any(sentence.spans for split in splits.values() for sentence in split)


def _of_layer(target: str, name: str) -> str:
    """A path with the number or name of a layer before its extension: ``x-2.jsonl``."""
    path, short = Path(target), name.removeprefix("tag column ").removeprefix("layer-")
    return str(path.with_name(f"{path.stem}-{short.replace(os.sep, '_')}{path.suffix}"))


def _write(
    splits: "Mapping[str, Sequence[Sentence]]", target: str, format: str, unknown: str
) -> None:
    from ner.corpus import write_file, write_splits
    from ner.text import layers_of

    if "" not in splits:
        layers = layers_of(sentence for split in splits.values() for sentence in split)
        write_splits(target, splits, format, unknown, layers)
    elif target == "-":
        _write_stdout(splits[""], format, unknown)
    else:
        write_file(target, splits[""], format, unknown)


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


@data.command()
@click.argument("a", type=PathArg())
@click.argument("b", type=PathArg())
@click.option(
    "--out",
    type=PathArg(),
    metavar="FILE.jsonl",
    help="Write the disagreements as a queue for ner review, in place of printing them.",
)
@json_option
@reading_options(layers=True)
def agreement(a: Path, b: Path, out: Path | None, as_json: bool, reading: dict[str, Any]) -> None:
    """Compare two annotators of the same sentences: two labelled files or journals, A and B.

    Of two journals of ner review, sentences count that both have accepted.

    F1 of their entities and Cohen's kappa, by type and over all; then each disagreement. Kappa
    needs units that both have judged, and the text that neither has taken for an entity has no
    parts to count: so it is over tokens, each of the type of its entity or of none.
    """
    from ner.corpus import write_queue
    from ner.evaluation import compare_annotators, format_agreement

    first, second = _annotations(a, b, data_config(reading))
    measured = compare_annotators(first, second)
    queue = [_queue_item(each) for each in measured.disagreements]
    if out:
        if any(out.exists() and out.samefile(path) for path in (a, b)):
            raise UsageError(f"{out}: is one of the two files; name another one with --out")
        write_queue(out, queue)
    if as_json:
        listed = [item.to_dict() for item in queue]
        _print_json(measured.to_dict() | {"disagreements": listed})
        return
    click.echo(format_agreement(measured), nl=False)
    for item in [] if out else queue:
        click.echo(escaped(f"    {item.source}:{item.line}: {item.kind}: {item.reason}"))


def _annotations(
    a: Path, b: Path, config: DataConfig
) -> "tuple[Sequence[Sentence], Sequence[Sentence]]":
    """The sentences that two annotators have labelled. Raises `NerError`."""
    from ner.corpus import is_journal, read_file, read_journals

    journals = [is_journal(path) for path in (a, b) if path.is_file()]
    if not any(journals):
        return read_file(a, config), read_file(b, config)
    if journals != [True, True]:
        raise UsageError(f"{a} and {b}: are a journal and something else; give two of a kind")
    return read_journals(a, b)


def _queue_item(found: "Disagreement") -> "QueueItem":
    """A disagreement as a place to look at; all are alike, so that a queue is in file order."""
    from ner.corpus import QueueItem

    sentence, match = found
    place = sentence.source, sentence.line, sentence.tokens
    return QueueItem(*place, match.kind, 1.0, found.reason, match.gold, match.predicted)


def _print_layers(
    results: "Mapping[str, Shown]", as_json: bool, show: "Callable[[Shown], None]"
) -> None:
    """Print what was found of a corpus; of several layers, of each by its name."""
    if as_json:
        prefix = "tag column "
        values = {name.removeprefix(prefix): result.to_dict() for name, result in results.items()}
        _print_json(values if len(values) > 1 else next(iter(values.values())))
        return
    for name, result in results.items():
        if len(results) > 1:
            click.echo(f"{name}:")
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
    from ner.corpus import stats_rows
    from ner.evaluation import format_columns

    click.echo(format_columns(stats_rows(stats), to_the_left={0}), nl=False)
