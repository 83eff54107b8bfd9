"""`scripts/benchmark_spacy.py`: each way is measured on the same texts."""

from pathlib import Path

import pytest

pytest.importorskip("spacy", reason="spaCy is not installed")

from benchmark_spacy import main, processor_seconds


def test_the_time_is_that_of_the_work() -> None:
    done: list[int] = []
    assert processor_seconds(lambda: done.append(1)) >= 0
    assert done == [1]


@pytest.mark.slow("loads spaCy's tokenizer and a corpus")
def test_every_way_is_measured(
    tiny_run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["", "--model", str(tiny_run), "--data", "demo", "--texts", "5", "--rounds", "1"]
    monkeypatch.setattr("sys.argv", words)
    main()
    head, _, first, *others = capsys.readouterr().out.splitlines()
    assert head == "| | seconds | speed beside `Tagger.pipe` |"
    assert first.endswith("| 100% |")
    assert [row.split(" | ")[0] for row in others] == [
        "| the component, documents made beforehand",
        "| a pipeline, with spaCy's tokenizer",
        "| that tokenizer alone",
    ]
