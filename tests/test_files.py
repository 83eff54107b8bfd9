"""Outputs appear whole or not at all, and every complaint is one line."""

import errno
import gzip
import lzma
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from ner import files
from ner.errors import CorpusError, NerError
from ner.files import (
    bytes_read,
    check_writable,
    clear_abandoned,
    exclusive_lock,
    open_binary,
    read_errors,
    unreadable,
    write_binary,
    write_folder,
    write_text,
)

Writer = Callable[[Path], AbstractContextManager[Any]]
WRITERS = [write_binary, write_text, write_folder]
writers = pytest.mark.parametrize("write", WRITERS)


def fill(output: Any, content: str) -> None:
    """Put something into what a writer yields."""
    if isinstance(output, Path):
        (output / "inside").write_text(content, encoding="utf-8")
    else:
        output.write(content if hasattr(output, "encoding") else content.encode())


def content_of(place: Path) -> str:
    return (place / "inside" if place.is_dir() else place).read_text(encoding="utf-8")


def complaint(caught: pytest.ExceptionInfo[NerError], place: str | Path) -> str:
    """The message, after checking that it is one line that names the place."""
    message = str(caught.value)
    assert message.startswith(f"{place}: ")
    assert "\n" not in message
    return message


# --- reading ------------------------------------------------------------------------------------


def test_open_binary_reads_plain_and_packed(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"one\r\n")
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(b"one\r\n", mtime=0))
    (tmp_path / "a.txt.xz").write_bytes(lzma.compress(b"one\r\n"))
    for name in ("a.txt", "a.txt.gz", "a.txt.xz"):
        with open_binary(tmp_path / name) as file:
            assert file.read() == b"one\r\n"
            assert bytes_read(file) == (tmp_path / name).stat().st_size


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("missing", "no such file; check the name"),
        ("missing.gz", "no such file; check the name"),
        ("", "is a folder, not a file; name a file in it"),
        ("file/below", "cannot be read (Not a directory)"),
        ("n" * 300, "cannot be read (File name too long)"),
    ],
)
def test_open_binary_complains_in_one_line(tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NerError) as caught:
        open_binary(tmp_path / name)
    assert complaint(caught, tmp_path / name) == f"{tmp_path / name}: {reason}"


@pytest.mark.parametrize(
    ("name", "packed", "reason"),
    [
        ("a.gz", b"not packed at all", "Not a gzipped file"),
        ("a.gz", gzip.compress(b"text " * 1000, mtime=0)[:-12], "Compressed file ended before"),
        ("a.gz", gzip.compress(b"text", mtime=0)[:10] + b"\xff" * 20, "Error -3 while"),
        ("a.gz", gzip.compress(b"text", mtime=0)[:-8] + b"\0" * 8, "CRC check failed"),
        ("a.xz", b"not packed at all", "Input format not supported by decoder"),
        ("a.xz", lzma.compress(b"text " * 1000)[:-12], "Compressed file ended before"),
    ],
)
def test_damage_shows_while_reading_and_can_be_told(
    tmp_path: Path, name: str, packed: bytes, reason: str
) -> None:
    path = tmp_path / name
    path.write_bytes(packed)
    with open_binary(path) as file, pytest.raises(read_errors()) as caught:
        file.read()
    message = str(unreadable(path, caught.value))
    assert message.startswith(f"{path}: cannot be read ({reason}")
    assert "\n" not in message


# --- writing ------------------------------------------------------------------------------------


@writers
def test_a_new_output_in_a_new_folder(tmp_path: Path, write: Writer) -> None:
    place = tmp_path / "new" / "folder" / "out"
    with write(place) as output:
        fill(output, "naïve")
        assert not place.exists()
    assert content_of(place) == "naïve"
    assert os.listdir(place.parent) == ["out"]


@writers
def test_an_old_output_is_replaced_as_a_whole(tmp_path: Path, write: Writer) -> None:
    place = tmp_path / "out"
    for content in ("a long first text", "second"):
        with write(place) as output:
            fill(output, content)
    assert content_of(place) == "second"
    assert os.listdir(tmp_path) == ["out"]


def test_nothing_of_an_old_folder_stays(tmp_path: Path) -> None:
    place = tmp_path / "model"
    with write_folder(place) as folder:
        (folder / "deep").mkdir()
        (folder / "deep" / "old").touch()
    with write_folder(str(place)) as folder:
        (folder / "new").touch()
    assert [path.name for path in place.rglob("*")] == ["new"]


@writers
@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit, CorpusError])
def test_a_failing_block_changes_nothing(
    tmp_path: Path, write: Writer, error: type[BaseException]
) -> None:
    place = tmp_path / "out"
    with write(place) as output:
        fill(output, "old")
    raised = error("told by the block")

    def fail() -> None:
        with write(place) as output:
            fill(output, "new")
            raise raised

    with pytest.raises(error) as caught:
        fail()
    assert caught.value is raised
    assert content_of(place) == "old"
    assert os.listdir(tmp_path) == ["out"]


@writers
def test_trouble_with_something_else_is_not_blamed_on_the_output(
    tmp_path: Path, write: Writer
) -> None:
    with pytest.raises(FileNotFoundError) as caught, write(tmp_path / "out"):
        (tmp_path / "missing input").read_bytes()
    assert caught.value.filename == str(tmp_path / "missing input")
    with pytest.raises(BrokenPipeError), write(tmp_path / "out"):
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")  # as from print() into `| head`
    with pytest.raises(ConnectionError), write(tmp_path / "out"):
        raise ConnectionError("no code and no name")
    assert os.listdir(tmp_path) == []


@writers
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("file/below", "Not a directory"),
        ("file/below/deeper", "Not a directory"),
        ("n" * 300, "File name too long"),
        ("/proc/ner/out", "No such file or directory"),
        ("/sys/ner-out", "Operation not permitted"),
    ],
)
def test_a_place_that_cannot_be_written(
    tmp_path: Path, write: Writer, name: str, reason: str
) -> None:
    (tmp_path / "file").write_text("mine")
    place = tmp_path / name
    with pytest.raises(NerError) as caught, write(place) as output:
        fill(output, "lost")
    told = complaint(caught, place)
    # Systems without /sys or with it mounted read-only have another reason, not another form.
    assert f"cannot be written ({reason})" in told or name.startswith("/sys")
    assert told.endswith("; choose another place or free it")
    assert os.listdir(tmp_path) == ["file"]
    assert (tmp_path / "file").read_text() == "mine"


def test_a_folder_is_not_replaced_by_a_file_nor_a_file_by_a_folder(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("mine")
    entered: list[object] = []
    with pytest.raises(NerError, match="Is a directory"), write_text(tmp_path / "folder") as output:
        entered.append(output)
    with (
        pytest.raises(NerError, match="Not a directory"),
        write_folder(tmp_path / "file") as folder,
    ):
        entered.append(folder)
    assert not entered, "told before the work, not after it"
    assert (tmp_path / "file").read_text() == "mine"
    assert sorted(os.listdir(tmp_path)) == ["file", "folder"]


def test_the_root_folder_is_no_output() -> None:
    with pytest.raises(NerError, match=r"^/: cannot be written \(Is a directory\)"):
        write_binary("/").__enter__()


def test_a_long_name_that_the_system_takes_can_be_written(tmp_path: Path) -> None:
    for name in ("n" * 255, "名" * 85):
        with write_text(tmp_path / name) as file:
            file.write("x")
        assert (tmp_path / name).read_text() == "x"


def test_links_are_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    for write, name in ((write_text, "file"), (write_folder, "folder")):
        (tmp_path / name).symlink_to(tmp_path / "real" / name)
        for content in ("first", "second"):
            with write(tmp_path / name) as output:
                fill(output, content)
        assert (tmp_path / name).is_symlink()
        assert content_of(tmp_path / "real" / name) == "second"
    assert sorted(os.listdir(tmp_path / "real")) == ["file", "folder"]


def test_a_pipe_is_written_and_stays_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with write_text(pipe) as file:
        file.write("through")
    assert os.read(reader, 100) == b"through"
    os.close(reader)
    assert pipe.is_fifo()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_device() -> None:
    with pytest.raises(NerError) as caught, write_binary("/dev/full") as file:
        file.write(b"x" * 100_000)
    assert "No space left on device" in complaint(caught, "/dev/full")
    assert Path("/dev/full").is_char_device()


SMALL_DISK = """
import resource, sys
from ner.errors import NerError
from ner.files import write_binary, write_folder, write_text
kind, place = sys.argv[1:]
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    if kind == "folder":
        with write_folder(place) as folder:
            (folder / "weights").write_bytes(b"x" * 100_000)
    elif kind == "text":
        with write_text(place) as file:
            for _ in range(10_000):
                file.write("some text")
    else:
        with write_binary(place) as file:
            file.write(b"x" * 1500)  # stays in the buffer until the end of the block
except NerError as error:
    print(error)
"""


@pytest.mark.parametrize("kind", ["folder", "text", "binary"])
def test_a_disk_that_fills_up(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "out"
    with (write_folder if kind == "folder" else write_text)(place) as output:
        fill(output, "old")
    command = [sys.executable, "-c", SMALL_DISK, kind, str(place)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == (
        f"{place}: cannot be written (File too large); choose another place or free it\n"
    )
    assert done.stderr == ""
    assert content_of(place) == "old"
    assert os.listdir(tmp_path) == ["out"]


def test_text_is_utf8_with_plain_line_ends(tmp_path: Path) -> None:
    with write_text(tmp_path / "out") as file:
        file.write("Zürich\r\n東京\n\u2028")
    assert (tmp_path / "out").read_bytes() == "Zürich\r\n東京\n\u2028".encode()


def test_packed_text_is_the_same_bytes_every_time(tmp_path: Path) -> None:
    written = []
    for _ in range(2):
        with write_text(tmp_path / "out.gz") as file:
            file.write("one\n" * 1000)
        written.append((tmp_path / "out.gz").read_bytes())
    assert gzip.decompress(written[0]) == b"one\n" * 1000
    assert written[0] == written[1]


def test_xz_is_packed_and_names_that_are_no_text_are_written(tmp_path: Path) -> None:
    with write_text(tmp_path / "out.xz") as file:
        file.write("one: sm\udce9\n")
    assert lzma.decompress((tmp_path / "out.xz").read_bytes()) == b"one: sm\\udce9\n"


@writers
def test_everything_is_on_the_disk_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Writer
) -> None:
    """Else a power cut right after the renaming leaves an empty file under the right name."""
    synced: set[int] = set()
    renamed: list[set[int]] = []
    real = {name: getattr(os, name) for name in ("fsync", "rename", "replace")}

    def fsync(handle: int) -> None:
        synced.add(os.fstat(handle).st_ino)
        real["fsync"](handle)

    def rename(old: Path, new: Path) -> None:
        renamed.append({path.stat().st_ino for path in (old, *old.rglob("*"))})
        assert renamed[-1] <= synced
        real["rename"](old, new)

    for name, fake in (("fsync", fsync), ("rename", rename), ("replace", rename)):
        monkeypatch.setattr(os, name, fake)
    with write(tmp_path / "out") as output:
        if write is write_folder:
            (output / "deep").mkdir()
            (output / "deep" / "file").write_text("x")
        fill(output, "new")
    assert [len(inodes) for inodes in renamed] == [4 if write is write_folder else 1]
    assert tmp_path.stat().st_ino in synced, "the name itself is to last, too"


def test_a_folder_that_cannot_be_synced_is_written_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some network file systems answer so; the output is complete by then."""
    real = os.fsync

    def fsync(handle: int) -> None:
        if os.path.isdir(f"/proc/self/fd/{handle}"):
            raise OSError(errno.EINVAL, "Invalid argument")
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    for write in (write_text, write_folder):
        with write(tmp_path / write.__name__) as output:
            fill(output, "new")
        assert content_of(tmp_path / write.__name__) == "new"


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that opens no folders, syncs only what may be written, and has no locks of Unix."""
    import fcntl

    real_open, real_fsync = os.open, os.fsync

    def opened(path: Any, *how: Any, **more: Any) -> int:
        here = sys._getframe(1).f_globals["__name__"]  # shutil has ways of its own on Windows
        if here == files.__name__ and os.path.isdir(path):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real_open(path, *how, **more)

    def fsync(handle: int) -> None:
        if fcntl.fcntl(handle, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
            raise OSError(errno.EBADF, "Bad file descriptor")
        real_fsync(handle)

    monkeypatch.setattr(os, "open", opened)
    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setitem(sys.modules, "fcntl", None)


@pytest.mark.usefixtures("windows")
def test_outputs_are_written_on_windows(tmp_path: Path) -> None:
    for write in WRITERS[1:]:
        for content in ("old", "new"):
            with write(tmp_path / write.__name__) as output:
                fill(output, content)
        assert content_of(tmp_path / write.__name__) == "new"
    assert sorted(os.listdir(tmp_path)) == ["write_folder", "write_text"]


@pytest.mark.usefixtures("windows")
def test_a_folder_is_made_and_used_on_windows(tmp_path: Path) -> None:
    with exclusive_lock(tmp_path / "run") as new, exclusive_lock(tmp_path / "run") as second:
        assert (new, second) == (True, False)
        (tmp_path / "run" / "file").touch()


# --- killed at any moment -----------------------------------------------------------------------

# Counts the calls that change the disk; with a number, dies right before or after that call.
MORTAL = """
import itertools, os, shutil, signal, sys
from ner import files
kind, place, when, fatal = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
calls = itertools.count(1)
def mortal(real):
    def call(*args, **options):
        number = next(calls)
        if (number, when) == (fatal, "before"):
            os.kill(os.getpid(), signal.SIGKILL)
        try:
            return real(*args, **options)
        finally:
            if (number, when) == (fatal, "after"):
                os.kill(os.getpid(), signal.SIGKILL)
    return call
for module, name in [(os, "mkdir"), (os, "fsync"), (os, "rename"), (os, "replace"),
                     (os, "unlink"), (os, "rmdir"), (files, "exchange_folders")]:
    setattr(module, name, mortal(getattr(module, name)))
if kind == "folder":
    with files.write_folder(place) as folder:
        (folder / "inside").write_text("new")
        (folder / "beside").write_text("new")
else:
    with files.write_text(place) as file:
        file.write("new")
print(next(calls) - 1)
"""


def run_mortal(kind: str, place: Path, when: str, fatal: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", MORTAL, kind, str(place), when, str(fatal)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["folder", "text"])
def test_a_process_killed_at_any_moment_leaves_the_old_or_the_new(
    tmp_path: Path, kind: str
) -> None:
    place = tmp_path / "out"
    moments = int(run_mortal(kind, place, "never", 0).stdout)
    assert moments >= 3
    seen = []
    for fatal in range(1, moments + 1):
        for when in ("before", "after"):
            with (write_folder if kind == "folder" else write_text)(place) as output:
                fill(output, "old")
            done = run_mortal(kind, place, when, fatal)
            if kind == "folder" and not _can_exchange(tmp_path):
                continue  # here a folder is away for a moment, as `swap_folder` says
            assert done.returncode == -signal.SIGKILL, done.stderr
            seen.append(content_of(place))
            if kind == "folder":
                assert (place / "beside").exists() == (seen[-1] == "new")
    assert seen == sorted(seen, key=["old", "new"].index)
    assert not seen or set(seen) == {"old", "new"}


def _can_exchange(folder: Path) -> bool:
    one, other = folder / "one", folder / "other"
    one.mkdir(exist_ok=True)
    other.mkdir(exist_ok=True)
    return files.exchange_folders(one, other)


@pytest.fixture
def no_exchange(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that cannot let two folders change names at once."""
    monkeypatch.setattr(files, "exchange_folders", lambda one, other: False)


@pytest.mark.usefixtures("no_exchange")
def test_a_folder_is_replaced_without_exchange_too(tmp_path: Path) -> None:
    for content in ("old", "new"):
        with write_folder(tmp_path / "out") as folder:
            fill(folder, content)
    assert content_of(tmp_path / "out") == "new"
    assert os.listdir(tmp_path) == ["out"]


@pytest.mark.usefixtures("no_exchange")
@pytest.mark.parametrize("error", [OSError(errno.EIO, "Input/output error"), KeyboardInterrupt()])
@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_swap_that_breaks_off_puts_a_folder_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, number: int, when: str
) -> None:
    with write_folder(tmp_path / "out") as folder:
        fill(folder, "old")
    calls: list[object] = []
    real = os.rename

    def rename(*names: Path) -> None:
        calls.append(names)
        if when == "after" or len(calls) != number:
            real(*names)
        if len(calls) == number:
            raise error

    monkeypatch.setattr(os, "rename", rename)
    with pytest.raises((NerError, KeyboardInterrupt)), write_folder(tmp_path / "out") as folder:
        fill(folder, "new")
    assert content_of(tmp_path / "out") == ("new" if (number, when) == (2, "after") else "old")
    assert os.listdir(tmp_path) == ["out"]


WRITER = """
import sys
from ner.files import write_binary
with write_binary(sys.argv[1]) as file:
    file.write(b"begun")
    file.flush()
    print("begun", flush=True)
    sys.stdin.read()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="has no such locks")
def test_what_a_killed_process_leaves_is_cleared_and_what_a_living_one_writes_is_not(
    tmp_path: Path,
) -> None:
    killed, living = (
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path / name)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for name in ("killed", "living")
    )  # fmt: skip
    for process in (killed, living):
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
    killed.kill()
    killed.communicate()
    assert len(list(tmp_path.iterdir())) == 2
    clear_abandoned(tmp_path)
    (part,) = tmp_path.iterdir()
    assert part.name.startswith(".living.")
    living.communicate("")
    assert [path.name for path in tmp_path.iterdir()] == ["living"]
    assert (tmp_path / "living").read_bytes() == b"begun"


def test_what_fails_leaves_no_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    blocks: tuple[AbstractContextManager[object], ...]
    for outer in ("new", "old"):
        place = tmp_path / outer / "a" / "b"
        blocks = (exclusive_lock(place), write_text(place / "x"), write_folder(place / "y"))
        for block in blocks:
            with pytest.raises(ZeroDivisionError), block:
                raise ZeroDivisionError
    check_writable(tmp_path / "new" / "x")
    assert [path.name for path in tmp_path.rglob("*")] == ["old"]


def test_check_writable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("old", encoding="utf-8")
    check_writable(tmp_path / "file")
    check_writable("/dev/null")
    assert (tmp_path / "file").read_text(encoding="utf-8") == "old"
    for place in (tmp_path, tmp_path / "file" / "x"):
        with pytest.raises(NerError, match="cannot be written"):
            check_writable(place)
