"""A review from its beginning to its end: what is read, what is served, what is written."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import field
from pathlib import Path
from typing import Any

from ner.config import Config
from ner.corpus import Head, History, read_files, read_queue, write_file
from ner.errors import CorpusError, UsageError
from ner.extensions.review.ledger import Ledger
from ner.extensions.review.orders import match_queue
from ner.extensions.review.output import check_out, format_of
from ner.extensions.review.proposals import Proposals
from ner.extensions.review.review import LayeredType, Review, check_name
from ner.extensions.review.serving import serve
from ner.extensions.review.shown import Project
from ner.extensions.server.serving import listen
from ner.files import open_binary
from ner.frozen import frozen
from ner.tagger import Tagger
from ner.text import Sentence, layers_of

_log = logging.getLogger("ner")
_LONGEST_GUIDELINES = 1 << 20  # bytes


@frozen(kw_only=True)
class Session:
    """A review as it was asked for."""

    files: Sequence[Path]
    out: Path
    format: str | None = None
    model: Path | None = None
    order: str | None = None
    queue: Path | None = None
    guidelines: Path | None = None
    types: Sequence[LayeredType] = ()
    unlabelled: bool = False
    resume: bool = False
    reading: Mapping[str, Any] = field(default_factory=dict)

    def run(self, port: int) -> None:
        """Serve at a port of this machine until a signal comes, then write the output.

        Raises `NerError` for what cannot be read, served or written.
        """
        format = format_of(self.out, self.format)
        check_out(self.out, self.files, resume=self.resume)
        items = read_queue(self.queue) if self.queue else []
        guidelines = _text_of(self.guidelines) if self.guidelines else ""
        tagger = Tagger.load(self.model) if self.model else None
        reading = self._reading(tagger)
        sentences = self._read(reading)
        _check_layers(sentences, tagger)
        queue, lost = match_queue(items, sentences) if self.queue else ({}, 0)
        layers = layers_of(sentences) or (tagger.layers if tagger else ())
        project = Project(
            files=self.files, out=self.out, format=format, order=self._order(), layers=layers,
            model=str(self.model or ""), guidelines=guidelines, queue=queue, lost=lost,
        )  # fmt: skip
        [listener] = listen("127.0.0.1", port, 1)
        with closing(listener), closing(Ledger(journal_of(self.out))) as ledger:
            head = Head.of(self.files, sentences, reading, unlabelled=self.unlabelled)
            history = self._begin(ledger, head, sentences)
            proposals = Proposals(tagger, sentences) if tagger else None
            review = Review(
                sentences, history, ledger, unlabelled=self.unlabelled,
                types=[*self.types, *self._types_of(tagger)], layers=layers, proposals=proposals,
            )  # fmt: skip
            write = _writer(project, review)
            with _finding(proposals):
                serve(project, review, write, listener)
            write()

    def _order(self) -> str:
        """The first order. Raises `UsageError` for one that needs a model."""
        if self.order in ("doubt", "disagreement") and not self.model:
            raise UsageError(f"--order {self.order} asks a model; add --suggest or --model")
        if self.order == "queue" and not self.queue:
            raise UsageError("--order queue is for a queue; name its file with --queue")
        return self.order or ("queue" if self.queue else "file")

    def _reading(self, tagger: Tagger | None) -> dict[str, Any]:
        """The settings of reading: text without labels is cut as the model cuts it."""
        style = {"data.tokenizer": tagger.config.data.tokenizer} if tagger else {}
        return {**(style if self.unlabelled else {}), **self.reading}

    def _read(self, reading: Mapping[str, Any]) -> list[Sentence]:
        config = Config().replace(reading).data
        try:
            return read_files(self.files, config, unlabelled=self.unlabelled)
        except CorpusError as error:
            if self.unlabelled:
                raise
            raise CorpusError(f"{error} (text without labels is read with --unlabelled)") from None

    def _begin(self, ledger: Ledger, head: Head, sentences: Sequence[Sentence]) -> History:
        """The decisions of before, or none. Raises `NerError`."""
        if not self.resume:
            ledger.begin(head)
            return History()
        before, history = ledger.resume()
        before.check(head, ledger.path)
        history.check(sentences, ledger.path)
        return history

    def _types_of(self, tagger: Tagger | None) -> list[LayeredType]:
        """The types of the model, where the files have none."""
        if tagger is None or tagger.layers or not self.unlabelled:
            return []
        return [("", label) for label in tagger.labels]


def journal_of(out: Path) -> Path:
    """The journal beside an output."""
    return out.with_name(f"{out.name}.journal")


def parse_types(text: str) -> list[LayeredType]:
    """Types with commas between, each behind its tag layer if it has one. Raises `UsageError`."""
    found = []
    for item in text.split(","):
        layer, _, label = item.strip().rpartition(":")
        check_name(label)
        found.append((layer, label))
    return found


def _text_of(path: Path) -> str:
    """The text of guidelines. Raises `NerError`."""
    with open_binary(path) as file:
        content = file.read(_LONGEST_GUIDELINES + 1)
    try:
        if len(content) > _LONGEST_GUIDELINES or b"\0" in content:
            raise UnicodeError
        return content.decode()
    except UnicodeError:
        raise UsageError(f"{path}: guidelines are text in UTF-8, of 1 MiB at most") from None


def _check_layers(sentences: Sequence[Sentence], tagger: Tagger | None) -> None:
    """Raise `UsageError` where labels and model differ in their tag layers."""
    if tagger is None or not any(sentence.spans for sentence in sentences):
        return
    known = layers_of(sentences)
    if {*known} - {*tagger.layers} or bool(known) != bool(tagger.layers):
        raise UsageError(
            f"the files have {_told(known)}, and the model {_told(tagger.layers)}; choose a model "
            "of the same, or leave --model and --suggest out"
        )


def _told(layers: Sequence[str]) -> str:
    return f"the tag layers {', '.join(layers)}" if layers else "no tag layers"


@contextmanager
def _finding(proposals: Proposals | None) -> Iterator[None]:
    """The block during which proposals are found."""
    if proposals is None:
        yield
        return
    proposals.start()
    try:
        yield
    finally:
        proposals.stop()


def _writer(project: Project, review: Review) -> Callable[[], int]:
    """A function that writes the output, and says so."""

    def write() -> int:
        sentences = review.result()
        if not sentences:
            _log.info("%s: not written, as no sentence is accepted", project.out)
            return 0
        write_file(project.out, sentences, project.format, layers=project.layers)
        accepted = review.statuses().count("a")
        _log.info(
            "%s: %d sentences, %d of %d accepted; go on with --resume, or train: %s",
            project.out, len(sentences), accepted, len(review.sentences), project.command,
        )  # fmt: skip
        return len(sentences)

    return write
