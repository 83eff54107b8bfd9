"""What a user installs: the wheel, in an environment that does not know the checkout."""

import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
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
    assert "ner/py.typed" in held


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


def test_the_citation_names_the_version_of_the_wheel(wheel: Path) -> None:
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {ner.__version__}\n" in citation
    assert wheel.name.startswith(f"bilstm_ner-{ner.__version__}-")
