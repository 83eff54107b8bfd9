"""`scripts/simulate_suggest.py`: labelling simulated on a corpus."""

import itertools
import json
import math
import sys
from pathlib import Path
from typing import Any

import pytest

from ner.corpus import Corpus, write_file

SCRIPTS = Path(__file__).parents[1] / "scripts"
sys.path.insert(0, str(SCRIPTS))

import simulate_suggest  # noqa: E402
from simulate_suggest import WAYS, hints, labels_for, main, pool, table  # noqa: E402

CURVE = [(100.0, 0.4), (200.0, 0.5), (400.0, 0.7)]


@pytest.mark.parametrize(
    ("target", "labels"), [(0.3, 100), (0.4, 100), (0.45, 100 * math.sqrt(2)), (0.7, 400)]
)
def test_labels_for_a_target(target: float, labels: float) -> None:
    assert labels_for(CURVE, target) == pytest.approx(labels)


def test_a_target_that_is_not_reached() -> None:
    assert math.isnan(labels_for(CURVE, 0.8))


def test_the_pool_has_each_sentence_once_in_an_order_of_its_own(tiny_corpus: Corpus) -> None:
    one, other = pool(tiny_corpus, 1), pool(tiny_corpus, 2)
    assert len(one) == len({s.tokens for s in one}) == len(tiny_corpus.train)
    assert one != other
    assert {s.tokens for s in one} == {s.tokens for s in other}
    assert one == pool(tiny_corpus, 1)


def result(way: str, seed: int, *f1: float) -> dict[str, Any]:
    rows = [
        {"size": 100 * 2**n, "tokens": 900 * 2**n, "f1": f, "own_f1": f} for n, f in enumerate(f1)
    ]
    return {"corpus": "c", "split": "test", "seed": seed, "way": way, "rows": rows}


def test_means_are_of_the_sizes_that_all_seeds_have() -> None:
    results = [result("random", 1, 0.4, 0.5), result("random", 2, 0.4, 0.6, 0.9)]
    assert table(results) == "| c | random | 40.0 ± 0.0 | 55.0 ± 7.1 | 1.00 | 1.00 |"


def test_a_table_of_means() -> None:
    results = [
        result("random", 1, 0.4, 0.5),
        result("random", 2, 0.4, 0.6),
        result("suggest", 1, 0.4, 0.7),
        result("suggest", 2, 0.4, 0.7),
    ]
    first, second = table(results).splitlines()
    assert first == "| c | random | 40.0 ± 0.0 | 55.0 ± 7.1 | 1.00 | 1.00 |"
    share = 2 ** (0.15 / 0.3) / 2
    assert second == f"| c | suggest | 40.0 ± 0.0 | 70.0 ± 0.0 | {share:.2f} | {share:.2f} |"


def test_hints_are_held_against_what_came() -> None:
    falling = [1 - 0.6 * 2 ** (-n / 4) for n in range(4)]  # by the fourth root
    flat = [0.4, 0.5, 0.6, 0.6]
    lines = hints([result("random", 1, *falling), {**result("random", 1, *flat), "corpus": "d"}])
    *_, last = itertools.pairwise(falling)
    true = 100 * (last[1] - last[0]) / 4
    assert lines.splitlines()[0] == f"| c | 1 | {true:.2f} | 0.00 | 0.00 |"
    of_flat = 100 * 0.4 * (1 - 2**-0.25) / 4
    assert lines.splitlines()[1].startswith(f"| d | 1 | 0.00 | {of_flat:.2f} | ")
    assert lines.splitlines()[2].startswith(f"| all | 2 | {true / 2:.2f} | {of_flat / 2:.2f} | ")


@pytest.mark.slow
def test_results_are_kept_and_not_computed_again(
    tiny_corpus: Corpus,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for split, sentences in tiny_corpus.splits().items():
        write_file(tmp_path / "tiny" / f"{split}.conll", sentences)
    out = tmp_path / "results.jsonl"
    command = ["simulate_suggest.py", str(tmp_path / "tiny"), "--out", str(out)]
    command += ["--seeds", "1", "--sizes", "8,16"]
    monkeypatch.setattr(simulate_suggest, "STEPS", 10)
    monkeypatch.setattr(sys, "argv", command)
    main()
    results = [json.loads(line) for line in out.read_text().splitlines()]
    assert [r["way"] for r in results] == list(WAYS)
    assert {r["rows"][0]["f1"] for r in results} == {results[0]["rows"][0]["f1"]}
    before = out.read_text()
    main()
    assert out.read_text() == before
    monkeypatch.setattr(sys, "argv", [command[0], "--table", str(out)])
    capsys.readouterr()
    main()
    assert len(capsys.readouterr().out.splitlines()) == len(WAYS)
