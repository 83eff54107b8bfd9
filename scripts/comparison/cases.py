"""Small files as users have them, and what is right to read from each."""

from typing import NamedTuple


class Case(NamedTuple):
    """A file and the entities that it holds; `None` if it says no such thing and has no remedy."""

    what: str
    content: bytes
    entities: list[str] | None
    tokens: int = 7


PEOPLE = ["PER: Anna Berg", "LOC: Oslo"]
TOKENS = ("Anna", "Berg", "left", ".", "Oslo", "waits", ".")


def _columns(tags: str, form: str = "{token} {tag}", end: str = "\n", between: str = "") -> bytes:
    """Two sentences with these tags, a line of such a form each."""
    lines = [form.format(token=t, tag=g) for t, g in zip(TOKENS, tags.split(), strict=True)]
    return end.join([*lines[:4], between, *lines[4:], "", ""]).encode()


IOB2 = "B-PER I-PER O O B-LOC O O"

CASES = {
    "plain.conll": Case("IOB2, a blank between columns", _columns(IOB2), PEOPLE),
    "docstart.conll": Case(
        "CoNLL-2003's four columns and `-DOCSTART-`",
        b"-DOCSTART- -X- -X- O\n\n" + _columns(IOB2, "{token} NN X {tag}"),
        PEOPLE,
    ),
    "tabs-and-blanks.conll": Case(
        "tabs in some lines, blanks in others",
        _columns(IOB2, "{token}\t{tag}")[:40] + _columns(IOB2)[40:],
        PEOPLE,
    ),
    "io.conll": Case("tags without prefix (`PER`)", _columns("PER PER O O LOC O O"), PEOPLE),
    "io-prefix.conll": Case(
        "tags of `I-` only, and names that begin so", _columns("I-PER I-PER O O I-LOC O O"), PEOPLE
    ),
    "iob1.conll": Case(
        "IOB1: `B-` only between neighbours",
        _columns("I-PER B-PER O O I-LOC O O"),
        ["PER: Anna", "PER: Berg", "LOC: Oslo"],
    ),
    "bioes.conll": Case("BIOES", _columns("B-PER E-PER O O S-LOC O O"), PEOPLE),
    "bilou.conll": Case("BILOU", _columns("B-PER L-PER O O U-LOC O O"), PEOPLE),
    "type-change.conll": Case(
        "`B-PER I-LOC`: another type within",
        _columns("B-PER I-LOC O O B-LOC O O"),
        ["PER: Anna", "LOC: Berg", "LOC: Oslo"],
    ),
    "lower.conll": Case("`b-PER`, `o`", _columns("b-PER i-PER o o b-LOC o o"), PEOPLE),
    "suffix.conll": Case("`PER-B`", _columns("PER-B PER-I O O LOC-B O O"), PEOPLE),
    "bom.conll": Case("a byte order mark", b"\xef\xbb\xbf" + _columns(IOB2), PEOPLE),
    "crlf.conll": Case("lines of Windows", _columns(IOB2, end="\r\n"), PEOPLE),
    "blank-line.conll": Case(
        "a line of blanks between sentences", _columns(IOB2, between="  "), PEOPLE
    ),
    "no-break-space.conll": Case(
        "a no-break space in a token",
        _columns(IOB2).replace(b"Berg", "van\u00a0Berg".encode()),
        ["PER: Anna van\u00a0Berg", "LOC: Oslo"],
    ),
    "hash.conll": Case("a token `#`", _columns(IOB2).replace(b"left", b"#"), PEOPLE),
    "header.conll": Case("names of the columns first", b"token tag\n" + _columns(IOB2), PEOPLE),
    "numbered.tsv": Case(
        "words numbered in the first column",
        b"1\tAnna\tB-PER\n2\tBerg\tI-PER\n3\tleft\tO\n4\t.\tO\n\n"
        b"1\tOslo\tB-LOC\n2\twaits\tO\n3\t.\tO\n",
        PEOPLE,
    ),
    "no-tag.conll": Case("a line without a tag", _columns(IOB2).replace(b"left O", b"left"), None),
    "empty-token.tsv": Case(
        "a line without a token", _columns(IOB2, "{token}\t{tag}").replace(b"left\t", b"\t"), None
    ),
    "latin1.conll": Case(
        "another encoding", _columns(IOB2).replace(b"Berg", "Bj\xf6rg".encode("latin-1")), None
    ),
    "empty.conll": Case("nothing at all", b"", None),
}
