"""Raw text: the same entities, found where the model cuts the text itself."""

from dataclasses import replace

import pytest

from ner.corpus import Corpus
from ner.evaluation import CountedScores
from ner.extensions.report.segmentation import measure_segmentation
from ner.predict import WINDOW
from ner.tagger import Tagger
from ner.text import Sentence, Span


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
