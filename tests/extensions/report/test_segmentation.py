"""Raw text: the same entities, found where the model cuts the text itself."""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.config import Config
from ner.corpus import Corpus
from ner.evaluation import CountedScores
from ner.extensions.report.segmentation import measure_segmentation
from ner.predict import WINDOW
from ner.tagger import Tagger
from ner.text import Document, Entity, Sentence, Span
from ner.tokenize import sentences_of, written


def test_sentences_without_documents_are_texts_of_their_own(
    tiny_tagger: Tagger, tiny_corpus: Corpus
) -> None:
    found = measure_segmentation(tiny_tagger, tiny_corpus.test)
    assert (found.unit, found.texts) == ("sentences", len(tiny_corpus.test))
    assert (found.tokens, found.borders) == (1.0, 1.0)
    assert found.ends.f1 == 1.0
    entities = sum(len(s.spans) for s in tiny_corpus.test)
    assert found.entities == CountedScores.of(entities, entities, entities)
    assert found.windows == 0


def test_documents_are_one_text_each(tiny_tagger: Tagger, tiny_corpus: Corpus) -> None:
    sentences = [replace(s, document=n // 2) for n, s in enumerate(tiny_corpus.test)]
    found = measure_segmentation(tiny_tagger, sentences)
    assert (found.unit, found.texts) == ("documents", len(sentences) // 2)
    assert found.ends.support == len(sentences)
    assert found.entities.support == sum(len(s.spans) for s in sentences)
    assert found.entities.f1 > 0.9


def test_a_document_whose_sentences_do_not_end_is_cut_otherwise(tiny_tagger: Tagger) -> None:
    first = Sentence(("Anna", "visited", "Rome"), (Span(0, 1, "PER"), Span(2, 3, "LOC")))
    found = measure_segmentation(tiny_tagger, [first, first, replace(first, document=1)])
    assert found.ends == CountedScores.of(3, 2, 2)
    assert found.entities.support == 6


def test_tokens_that_the_tokenizer_does_not_make_are_counted(tiny_tagger: Tagger) -> None:
    kept = Sentence(("Anna-", "visited"), (Span(0, 1, "PER"),))
    found = measure_segmentation(tiny_tagger, [kept])
    assert (found.tokens, found.borders) == (0.5, 1.0)


def test_types_that_the_corpus_does_not_label_do_not_count(
    tiny_tagger: Tagger, tiny_corpus: Corpus
) -> None:
    sentences = [
        replace(
            s,
            spans=tuple(span for span in s.spans if span.label == "PER"),
            unannotated=frozenset({"LOC"}),
        )
        for s in tiny_corpus.test
    ]
    assert measure_segmentation(tiny_tagger, sentences).entities.f1 == 1.0


def test_layers_are_kept_apart(layered_tagger: Tagger, layered_corpus: Corpus) -> None:
    found = measure_segmentation(layered_tagger, layered_corpus.test)
    assert found.entities.support == sum(len(s.spans) for s in layered_corpus.test)
    assert found.entities.f1 > 0.8


@pytest.mark.parametrize(("length", "windows"), [(WINDOW, 0), (WINDOW + 1, 1)])
def test_long_sentences_are_read_in_windows(tiny_tagger: Tagger, length: int, windows: int) -> None:
    assert measure_segmentation(tiny_tagger, [Sentence(("x",) * length)]).windows == windows


# --- by an oracle ---------------------------------------------------------------------------------


class Oracle:
    """A tagger that knows the entities of each text, by its characters, and cuts as it is told."""

    def __init__(self, config: Config, known: dict[str, list[Entity]]) -> None:
        self.config, self.known = config, known
        self.texts: list[str] = []

    def pipe(self, texts: Iterable[str]) -> Iterator[Document]:
        for text in texts:
            self.texts.append(text)
            sentences = sentences_of(text, self.config.data.tokenizer)
            yield Document(text, tuple(self.known.get(text, [])), sentences)


CUT = Config().replace({"data.tokenizer": "words"})
WORD = st.text("abcAB", min_size=1, max_size=3) | st.sampled_from(["北", "京", ".", "(", "'s"])


@st.composite
def documents(draw: st.DrawFn) -> list[Sentence]:
    """Sentences in one to three documents, with entities that do not overlap."""
    sentences = []
    for document in range(draw(st.integers(1, 3))):
        for _ in range(draw(st.integers(1, 3))):
            tokens = tuple(draw(st.lists(WORD, min_size=1, max_size=6)))
            cuts = sorted(draw(st.sets(st.integers(0, len(tokens)), max_size=4)))
            pairs = list(itertools.pairwise(cuts))[::2]
            spans = tuple(Span(a, b, draw(st.sampled_from(["PER", "LOC"]))) for a, b in pairs)
            sentences.append(Sentence(tokens, spans, document=document))
    return sentences


@given(documents())
def test_whoever_finds_all_entities_has_all_of_them(sentences: list[Sentence]) -> None:
    """Characters of entities are those of their tokens, whatever is written between tokens."""
    groups = [
        list(group) for _, group in itertools.groupby(sentences, key=lambda each: each.document)
    ]
    texts = groups if len(groups) > 1 else [[sentence] for sentence in sentences]
    known: dict[str, list[Entity]] = {}
    entities = 0
    for group in texts:
        text, ranges = written([token for s in group for token in s.tokens])
        first, known[text] = 0, []
        for sentence in group:
            for span in sentence.spans:
                start, end = ranges[first + span.start][0], ranges[first + span.end - 1][1]
                assert text[start:end] == written(sentence.tokens[span.start : span.end])[0]
                known[text].append(Entity(start, end, span.label, text[start:end]))
                entities += 1
            first += len(sentence)
    oracle = Oracle(CUT, known)
    found = measure_segmentation(cast(Tagger, oracle), sentences)
    assert oracle.texts == [written([t for s in group for t in s.tokens])[0] for group in texts]
    assert found.texts == len(texts)
    assert found.ends.support == len(sentences)
    if len({*oracle.texts}) == len(texts):
        assert (found.entities.support, found.entities.correct) == (entities, entities)
        assert found.entities.predicted == entities


@given(documents())
def test_whoever_finds_nothing_has_a_recall_of_nothing(sentences: list[Sentence]) -> None:
    found = measure_segmentation(cast(Tagger, Oracle(CUT, {})), sentences)
    assert (found.entities.predicted, found.entities.f1) == (0, 0.0)
    assert found.to_dict()["entities"]["support"] == sum(len(s.spans) for s in sentences)


def test_chinese_is_written_without_spaces() -> None:
    oracle = Oracle(CUT, {})
    sentence = Sentence(("北京", "大", "学", "and", "x"), (Span(0, 3, "ORG"),))
    found = measure_segmentation(cast(Tagger, oracle), [sentence])
    assert oracle.texts == ["北京大学and x"]
    assert found.entities.support == 1
    assert found.borders == 1.0
