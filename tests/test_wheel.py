"""What a user installs: the wheel, in an environment that does not know the checkout."""

import json
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from importlib.metadata import distribution
from pathlib import Path

import pytest

import ner
from tests.cli.command import LIMIT, environment

ROOT = Path(__file__).parents[1]


def _pip(*arguments: str | Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments],
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, built from a copy: a build leaves folders behind."""
    copy, out = tmp_path_factory.mktemp("copy"), tmp_path_factory.mktemp("wheel")
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    shutil.copytree(ROOT / "ner", copy / "ner", ignore=shutil.ignore_patterns("__pycache__"))
    _pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", out, copy)
    [wheel] = out.iterdir()
    return wheel


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Path:
    """The programs of a fresh environment with nothing in it but the wheel.

    So that nothing is downloaded, it reads all other packages where the tests have them. A path
    in a .pth file does that, which comes after the environment's own packages and runs no .pth
    file there: an editable `ner` of the checkout is not seen.
    """
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder)
    programs = folder / "bin"
    _pip("--python", programs / "python", "install", "--no-deps", "--no-index", wheel)
    packages = sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)})
    others = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
    Path(packages, "others.pth").write_text("\n".join(others), encoding="utf-8")
    return programs


@pytest.fixture(scope="module")
def tagging(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Path:
    """A fresh environment with the wheel, click, NumPy and safetensors, and nothing else."""
    folder = tmp_path_factory.mktemp("tagging")
    venv.create(folder)
    _pip("--python", folder / "bin" / "python", "install", "--no-deps", "--no-index", wheel)
    packages = sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)})
    for name in ("click", "numpy", "safetensors"):
        where = Path(str(distribution(name).locate_file("")))
        for path in [where / name, *where.glob(f"{name}.libs"), *where.glob(f"{name}-*.dist-info")]:
            Path(packages, path.name).symlink_to(path)
    return folder


def _run(*command: str | Path, cwd: Path, stdin: str = "") -> str:
    done = subprocess.run(
        command,
        cwd=cwd,
        env=environment(),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_wheel_holds_every_file_of_the_package(wheel: Path) -> None:
    files = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "ner").rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert held == files
    assert {"ner/py.typed", "ner/models/en.ner"} <= held


@pytest.mark.slow
def test_an_installed_wheel_shows_its_help_and_tags(
    installed: Path, tiny_run: Path, tmp_path: Path
) -> None:
    where = _run(installed / "python", "-c", "import ner; print(ner.__file__)", cwd=tmp_path)
    assert Path(where).is_relative_to(installed.parent)
    assert _run(installed / "ner", "--help", cwd=tmp_path).startswith("Usage: ner")
    text = "Anna visited New York.\n"
    tagged = _run(installed / "ner", "tag", "-", "--model", tiny_run, cwd=tmp_path, stdin=text)
    assert tagged == "[Anna](PER) visited [New York](LOC).\n"


@pytest.mark.slow
def test_tagging_and_evaluation_need_neither_torch_nor_seqeval(
    tagging: Path, tiny_run: Path, tmp_path: Path
) -> None:
    python = tagging / "bin" / "python"
    for absent in ("torch", "torchcrf", "seqeval", "datasets", "rich"):
        looked = f"import importlib.util; assert importlib.util.find_spec({absent!r}) is None"
        _run(python, "-c", looked, cwd=tmp_path)
    program = tagging / "bin" / "ner"
    text = "Anna visited New York.\n"
    assert _run(program, "tag", "-", cwd=tmp_path, stdin=text) == (
        "[Anna](PERSON) visited [New York](GPE).\n"
    )
    told = json.loads(_run(program, "info", "--json", cwd=tmp_path))
    assert told["packages"]["torch"] is None
    assert shutil.which("cc") is None or not told["kernels"].startswith("numpy")
    tagged = _run(program, "tag", "-", "--model", tiny_run, cwd=tmp_path, stdin=text)
    assert tagged == "[Anna](PER) visited [New York](LOC).\n"
    Path(tmp_path, "gold.conll").write_text("Anna B-PER\nslept O\n", encoding="utf-8")
    for command in ("check", "stats"):
        _run(program, "data", command, "gold.conll", cwd=tmp_path)
    scores = _run(
        program, "evaluate", "--model", tiny_run, "--data", "gold.conll", "--json", cwd=tmp_path
    )
    assert json.loads(scores)["f1"] == 1.0


@pytest.mark.slow
def test_training_without_torch_says_what_to_install(tagging: Path, tmp_path: Path) -> None:
    Path(tmp_path, "gold.conll").write_text("Anna B-PER\nslept O\n\n" * 9, encoding="utf-8")
    done = subprocess.run(
        [tagging / "bin" / "ner", "train", "--data", "gold.conll"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stderr.endswith("install all that ner needs: pip install bilstm-ner\n")


@pytest.mark.slow
def test_an_installation_for_tagging_is_small(
    tagging: Path, tiny_run: Path, tmp_path: Path
) -> None:
    """At most 120 MB on the disk, and 130 MB of memory while it tags."""
    packages = next(tagging.glob("lib/python*/site-packages"))
    names = [name for name in packages.iterdir() if not name.name.startswith(("pip", "setuptools"))]
    files = (file for name in names for file in name.resolve().rglob("*") if file.is_file())
    assert sum(file.stat().st_size for file in files) < 120_000_000
    peak = (
        "import sys; from ner.cli import run; code = run(sys.argv[1:]); print(code, next(line "
        "for line in open('/proc/self/status') if line.startswith('VmHWM')))"
    )
    if not Path("/proc/self/status").exists():
        pytest.skip("this system does not tell how much memory a process has had")
    Path(tmp_path, "text").write_text("Anna visited New York.\n", encoding="utf-8")
    python = tagging / "bin" / "python"
    told = _run(python, "-c", peak, "tag", "text", "--model", tiny_run, cwd=tmp_path).split()
    assert told[-4] == "0"
    assert int(told[-2]) < 130_000  # kB


def test_the_citation_names_the_version_of_the_wheel(wheel: Path) -> None:
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {ner.__version__}\n" in citation
    assert wheel.name.startswith(f"bilstm_ner-{ner.__version__}-")
