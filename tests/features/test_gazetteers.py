"""Gazetteers: match tags are the matches of word lists."""

from hypothesis import given

from ner.features.gazetteers import BEGIN, END, INSIDE, MATCH_TAGS, NONE, SINGLE, Gazetteers
from ner.features.word_lists import WordList
from tests.features.test_word_lists import entries_of, tokens_of


def match_tags(lists: list[WordList], tokens: list[str]) -> list[tuple[int, ...]]:
    """The match tags of tokens in each list."""
    return [*Gazetteers(tuple(lists)).ids(tokens)]


def test_match_tags_say_where_in_an_entry_a_token_stands() -> None:
    lists = [
        WordList.build("LOC", [["Rome"], ["Rio", "de", "Janeiro"]]),
        WordList.build("ORG", [["Rio", "de"], ["de"]]),
    ]
    assert match_tags(lists, ["Rio", "de", "Janeiro", ",", "Rome", "de"]) == [
        (BEGIN, BEGIN),
        (INSIDE, END),
        (END, NONE),
        (NONE, NONE),
        (SINGLE, NONE),
        (NONE, SINGLE),
    ]
    assert match_tags([], ["Rome", "de"]) == [(), ()]
    assert match_tags(lists, []) == []


@given(entries=entries_of, tokens=tokens_of)
def test_match_tags_spell_the_matches(entries: list[list[str]], tokens: list[str]) -> None:
    words = WordList.build("X", entries)
    spelled = [tag for (tag,) in match_tags([words], tokens)]
    assert all(0 <= tag < MATCH_TAGS for tag in spelled)
    starts = [i for i, tag in enumerate(spelled) if tag in (SINGLE, BEGIN)]
    ends = [i + 1 for i, tag in enumerate(spelled) if tag in (SINGLE, END)]
    assert list(zip(starts, ends, strict=True)) == words.matches(tokens)
    assert len(spelled) - spelled.count(NONE) == sum(
        end - start for start, end in words.matches(tokens)
    )
