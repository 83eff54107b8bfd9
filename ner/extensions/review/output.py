"""The reviewed sentences as files: ``--out``, and what the page offers to download."""

import tempfile
import zipfile
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

from ner.corpus import FORMATS, is_jsonl, write_file, writer_named
from ner.errors import NerError, UsageError
from ner.files import check_writable
from ner.text import Sentence

_BY_NAME = {".jsonl": "jsonl", ".spacy": "docbin", ".conllu": "conllu", ".parquet": "parquet"}
_BY_NAME |= {".csv": "csv", ".json": ""}


def format_of(out: Path, named: str | None) -> str:
    """The format of an output: the one that is named, else by the name of the file.

    Raises `UsageError` for an unknown one, and for a name that says too little.
    """
    suffix = Path(str(out).removesuffix(".gz").removesuffix(".xz")).suffix.lower()
    found = named or _BY_NAME.get(suffix, "iob2")
    if not found:
        raise UsageError(
            f"{out}: several formats are called so; name one with --format label-studio, spacy or "
            "stanza"
        )
    if writer_named(found).name == "columns" and is_jsonl(str(out)):
        raise UsageError(f"{out}: columns do not go into a .jsonl file; name it .conll")
    return found


def check_out(out: Path, files: Sequence[Path], *, resume: bool) -> None:
    """Raise `NerError` for an output that is no file, or would replace one of somebody's."""
    if str(out) == "-":
        raise UsageError("--out -: a review is written to a file, beside its journal; name one")
    if any(out.exists() and file.exists() and out.samefile(file) for file in files):
        raise UsageError(f"{out}: is the file to be reviewed, which stays as it is; name another")
    if out.exists() and not resume:
        raise UsageError(f"{out}: is there already; choose another --out, or go on with --resume")
    if not out.exists():
        check_writable(out)


def exported(sentences: Sequence[Sentence], format: str) -> tuple[bytes, str]:
    """A file with sentences in a format, and its name: of several files, a zip.

    Raises `NerError` for what the format cannot hold.
    """
    writer = writer_named(format)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"corrected{writer.extension}")
        write_file(path, sentences, format)
        if path.is_dir():
            return _packed(path), "corrected.zip"
        return path.read_bytes(), path.name


def _packed(folder: Path) -> bytes:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder))
    return packed.getvalue()


def written_formats() -> list[str]:
    """The names of all formats that are written."""
    found = []
    for name in FORMATS:
        try:
            writer_named(name)
        except NerError:
            continue
        found.append(name)
    return found
