"""`scripts/gpu_check.py`: what it does without a GPU, and how it reports."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

SCRIPTS = Path(__file__).parents[1] / "scripts"
SCRIPT = SCRIPTS / "gpu_check.py"
sys.path.insert(0, str(SCRIPTS))

import gpu_check  # noqa: E402
from gpu_check import (  # noqa: E402
    WORK,
    CRFCase,
    Part,
    line_of,
    parts_of,
    results_of,
    train_settings,
)
from ner.config import Config  # noqa: E402


def test_every_part_has_work_and_most_wait_for_a_gpu() -> None:
    parts = parts_of("demo", None)
    assert all(part.words[0] in WORK for part in parts)
    assert [part.name for part in parts if not part.needs_gpu] == ["crf"]
    with_before = parts_of("demo", Path("old"))
    assert [p.name for p in with_before if p not in parts] == ["training-before", "tagging-before"]
    assert {part.root for part in with_before if part not in parts} == {Path("old").resolve()}


def test_both_crfs_agree_on_a_case() -> None:
    case = CRFCase.draw(1, 3, 4)
    found = []
    for in_torch in (False, True):
        case.head.in_torch = in_torch
        found.append(case.learnt(torch.device("cpu")))
    assert len(found[0]) == 5, "losses, and gradients by emissions and three weights"
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=0.0)
    assert case.lengths[0] == 1
    assert case.lengths[-1] == 4


def test_larger_batches_may_have_more_tokens() -> None:
    default = Config().train
    found = Config().replace(train_settings({"batch_sentences": default.batch_sentences})).train
    assert found.batch_tokens == pytest.approx(default.batch_tokens, rel=0.02)
    large = Config().replace(train_settings({"batch_sentences": 256, "epochs": 2})).train
    assert large.batch_tokens == pytest.approx(8 * default.batch_tokens, rel=0.02)
    assert large.epochs == 2


def test_a_part_that_fails_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("print('{\"note\": 1}'); raise SystemExit('x')")
    monkeypatch.setattr(gpu_check, "__file__", str(script))
    part = Part("some", ["work"], 60.0)
    assert results_of(part, 60.0) == [{"note": 1}]
    script.write_text("raise SystemExit('no work')")
    assert results_of(part, 60.0) == [{"error": "no work\n"}]
    script.write_text("import time\nprint('{\"note\": 2}', flush=True)\ntime.sleep(60)")
    found = results_of(part, 1.0)
    assert found == [{"error": "some took longer than 1 s"}, {"note": 2}]


def test_lines_of_the_table() -> None:
    assert line_of({"check": "c", "difference": 0.25, "passed": True}) == (
        "| c | difference 0.25, passed True |"
    )
    assert line_of({"note": "as it is"}) == "as it is"
    assert line_of({"profile": "long"}) == "a profile is in the file"


@pytest.mark.slow
@pytest.mark.skipif(torch.cuda.is_available(), reason="is for machines without a GPU")
def test_without_a_gpu_the_arithmetic_is_checked_and_the_rest_waits(tmp_path: Path) -> None:
    out = tmp_path / "gpu.json"
    command = [sys.executable, str(SCRIPT), "--data", "demo", "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    results = json.loads(out.read_text())
    assert results["machine"] == "no GPU"
    checks = results["parts"].pop("crf")
    assert checks
    assert all(check["passed"] for check in checks)
    for name, found in results["parts"].items():
        assert found == [{"note": f"{name}: waits for a machine with a GPU"}]
    assert f"{len(checks)} of {len(checks)} checks passed" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--parts", "crf,wait"], "--parts: no wait; choose of crf, waits, "),
        (["--before", "nowhere"], "--before nowhere: is no folder of a version of this repository"),
    ],
)
def test_what_is_not_there_is_refused(
    arguments: list[str],
    complaint: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "argv", ["gpu_check.py", *arguments])
    with pytest.raises(SystemExit) as end:
        gpu_check.main()
    assert end.value.code == 2
    assert complaint in capsys.readouterr().err
