"""The data sets that have a name, and where on the Hub each can be had.

Every repository below holds plain parquet or CSV files; the ones behind the
bare names (``conll2003``, ``wnut_17``) hold scripts, which ``datasets`` no
longer runs. A revision is a commit where we know one. Where we do not, it is
``refs/convert/parquet``, the branch on which the Hub keeps its own conversion
of a script repository; a commit should take its place once one can be looked up.
"""

from collections.abc import Mapping
from dataclasses import dataclass

_CONLL_TAGS = (
    "O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC", "B-MISC", "I-MISC",
)  # fmt: skip
_WNUT_TAGS = (
    "O", "B-corporation", "I-corporation", "B-creative-work", "I-creative-work", "B-group",
    "I-group", "B-location", "I-location", "B-person", "I-person", "B-product", "I-product",
)  # fmt: skip
_CONVERTED = "refs/convert/parquet"


@dataclass(frozen=True, slots=True)
class HubSource:
    """Files of a Hub repository and how their rows are read.

    `files` are patterns per split, `tokens` and `tags` the columns: lists, or
    text cut at spaces and commas. `tag_names` are the names of numbered tags
    where the files themselves do not say them.
    """

    repository: str
    revision: str
    files: Mapping[str, str]
    tokens: str = "tokens"
    tags: str = "ner_tags"
    tag_names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NamedCorpus:
    """A data set known by name; `bundled` ones lie beside the code."""

    name: str
    about: str
    licence: str
    hub: HubSource | None = None
    bundled: bool = False


def _files(pattern: str) -> dict[str, str]:
    return {
        split: pattern.format(split=hub_split)
        for split, hub_split in (("train", "train"), ("valid", "validation"), ("test", "test"))
    }


def _conll2002(language: str, about: str) -> NamedCorpus:
    return NamedCorpus(
        f"conll2002-{language}",
        about,
        "research within the CoNLL-2002 shared task",
        HubSource(
            "eriktks/conll2002",
            _CONVERTED,
            _files(language + "/{split}/*.parquet"),
            tag_names=_CONLL_TAGS,
        ),
    )


_ALL = (
    NamedCorpus(
        "conll2003",
        "CoNLL-2003 English: Reuters news of 1996; PER, ORG, LOC, MISC",
        "text is Reuters Corpus, research use only",
        HubSource(
            "lhoestq/conll2003",
            # The Hub's conversion of 28 June 2023; the tags in it are bare numbers.
            "1bbb27833cfbcdd58cd3e2cafe1285ba415e37b8",
            _files("lhoestq--conll2003/parquet-{split}.parquet"),
            tag_names=_CONLL_TAGS,
        ),
    ),
    _conll2002("es", "CoNLL-2002 Spanish: EFE news of 2000; PER, ORG, LOC, MISC"),
    _conll2002("nl", "CoNLL-2002 Dutch: De Morgen of 2000; PER, ORG, LOC, MISC"),
    NamedCorpus(
        "wnut17",
        "WNUT-2017 emerging entities: English social media; 6 types",
        "CC BY 4.0",
        HubSource(
            "leondz/wnut_17",
            _CONVERTED,
            _files("wnut_17/{split}/*.parquet"),
            tag_names=_WNUT_TAGS,
        ),
    ),
    NamedCorpus(
        "resume-zh",
        "Chinese resumes, one character per token; 8 types",
        "none stated by its authors",
        HubSource(
            "ttxy/resume_ner",
            "4193808272a35729918907fd42d6550aa1c3006a",
            {"train": "train.csv", "valid": "dev.csv", "test": "test.csv"},
            tokens="text",
            tags="label",
        ),
    ),
    NamedCorpus(
        "bc5cdr",
        "BC5CDR: PubMed abstracts; Chemical, Disease",
        "CC BY 4.0",
        HubSource(
            # Cut into sentences otherwise than the usual files: 5865 for test, not 4797.
            "tner/bc5cdr",
            _CONVERTED,
            _files("bc5cdr/{split}/*.parquet"),
            tags="tags",
            tag_names=("O", "B-Chemical", "B-Disease", "I-Disease", "I-Chemical"),
        ),
    ),
    NamedCorpus(
        "demo",
        "news-like English from our own generator; PER, ORG, LOC, MISC",
        "CC0",
        bundled=True,
    ),
)

NAMED: dict[str, NamedCorpus] = {corpus.name: corpus for corpus in _ALL}
