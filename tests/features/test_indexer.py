"""What the model sees of a token: its word, and its place in entries of word lists."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ner.config import ModelConfig
from ner.features import UNKNOWN, DocumentSpans, FeatureTable, Indexer, Vocabulary, Words, WordTable
from ner.features.bigrams import Bigrams
from ner.features.casing import CASINGS, Casing
from ner.features.characters import Characters
from ner.features.clusters import PREFIXES, Clusters
from ner.features.document_context import DocumentContext
from ner.features.gazetteers import (
    BEGIN,
    END,
    INSIDE,
    MATCH_TAGS,
    NONE,
    SINGLE,
    Gazetteers,
)
from ner.features.indexer import FeatureIds, key_word
from ner.features.vocabulary import MOST_CHARACTERS
from ner.features.word_lists import WordList
from ner.text import Span
from tests.features.making import an_indexer, vectors_of, with_features

SENTENCES = [["The", "the", "cat"], ["The", "Cat", "in", "1996"], ["1997", "rats"]]


def build(**changes: Any) -> Indexer:
    return an_indexer(SENTENCES, dataclasses.replace(ModelConfig(), **changes))


def numbers(word: str, indexer: Indexer) -> tuple[int, ...]:
    """The numbers of a word in each table."""
    return indexer.ids(word).words


# --- tables of words ----------------------------------------------------------------------------


def test_words_are_numbered_by_their_folded_form() -> None:
    indexer = build()
    [table] = indexer.words.tables
    assert list(table.words) == ["the", "0000", "cat", "in", "rats"]
    assert [numbers(word, indexer) for word in ("the", "THE", "The")] == [(2,)] * 3
    assert numbers("1234", indexer) == numbers("1996", indexer) == (3,)
    assert numbers("dog", indexer) == (UNKNOWN,)


def test_folding_follows_the_configuration() -> None:
    indexer = build(fold_case=False, fold_digits=False)
    [table] = indexer.words.tables
    assert list(table.words) == ["The", "1996", "1997", "Cat", "cat", "in", "rats", "the"]
    assert numbers("THE", indexer) == (UNKNOWN,)
    assert (table.fold_case, table.fold_digits) == (False, False)


def test_rare_words_are_unknown_but_their_characters_are_not() -> None:
    indexer = build(min_count=2)
    assert list(indexer.words.tables[0].words) == ["the", "0000", "cat"]
    form = indexer.ids("rats")
    assert form.words == (UNKNOWN,)
    assert UNKNOWN not in form.characters


def test_spare_words_come_after_the_trained_ones_and_once() -> None:
    [trained] = build().words.tables
    table = trained.with_vectors(vectors_of("dog", "the", "zebra"))
    assert list(table.words) == [*trained.words, "dog", "zebra"]
    assert table["Dog"] == len(trained.words)
    assert table.size == (len(trained.words), 2, 4, True)
    assert (table.fold_case, table.fold_digits) == (trained.fold_case, trained.fold_digits)


def test_a_word_too_rare_to_be_trained_may_be_spare() -> None:
    [trained] = build(min_count=2).words.tables
    assert list(trained.with_vectors(vectors_of("rats")).words)[-1] == "rats"


FOLDINGS = [(case, digits) for case in (True, False) for digits in (True, False)]
words = st.text(st.sampled_from("aAbéÉ07٣中 "), max_size=4)


@given(st.lists(words), st.lists(words))
def test_each_table_looks_words_up_in_its_own_folding(seen: list[str], text: list[str]) -> None:
    tables = tuple(
        WordTable.count(seen, 1, fold_case=case, fold_digits=digits) for case, digits in FOLDINGS
    )
    indexer = with_features(build(), Words(tables), Characters(Vocabulary("a")))
    for word in (*seen, *text):
        found = numbers(word, indexer)
        for number, table, (case, digits) in zip(found, tables, FOLDINGS, strict=True):
            shown = word.lower() if case else word
            shown = "".join("0" if c.isdecimal() and digits else c for c in shown)
            assert number == table[word] == table.words[shown]
            assert word not in seen or number != UNKNOWN


def test_a_word_may_be_known_in_one_table_and_unknown_in_another() -> None:
    folded, exact = (
        WordTable.count(["Rome", "1999"], 1, fold_case=fold, fold_digits=fold)
        for fold in (True, False)
    )
    indexer = with_features(build(), Words((folded, exact.with_vectors(vectors_of("ROME")))))
    shown = {word: numbers(word, indexer) for word in ("Rome", "ROME", "rome", "1998", "Oslo")}
    assert shown == {
        "Rome": (folded["rome"], exact["Rome"]),
        "ROME": (folded["rome"], 4),
        "rome": (folded["rome"], exact["Rome"]),
        "1998": (folded["0000"], UNKNOWN),
        "Oslo": (UNKNOWN, UNKNOWN),
    }


def test_words_of_vectors_with_capitals_are_found_in_other_cases() -> None:
    """As they are written first; those that learn without vectors are of the training split."""
    exact = WordTable.count(["Rome", "US"], 1, fold_case=False, fold_digits=True)
    table = exact.with_vectors(vectors_of("us", "german", "German", "00TH"))
    found = {
        "ROME": "Rome",
        "rome": "Rome",
        "Us": "us",
        "US": "US",
        "GERMAN": "german",
        "German": "German",
        "20th": "00TH",
    }
    assert {word: table[word] for word in found} == {w: table.words[k] for w, k in found.items()}
    assert (table["Oslo"], exact["ROME"]) == (UNKNOWN, UNKNOWN)
    assert UNKNOWN not in map(table.words.__getitem__, found.values())


# --- characters ---------------------------------------------------------------------------------


def test_characters_keep_their_case_and_unseen_ones_are_unknown() -> None:
    indexer = build()
    upper, lower, unseen = indexer.ids("Cc€").characters
    assert len({upper, lower, unseen}) == 3
    assert unseen == UNKNOWN


def test_no_sentences_give_an_indexer_that_knows_nothing() -> None:
    indexer = an_indexer([], ModelConfig())
    assert indexer.ids("a") == ((UNKNOWN,), (CASINGS.index("lower"),), (UNKNOWN,))
    assert [type(feature) for feature in indexer.features] == [Words, Characters, Casing]
    assert indexer.columns == 1


def test_long_words_keep_both_ends() -> None:
    indexer = an_indexer([["abcdefghij"]], ModelConfig())
    longest = "ab" * (MOST_CHARACTERS // 2)
    assert len(indexer.ids(longest).characters) == MOST_CHARACTERS
    shown = indexer.ids("abc" + "x" * 10_000 + "hij").characters
    assert len(shown) == MOST_CHARACTERS
    assert shown[:3] == indexer.ids("abc").characters
    assert shown[-3:] == indexer.ids("hij").characters
    halves = indexer.ids("a" * 500 + "b" * 500).characters
    assert halves == indexer.ids("a" * 20 + "b" * 20).characters


# --- kinds --------------------------------------------------------------------------------------

CLUSTERS = Clusters(
    ("0", "00101", "0010110", "0011"), {"the": 0, "Rome": 1, "Oslo": 2, "cat": 3, "IT": 1}
)
LISTS = (
    WordList.build("LOC", [["New", "York"], ["York"], ["Bosnia", "and", "the", "South"]]),
    WordList.build("PER", [["York"]]),
)


def full() -> Indexer:
    """An indexer with all there is: two tables, clusters, two word lists."""
    [table] = build().words.tables
    exact = WordTable.count(["Rome"], 1, fold_case=False, fold_digits=False)
    own = Words((table, exact)), Characters(Vocabulary("aeinortw"))
    return with_features(build(), *own, CLUSTERS, Gazetteers(LISTS))


def prefixes(word: str) -> tuple[int, ...]:
    """The numbers of the prefixes of a word's cluster."""
    return full().ids(word).categorical[1 : 1 + len(PREFIXES)]


def sizes(indexer: Indexer) -> list[tuple[str, int]]:
    """The feature and the number of ids of each column."""
    return [(type(f).__name__, size) for f in indexer.categorical for size in f.sizes]


def test_columns_are_casing_then_prefixes_then_lists() -> None:
    indexer = full()
    assert sizes(indexer) == [
        ("Casing", len(CASINGS)),
        ("Clusters", 2 + 3),  # 0, 0010, 0011, padding and unknown
        ("Clusters", 2 + 4),
        ("Clusters", 2 + 4),
        ("Clusters", 2 + 4),
        ("Gazetteers", MATCH_TAGS),
        ("Gazetteers", MATCH_TAGS),
    ]
    [key] = indexer.keys(["ROME"])
    assert len(indexer.ids(key).categorical) == indexer.columns


def test_words_whose_paths_begin_alike_share_the_numbers_of_their_prefixes() -> None:
    rome, oslo, cat, the = map(prefixes, ("Rome", "Oslo", "cat", "the"))
    assert rome[0] == oslo[0], "0010"
    assert len({rome[0], cat[0], the[0]}) == 3
    for level in range(1, len(PREFIXES)):
        assert len({rome[level], oslo[level], cat[level], the[level]}) == 4
    assert min(*rome, *oslo, *cat, *the) > UNKNOWN
    assert prefixes("IT") == prefixes("ROME") == rome, "capitals are looked up as title case"
    assert prefixes("zebra") == (UNKNOWN,) * len(PREFIXES)


def test_without_clusters_and_lists_there_is_the_casing_alone() -> None:
    assert build().ids("ROME").categorical == (CASINGS.index("upper"),)


def test_marks_of_word_lists_come_last() -> None:
    indexer = full()
    tokens = ["BOSNIA", "and", "the", "South", "New", "York", "york", "York"]
    found = [indexer.ids(key).categorical[-2:] for key in indexer.keys(tokens)]
    assert found == [
        (BEGIN, NONE),
        (INSIDE, NONE),
        (INSIDE, NONE),
        (END, NONE),
        (BEGIN, NONE),
        (END, SINGLE),
        (NONE, NONE),
        (SINGLE, SINGLE),
    ]


# --- keys ---------------------------------------------------------------------------------------


def test_without_word_lists_a_key_is_the_word() -> None:
    tokens = ["New", "York"]
    assert build().keys(tokens) is tokens
    assert [key_word(key) for key in tokens] == tokens


def test_with_word_lists_a_key_is_the_word_and_its_matches() -> None:
    indexer = full()
    assert indexer.keys(["New", "York"]) == [("New", (BEGIN, NONE)), ("York", (END, SINGLE))]
    assert indexer.keys(["in", "York"]) == [("in", (NONE, NONE)), ("York", (SINGLE, SINGLE))]
    assert indexer.keys([]) == []
    assert [key_word(key) for key in indexer.keys(["New", "York"])] == ["New", "York"]


@given(st.lists(st.sampled_from(["New", "York", "NEW", "Bosnia", "and", "the", "South", "x"])))
def test_tokens_with_the_same_key_look_the_same_and_others_differ(tokens: list[str]) -> None:
    indexer = full()
    keys = indexer.keys(tokens)
    assert [key_word(key) for key in keys] == tokens
    columns = [[NONE] * len(tokens) for _ in LISTS]
    for column, gazetteer in zip(columns, LISTS, strict=True):
        for start, end in gazetteer.matches(tokens):
            inner = [BEGIN, *[INSIDE] * (end - start - 2), END]
            column[start:end] = [SINGLE] if end - start == 1 else inner
    for key, *marks in zip(keys, *columns, strict=True):
        assert list(indexer.ids(key).categorical[-2:]) == marks
    table = FeatureTable(indexer)
    rows = table.rows(tokens)
    for one, row in zip(keys, rows, strict=True):
        assert ids_of(table, [row]) == [indexer.ids(one)]
        assert [other == one for other in keys] == (rows == row).tolist()


@given(st.text(max_size=3 * MOST_CHARACTERS))
def test_any_word_has_a_form(word: str) -> None:
    for indexer in (build(), full()):
        [key] = indexer.keys([word])
        form = indexer.ids(key)
        known = [len(table.words) for table in indexer.words.tables]
        assert all(1 <= n < size for n, size in zip(form.words, known, strict=True))
        columns = zip(form.categorical, sizes(indexer), strict=True)
        assert all(0 <= n < size for n, (_, size) in columns)
        assert len(form.characters) == min(len(word), MOST_CHARACTERS)
        assert all(1 <= c < len(indexer.characters.vocabulary) for c in form.characters)


def ids_of(table: FeatureTable, rows: Sequence[int]) -> list[FeatureIds]:
    """The ids of the tokens of some rows, one by one."""
    ids = table.ids(np.array(rows))
    parts = zip(ids.words[1:], ids.categorical[1:], ids.characters[1:], ids.sizes[1:], strict=True)
    return [
        FeatureIds(tuple(words.tolist()), tuple(own.tolist()), tuple(characters[:size].tolist()))
        for words, own, characters, size in parts
    ]


# --- tables of forms ----------------------------------------------------------------------------


def test_a_table_numbers_each_distinct_word_once() -> None:
    indexer = build()
    table = FeatureTable(indexer)
    first = table.rows(["the", "cat", "the", "The"])
    assert first.tolist() == [0, 1, 0, 2]
    assert first.dtype == np.int64
    assert table.rows(["cat", "dog"]).tolist() == [1, 3]
    assert table.rows([]).tolist() == []
    assert ids_of(table, [3, 0]) == [indexer.ids("dog"), indexer.ids("the")]


def test_a_table_has_a_row_for_each_look_of_a_word() -> None:
    table = FeatureTable(full())
    assert table.rows(["New", "York", "York"]).tolist() == [0, 1, 2]
    assert table.rows(["York", "New"]).tolist() == [2, 3]
    assert table.key_rows([("York", (END, SINGLE)), ("York", (SINGLE, SINGLE))]).tolist() == [1, 2]


def test_a_copy_of_a_table_has_its_rows_and_grows_apart() -> None:
    table = FeatureTable(build())
    table.rows(["the", "cat"])
    copies = [table.copy(), table.copy()]
    for copied, word in zip(copies, ("dog", "bird"), strict=True):
        assert copied.rows(["cat", word]).tolist() == [1, 2]
        assert ids_of(copied, [0, 2]) == [build().ids("the"), build().ids(word)]
    assert table.rows(["fish"]).tolist() == [2]
    assert ids_of(table, [2]) == [build().ids("fish")]


def test_ids_of_rows_stand_behind_padding_and_are_as_wide_as_the_longest_word() -> None:
    table = FeatureTable(build())
    table.rows(["a", "", "longest"])
    ids = table.ids(np.array([1, 0]))
    assert [part.dtype for part in ids] == [np.int64] * 4
    assert ids.sizes.tolist() == [0, 0, 1]
    assert ids.characters.shape == (3, 1)
    assert not any(part[0].any() for part in ids)
    assert table.ids(np.array([1])).characters.shape == (2, 1), "at least one column"
    assert table.ids(np.array([2])).characters.shape == (2, 7)
    table.rows(["even longer"])
    assert table.ids(np.array([3, 2])).characters.shape == (3, 11)
    assert ids_of(table, [2]) == [build().ids("longest")]


# --- in sentences ---------------------------------------------------------------------------------


def test_bigrams_stand_between_word_lists_and_first_pass_labels() -> None:
    indexer = with_features(full(), Bigrams(Vocabulary(["\tYork"])), DocumentContext(("PER",)))
    [key] = indexer.keys(["York"], [(3, 4)])
    assert key == ("York", (SINGLE, SINGLE, 2, UNKNOWN, 3, 4))
    assert sizes(indexer)[-4:] == [("Bigrams", 3)] * 2 + [("DocumentContext", 5)] * 2


class Neighbours(DocumentContext):
    """Another feature of documents: the ids of `DocumentContext` the other way round."""

    def ids(self, *read: Any) -> Any:
        return (list(map(tuple, map(reversed, ids))) for ids in super().ids(*read))


def test_contexts_are_those_of_all_features_of_documents() -> None:
    one, other = DocumentContext(("PER",)), Neighbours(("PER",))
    indexer = Indexer((*full().features, one, other))
    sentences, spans = [["Anna"], ["ANNA", "left"], ["left"]], [[Span(0, 1, "PER")], [], []]
    contexts = indexer.contexts(DocumentSpans(sentences, spans, [0, 0, 0]))
    assert indexer.context_columns == 4
    assert contexts == [[(0, 2, 2, 0)], [(0, 4, 4, 0), (0,) * 4], None]
    for tokens, context in zip(sentences, contexts, strict=True):
        expected = context or [(0,) * 4] * len(tokens)
        keys = indexer.keys(tokens, context)
        assert [indexer.ids(key).categorical[-4:] for key in keys] == expected
    assert full().context_columns == 0
