"""The same command makes the same model: to the byte, whatever else differs between processes."""

import json
import subprocess
from pathlib import Path

import pytest

from ner.bundle.format import load_bundle, versions
from ner.corpus import load_corpus
from tests.cli.command import (
    LIMIT,
    SMALL,
    WARM_HASHES,
    command,
    environment,
    run,
    sets,
    tree,
    warm,
)

pytestmark = pytest.mark.slow


@pytest.mark.slow(reason="trains with all features in two processes")
@pytest.mark.parametrize("threads", [1, 2])
def test_another_process_with_other_hashes_makes_the_same_model(
    threads: int, empty: Path, tiny_folder: Path
) -> None:
    Path("a.vec").write_text("3 2\nrome 1 2\nunseen 3 4\nleft 5 6\n")
    Path("clusters").write_text("0010\tRome\t3\n0011\tParis\t2\n01\tleft\t1\n")
    Path("places.txt").write_text("New York\nRome\n")
    settings = ("train.epochs=3", "model.context=document", "model.bigrams=yes", *SMALL)
    features = ["--vectors", "a.vec", "--clusters", "clusters", "--gazetteer", "LOC=places.txt"]
    arguments = ["train", "--data", tiny_folder, *sets(*settings, f"train.threads={threads}")]
    arguments += [*features, "--seed", "7", "--out"]
    process = subprocess.Popen(
        command(*arguments, "one"),
        env=environment(PYTHONHASHSEED=str(WARM_HASHES + 1)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    warm(*arguments, "other", cwd=empty).good()
    told = process.communicate(timeout=LIMIT)[1]
    assert process.returncode == 0, told
    assert tree(Path("one/model")) == tree(Path("other/model"))
    one, other = (Path(out, "checkpoint/tensors.safetensors") for out in ("one", "other"))
    assert one.read_bytes() == other.read_bytes()


def test_a_model_tells_what_it_takes_to_make_it_again(empty: Path, tiny_folder: Path) -> None:
    arguments = ["train", "--data", tiny_folder, *sets("train.epochs=1", *SMALL)]
    run(*arguments, "--seed", "7", "--out", "r").good()
    bundle = load_bundle("r")
    assert bundle.config.train.seed == 7
    assert bundle.about["versions"] == versions()
    assert bundle.about["checksums"] == load_corpus(tiny_folder).checksums()
    card = Path("r/model/README.md").read_text(encoding="utf-8")
    for told in (json.dumps(7), *versions().values(), *bundle.about["checksums"].values()):
        assert told in card
    run(*arguments, *sets("train.seed=7"), "--out", "other").good()
    assert tree(Path("other/model")) == tree(Path("r/model"))


def test_one_seed_or_several(empty: Path, tiny_folder: Path) -> None:
    outcome = run("train", "--data", tiny_folder, "--seed", "1", "--seeds", "1,2")
    assert outcome.code == 2
    assert "--seed is for one model and --seeds for several" in outcome.complaint()
