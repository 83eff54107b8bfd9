"""Tables of comparisons, and their figures as JSON."""

from ner.config import Config
from ner.extensions.experiments.comparison.table import (
    Comparison,
    RunResult,
    VariantResult,
    format_comparison,
    format_markdown,
)
from ner.extensions.experiments.space import Variant


def run(seed: int, valid: float, test: float | None) -> RunResult:
    scores = {"valid": valid} | ({} if test is None else {"test": test})
    return RunResult(seed, f"x/seed-{seed}", 1234567, 1000.4, 20000.6, 9, seed + 3, scores)


def comparison(test: bool = True) -> Comparison:
    def result(cell: str, p: float | None, *f1: float) -> VariantResult:
        runs = [run(seed, value, value / 2 if test else None) for seed, value in enumerate(f1, 1)]
        return VariantResult(Variant({"model.cell": cell}), tuple(runs), p if test else None)

    variants = (result("rnn", 0.0321, 0.8, 0.9), result("lstm", None, 0.91, 0.93))
    config = Config().replace({"train.epochs": 3, "resources.clusters": "a b"})
    return Comparison("tiny", config, (1, 2), variants, 1, 4000 if test else 0)


def test_the_table_as_text() -> None:
    head, rnn, lstm, empty, *notes = format_comparison(comparison()).splitlines()
    assert head.split("  ")[0] == "model.cell"
    assert " ".join(rnn.split()) == (
        "rnn 1,234,567 1,000 20,001 4.5 85.00 ± 7.07 42.50 ± 3.54 0.0321"
    )
    assert lstm.split()[-1] == "–"
    assert len(head) == len(rnn) == len(lstm)
    assert empty == ""
    assert "4,000 test sentences" in notes[-1]
    assert "against model.cell=lstm (best on valid)" in notes[-1]


def test_the_table_without_a_test_split() -> None:
    text = format_comparison(comparison(test=False))
    assert text.splitlines()[1].split()[-2:] == ["–", "–"]
    assert "randomisation" not in text
    assert "test" not in comparison(test=False).to_dict()["variants"][0]["f1"]


def test_the_table_as_markdown() -> None:
    text = format_markdown(comparison())
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len(rows) == 4
    assert {row.count("|") for row in rows} == {9}
    command = text.partition("```\n")[2].partition("\n```")[0]
    assert command == (
        "ner compare --data tiny --vary model.cell=rnn,lstm --seeds 1,2 "
        "--set train.epochs=3 --set 'resources.clusters=a b'"
    )


def test_figures_as_json() -> None:
    told = comparison().to_dict()
    assert (told["best"], told["seeds"], told["test_sentences"]) == (1, [1, 2], 4000)
    rnn = told["variants"][0]
    assert (rnn["settings"], rnn["p"]) == ({"model.cell": "rnn"}, 0.0321)
    assert rnn["f1"]["valid"]["mean"] == (0.8 + 0.9) / 2
    assert rnn["runs"][1]["best_epoch"] == 5
