import pytest

from ner.corpus.spelling import is_plausible, read_spelling


@pytest.mark.parametrize(
    ("tags", "reads_as"),
    [
        ("O B-PER I-LOC", {}),
        ("o B-PER", {"o": "O"}),
        ("O 0 o", {"0": "O", "o": "O"}),
        ("_ S-X", {"_": "O"}),
        ("O B I E", {"B": "B-T", "I": "I-T", "E": "E-T"}),
        ("o b i", {"o": "O", "b": "B-T", "i": "I-T"}),
        ("O PER-B PER_I a-b-S", {"PER-B": "B-PER", "PER_I": "I-PER", "a-b-S": "S-a-b"}),
        ("O b-PER B-PER", {"b-PER": "B-PER"}),
    ],
)
def test_odd_tags_are_understood(tags: str, reads_as: dict[str, str]) -> None:
    spelling = read_spelling(tags.split(), "auto", "T")
    assert spelling.reads_as == reads_as
    assert not spelling.wrong
    assert bool(spelling.note) == bool(reads_as)


@pytest.mark.parametrize(
    ("tags", "wrong"),
    [
        ("O _ B-X", {"_"}),
        ("_ - B-X", {"_", "-"}),
        ("O B B-X", {"B"}),
        ("O X-B B-X", {"X-B"}),
        ("O S M", {"S", "M"}),  # sizes, it may be
    ],
)
def test_what_may_mean_two_things_is_refused(tags: str, wrong: set[str]) -> None:
    spelling = read_spelling(tags.split(), "auto", "T")
    assert {*spelling.wrong} == wrong
    assert all("is not a tag; " in message for message in spelling.wrong.values())


def test_a_note_names_the_first_of_many() -> None:
    note = read_spelling((f"b-{letter}" for letter in "ABCDEFG"), "auto", "T").note
    assert note.endswith("'b-E' as 'B-E' and 2 more")


@pytest.mark.parametrize("tag", ["B_PER", "NN", "tag", "B_B", "12", "?", "b:PER"])
def test_no_file_makes_a_tag_of_these(tag: str) -> None:
    assert not is_plausible(tag, bare=False)
    assert is_plausible(tag, bare=True)
