import re

import pytest

from ner.corpus.named import NAMED


def test_names_are_those_promised() -> None:
    assert list(NAMED) == [
        "conll2003",
        "conll2002-es",
        "conll2002-nl",
        "wnut17",
        "resume-zh",
        "bc5cdr",
        "demo",
    ]
    assert all(corpus.about and corpus.licence for corpus in NAMED.values())


@pytest.mark.parametrize("name", [name for name, corpus in NAMED.items() if corpus.hub])
def test_hub_sources_are_pinned_plain_files(name: str) -> None:
    source = NAMED[name].hub
    assert source is not None
    assert re.fullmatch(r"[\w.-]+/[\w.-]+", source.repository)
    assert re.fullmatch(r"[0-9a-f]{40}|refs/convert/parquet", source.revision)
    assert list(source.files) == ["train", "valid", "test"]
    assert all(path.endswith((".parquet", ".csv")) for path in source.files.values())
    assert len(set(source.files.values())) == 3


def test_only_the_demo_is_bundled_and_needs_no_hub() -> None:
    assert [corpus.name for corpus in NAMED.values() if corpus.bundled] == ["demo"]
    assert [corpus.name for corpus in NAMED.values() if corpus.hub is None] == ["demo"]
