"""A copy of what a stranger handed in, as it is now: plain files, within bounds, and never outside.

A folder, or a zip, as a learning platform makes it, zips in it included. Whatever cannot be taken
is told by its name, with the reason; nothing is run, and no file is written over.
"""

from __future__ import annotations

import os
import re
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import IO

from answering.encoding import decoded

MOST_SOURCE = 2**20
"""Bytes of one source file."""

MOST_BYTES = 64 * 2**20
"""Bytes of all files."""

MOST_UNPACKED = 4 * MOST_BYTES
"""Bytes that are unpacked in all, zips in zips and what is then too large included."""

MOST_FILES = 2_000
"""Files that are copied."""

MOST_LISTED = 50_000
"""Files that are looked at, in one folder with all that is in it or in one zip."""

MOST_DEPTH = 20
"""Folders within each other, the file itself included."""

MOST_ZIPS = 3
"""Zips within each other."""

BLOCK = 4096
"""Bytes that the smallest of files counts for."""

IGNORED = {
    *("__pycache__", ".git", ".venv", "venv", ".hypothesis", ".pytest_cache", "node_modules"),
    *("__MACOSX", ".ipynb_checkpoints", ".idea", ".vscode", "site-packages"),
    *(".DS_Store", "Thumbs.db", "desktop.ini"),
}
"""Names that are no part of anybody's answers."""

ENVIRONMENT = "pyvenv.cfg"
"""The file by which a folder is known as a virtual environment, whatever its name."""

FIRST = (".ipynb", ".py", ".txt", ".md", ".docx", ".zip")
"""What is copied first, so that no heap of data crowds it out."""

SIZE = f"is too large: {MOST_BYTES // 2**20} MiB is what may be handed in, all files together"
NUMBER = f"is one file too many: {MOST_FILES:,} may be handed in (it and what follows are left out)"
LINK = "is a link that leads out of the folder"


def snapshot(folder: Path, into: Path) -> dict[str, str]:
    """Copy the folder as it is now: plain files, none from outside it, of bounded size.

    Returns: what was not copied, by its name in the folder, with the reason.
    """
    copy = Copy(into, unpacks=False)
    copy.folder(folder)
    return copy.refused


@dataclass(frozen=True)
class Entry:
    """A file of a folder or of a zip, before it is taken."""

    name: PurePosixPath
    size: int
    opened: Callable[[], IO[bytes]]
    refused: str = ""
    """Why it cannot be taken, for its own sake."""


class Copy:
    """A folder that is filled, file by file, within the bounds.

    Args:
        into: the folder, which exists.
        unpacks: whether a zip is taken as the folder that it holds; its name is the zip's.
        most: bytes of all files, MOST_BYTES unless more are those of a class.
        files: how many there may be, MOST_FILES unless so.
        folders: whether a folder of a zip is made, too, in which nothing is taken.
    """

    def __init__(
        self, into: Path, *, unpacks: bool, most: int = 0, files: int = 0, folders: bool = False
    ) -> None:
        self.into, self.unpacks, self.most = into, unpacks, most or MOST_BYTES
        self.folders = folders
        self.refused: dict[str, str] = {}
        """Name → why it was not copied, as what is said of it: "is no plain file"."""
        self.remarks: list[str] = []
        self.left, self.files = self.most, files or MOST_FILES
        self.unpacked = MOST_UNPACKED * max(1, self.most // MOST_BYTES)

    def folder(self, folder: Path) -> None:
        """Copy what lies in a folder."""
        self._take(_in_folder(folder.resolve()), PurePosixPath(), 0)

    def archive(self, path: Path) -> None:
        """Copy what a zip holds. Raises zipfile.BadZipFile if it cannot be read at all."""
        if path.stat().st_size > self.most:
            raise zipfile.BadZipFile(_large(path.stat().st_size, self.most, "a zip"))
        self._archive(path.read_bytes(), PurePosixPath(), 1)

    def file(self, path: Path, name: PurePosixPath) -> None:
        """Copy one file."""
        entry = _entry(path, path.resolve().parent, name)
        self._take([entry], PurePosixPath(), 0)

    def _take(self, entries: Iterable[Entry], at: PurePosixPath, zips: int) -> None:
        listed = sorted(islice(entries, MOST_LISTED), key=_importance)
        for entry in listed:
            name = at / entry.name
            if not self.files:
                self.refused[shown(name)] = NUMBER
                return
            if reason := entry.refused or self._copied(entry, name, zips):
                self.refused[shown(name)] = reason
        if len(listed) == MOST_LISTED:
            whole = shown(at) if at.parts else "all of it"
            self.refused[whole] = f"has more files than the {MOST_LISTED:,} that are looked at"

    def _copied(self, entry: Entry, name: PurePosixPath, zips: int) -> str:
        """Copy the file, or say why that cannot be."""
        is_zip = self.unpacks and name.suffix.lower() == ".zip"
        if name.suffix.lower() == ".py" and entry.size > MOST_SOURCE:
            return _large(entry.size, MOST_SOURCE, "a source file")
        if len(name.parts) > MOST_DEPTH:
            return f"lies deeper than {MOST_DEPTH} folders"
        if max(entry.size, BLOCK) > self.left:
            return SIZE
        try:
            with entry.opened() as content:
                if not is_zip:
                    return self._lay(content, name, packed=zips > 0)
                if zips == MOST_ZIPS:
                    return f"is a zip deeper than {MOST_ZIPS} zips"
                raw = content.read(min(self.left, self.unpacked) + 1)
            self.unpacked -= len(raw)
            if len(raw) > self.left or self.unpacked < 0:
                return SIZE
            self._archive(raw, name, zips + 1)
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            return f"cannot be unpacked: {error}"
        except (FileExistsError, NotADirectoryError, IsADirectoryError):
            return "is there twice under this name, which this system cannot keep apart"
        except OSError as error:
            return f"cannot be read: {error.strerror or error}"
        return ""

    def _lay(self, content: IO[bytes], name: PurePosixPath, *, packed: bool) -> str:
        target = self.into / name
        target.parent.mkdir(parents=True, exist_ok=True)
        most, size = min(self.left, self.unpacked if packed else self.left), 0
        # "x": no file is written over, not even one that differs only in the case of its letters.
        file = open(target, "xb")  # noqa: SIM115
        try:
            with file:
                while size <= most and (piece := content.read(2**16)):
                    size += len(piece)
                    file.write(piece)
        except BaseException:
            target.unlink()
            raise
        finally:
            self.unpacked -= size if packed else 0
        # A folder's file can grow meanwhile.
        too_long = name.suffix.lower() == ".py" and size > MOST_SOURCE
        if too_long or size > most:
            target.unlink()
            return _large(size, MOST_SOURCE, "a source file") if too_long else SIZE
        self.left -= max(size, BLOCK)
        self.files -= 1
        return ""

    def _archive(self, raw: bytes, at: PurePosixPath, zips: int) -> None:
        if raw.startswith((b"Rar!", b"7z\xbc\xaf")):
            raise zipfile.BadZipFile("it is an archive of another kind, .rar or .7z")
        # zipfile keeps an object for each entry that is listed, and each has this mark.
        if raw.count(b"PK\x01\x02") > MOST_LISTED:
            raise zipfile.BadZipFile(f"it lists more than {MOST_LISTED:,} files")
        try:
            archive = zipfile.ZipFile(BytesIO(raw))
        except (ValueError, OverflowError, NotImplementedError, struct.error) as error:
            raise zipfile.BadZipFile(str(error)) from error
        with archive:
            if self.folders:
                for folder in _folders_in_zip(archive):
                    (self.into / at / folder).mkdir(parents=True, exist_ok=True)
            entries = {}
            for entry in _in_zip(archive):
                if entry.name in entries:
                    self.remarks.append(
                        f"{shown(at / entry.name)} is there twice: the last one was taken"
                    )
                entries[entry.name] = entry
            self._take(entries.values(), at, zips)


def shown(name: PurePosixPath) -> str:
    """A name as it can be printed: with no control character, and no byte that is no text."""
    return "".join(
        sign.encode("unicode_escape").decode() if unicodedata.category(sign) in HIDDEN else sign
        for sign in name.as_posix()
    )


HIDDEN = {"Cc", "Cs"}
"""Unicode's categories of control characters and surrogates."""


def natural(name: PurePosixPath) -> tuple:
    """A key for names as a person sorts them: "2" before "10", a folder's own files first."""
    folders = [(True, _natural(part), "") for part in name.parts[:-1]]
    # "homework.ipynb" before "homework-Copy1.ipynb": the suffix counts last.
    return *folders, (False, _natural(name.stem), name.suffix)


def _natural(part: str) -> list[tuple[bool, int, str]]:
    pieces = re.findall(r"([0-9]{1,15})|([^0-9]+)", part.casefold())
    return [(not number, int(number or 0), words) for number, words in pieces]


def _importance(entry: Entry) -> tuple:
    return entry.name.suffix.lower() not in FIRST, natural(entry.name)


def _large(size: int, most: int, what: str) -> str:
    return f"has {size:,} bytes, more than the {most // 2**20} MiB that {what} may have"


def _in_folder(root: Path) -> Iterator[Entry]:
    for place, folders, files in os.walk(root):
        if ENVIRONMENT in files and Path(place) != root:
            folders.clear()
            continue
        depth = len(Path(place).relative_to(root).parts)
        links = [name for name in folders if (Path(place) / name).is_symlink()]
        folders[:] = [name for name in folders if name not in IGNORED and depth < MOST_DEPTH]
        for name in [*files, *links]:
            if not _ignored(name):
                path = Path(place) / name
                yield _entry(path, root, PurePosixPath(path.relative_to(root).as_posix()))


def _entry(path: Path, root: Path, name: PurePosixPath) -> Entry:
    def opened() -> IO[bytes]:
        return open(path, "rb")

    try:
        # Path.resolve raises RuntimeError for a link in a circle, until Python 3.13.
        inside = Path(os.path.realpath(path)).is_relative_to(root)
        status = path.stat() if inside else None
    except (OSError, ValueError) as error:
        words = error.strerror if isinstance(error, OSError) else error
        return Entry(name, 0, opened, f"cannot be read: {words}")
    if status is None:
        return Entry(name, 0, opened, LINK)
    plain = stat.S_ISREG(status.st_mode)
    reason = _unspeakable(name) or ("" if plain else "is no plain file")
    return Entry(name, status.st_size, opened, reason)


def _ignored(name: str) -> bool:
    # "._hw.py": where macOS keeps what other systems have no place for.
    return name in IGNORED or name.startswith("._")


def _unspeakable(name: PurePosixPath) -> str:
    if any(unicodedata.category(sign) in HIDDEN for sign in name.as_posix()):
        return "has a name with signs that are no text"
    return ""


def _in_zip(archive: zipfile.ZipFile) -> Iterator[Entry]:
    named = [(info, name) for info, name in _named(archive) if not info.is_dir()]
    environments = {parts[:-1] for _, parts in named if parts[1:] and parts[-1] == ENVIRONMENT}
    for info, parts in named:
        ignored = any(_ignored(part) for part in parts)
        inside = any(parts[:depth] in environments for depth in range(1, min(len(parts), 64)))
        # What Windows packs has backslashes, and a folder then ends in one.
        if parts and parts[-1] and not ignored and not inside:
            yield _packed(archive, info, parts)


def _named(archive: zipfile.ZipFile) -> list[tuple[zipfile.ZipInfo, tuple[str, ...]]]:
    """What a zip lists, with the parts of each name."""
    infos = archive.infolist()
    unflagged = [_own_name(info) for info in infos if not info.flag_bits & UTF_8]
    encoding = decoded(b"\n".join(unflagged), otherwise="cp437").encoding
    return [(info, _name(info, encoding)) for info in infos]


def _folders_in_zip(archive: zipfile.ZipFile) -> set[PurePosixPath]:
    """The folders of a zip, also those in which nothing is."""
    found = set()
    for _, (*folders, _) in _named(archive):
        ignored = any(_ignored(part) for part in folders)
        inner = PurePosixPath(*filter(None, folders[:MOST_DEPTH]))
        outside = not folders or ".." in folders or not folders[0] or ":" in folders[0]
        if not (ignored or outside or _unspeakable(inner)):
            found.add(inner)
    return found


def _packed(archive: zipfile.ZipFile, info: zipfile.ZipInfo, parts: tuple[str, ...]) -> Entry:
    def opened() -> IO[bytes]:
        try:
            return archive.open(info)
        except (RuntimeError, ValueError, OverflowError, struct.error) as error:
            raise zipfile.BadZipFile(str(error)) from error

    outside = ".." in parts or not parts[0] or re.match("[A-Za-z]:", parts[0])
    inner = PurePosixPath("/".join(parts)) if outside else PurePosixPath(*filter(None, parts))
    kind = stat.S_IFMT(info.external_attr >> 16)
    reason = _unspeakable(inner)
    if outside:
        reason = "has a name in the zip that leads out of the folder"
    elif stat.S_ISLNK(kind):
        reason = "is a link in the zip, and no file"
    elif kind not in (0, stat.S_IFREG):
        reason = "is no plain file"
    elif info.flag_bits & (ENCRYPTED | ENCRYPTED_LIST):
        reason = "is encrypted: a zip is taken without a password"
    # Others can ask for any amount of memory before they give their first byte.
    elif info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        reason = (
            f"is packed by method {info.compress_type}, and not by deflate, as a zip usually is"
        )
    return Entry(inner, info.file_size, opened, reason)


ENCRYPTED, UTF_8, ENCRYPTED_LIST = 1, 1 << 11, 1 << 13
"""Flags of an entry (APPNOTE.TXT, 4.4.4)."""

UNICODE_PATH = 0x7075
"""The extra field in which Info-ZIP keeps a name in UTF-8 (APPNOTE.TXT, 4.6.9)."""


def _own_name(info: zipfile.ZipInfo) -> bytes:
    """The bytes of a name that is not said to be UTF-8, which zipfile has read as cp437."""
    return info.orig_filename.encode("cp437", "replace")


def _name(info: zipfile.ZipInfo, encoding: str) -> tuple[str, ...]:
    """The parts of a name; the first is empty if it is absolute."""
    name = info.orig_filename
    if not info.flag_bits & UTF_8:
        raw = _own_name(info)
        name = _unicode_path(info.extra, raw) or raw.decode(encoding, "replace")
    return tuple(name.partition("\0")[0].replace("\\", "/").split("/"))


def _unicode_path(extra: bytes, name: bytes) -> str:
    while len(extra) >= 4:
        kind, size = struct.unpack("<HH", extra[:4])
        field, extra = extra[4 : 4 + size], extra[4 + size :]
        if kind == UNICODE_PATH and field[:5] == b"\1" + struct.pack("<I", zlib.crc32(name)):
            return field[5:].decode("utf-8", "replace")
    return ""
