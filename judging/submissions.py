"""A class's folder: who has handed in what, in the layouts that learning platforms give.

- Moodle: ``Anna Li_123_assignsubmission_file_/hw.ipynb``, or the same before the name of a file;
- Canvas: ``lianna_LATE_123_456_hw.ipynb``;
- Gradescope: ``submission_123/``, and ``submission_metadata.yml`` with the names;
- GitHub Classroom: ``assignment-login/``, each a repository;
- and any folder in which each folder, notebook, script, text or zip is one student's.
"""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path, PurePosixPath

from answering.snapshot import MOST_BYTES, NUMBER, SIZE, Copy, natural

MOODLE = re.compile(
    r"(?P<name>[^_]+)_(?P<id>\d+)_assignsubmission_(?:file|onlinetext)_?(?P<rest>.*)"
)
CANVAS = re.compile(r"(?P<name>[^_]+)_(?:LATE_)?(?P<id>\d+)_\d+_(?P<rest>.+)")
GRADESCOPE = re.compile(r"submission_(?P<id>\d+)")
METADATA = "submission_metadata.yml"

LISTS = (".csv", ".tsv", ".xls", ".xlsx", ".ods", ".json", ".yml", ".yaml", ".xml")
"""Files that stand beside the submissions, as a platform's list of grades does, and are none."""


class NoClass(Exception):
    """The folder cannot be read as a class; the words say why, and what to do."""


@dataclass(frozen=True)
class Submission:
    """What one student has handed in.

    Args:
        student: the name, the same in no other submission of the class.
        number: the platform's number of the student, "" where it gives none.
        files: what belongs to it: folders, zips and files, with the names that they had.
        remarks: what was not taken of it, and why.
    """

    student: str
    number: str
    files: tuple[tuple[Path, str], ...]
    remarks: tuple[str, ...] = ()

    @property
    def slug(self) -> str:
        """The name as one of a file: its letters as far as every system keeps them, and a digest.

        By the letters a person finds it; the digest tells names apart, also of those who try to
        have the same one.
        """
        plain = unicodedata.normalize("NFKD", self.student).encode("ascii", "ignore").decode()
        letters = re.sub(r"[^A-Za-z0-9]+", "-", plain).strip("-").lower()[:60].strip("-")
        digest = hashlib.sha256(self.student.encode()).hexdigest()
        return f"{letters or 'student'}-{digest[:16]}"

    def lay(self, into: Path) -> list[str]:
        """Copy it into an empty folder. Returns what was not copied, and why."""
        copy = Copy(into, unpacks=True)
        remarks = [*self.remarks]
        for path, name in self.files:
            if path.is_dir():
                copy.folder(path)
            elif path.suffix.lower() == ".zip" and len(self.files) == 1:
                try:
                    copy.archive(path)
                except (zipfile.BadZipFile, OSError) as error:
                    remarks.append(f"{name} cannot be unpacked: {error}")
            else:
                copy.file(path, PurePosixPath(name))
        return [*remarks, *copy.remarks, *(f"{n} {why}" for n, why in copy.refused.items())]

    def digest(self) -> str:
        """What tells whether it has changed."""
        total = hashlib.sha256(self.student.encode())
        for path, name in self.files:
            for file in sorted(_files(path)):
                total.update(f"\0{name}\0{file.relative_to(path)}\0".encode(errors="replace"))
                total.update(_digest(file))
        return total.hexdigest()


def _digest(file: Path) -> bytes:
    """What a plain file holds; of one that cannot be read, that it cannot."""
    total = hashlib.sha256()
    if file.is_symlink() or not file.is_file():
        return b"none"
    try:
        status = file.stat()
        if status.st_size > MOST_BYTES:  # of which no more is taken than that it is there
            return f"{status.st_size} {status.st_mtime_ns}".encode()
        with open(file, "rb") as content:
            while piece := content.read(2**20):
                total.update(piece)
    except OSError:
        return b"unreadable"
    return total.digest()


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    for folder, folders, files in os.walk(path):
        folders[:] = [one for one in folders if one != ".git"]
        yield from (Path(folder, name) for name in files)


def submissions(folder: Path, refused: Mapping[Path, str] = {}) -> list[Submission]:
    """Who has handed in what in this folder, by name. Raises NoClass.

    Args: refused, what is not there although it was handed in, with the reason.
    """
    entries = sorted(_entries(folder), key=lambda path: natural(PurePosixPath(path.name)))
    # What was downloaded as one zip lies in one folder.
    while len(entries) == 1 and entries[0].is_dir() and not _is_one_students(entries[0]):
        folder = entries[0]
        entries = sorted(_entries(folder), key=lambda path: natural(PurePosixPath(path.name)))
    metadata = folder / METADATA
    names = _gradescope(metadata) if metadata.is_file() else {}
    prefix = _assignment([path for path in entries if path.is_dir()])
    of: dict[tuple[str, str, Path | None], list[tuple[Path, str]]] = defaultdict(list)
    for path in entries:
        name, number, file = _owner(path, names, prefix)
        # Only a platform's number says that two entries are one student's.
        of[name, number, None if number else path].append((path, file))
    if not of:
        raise NoClass(
            f"{folder}: nobody has handed in anything there. Each entry of the folder is one "
            "submission: a folder, a notebook, a script or a zip."
        )
    found = [
        Submission(
            _shown(name),
            number,
            tuple(files),
            tuple(
                f"{path.name} {why}"
                for path, why in refused.items()
                if any(path.is_relative_to(file) for file, _ in files)
            ),
        )
        for (name, number, _), files in of.items()
    ]
    found = _with_numbers(found)
    _tell_apart(found)
    return sorted(found, key=lambda one: (one.student.casefold(), one.student))


def _shown(name: str) -> str:
    """A name of which every sign is seen, and that pytest does not take for a path of its own."""
    plain = unicodedata.normalize("NFC", name).encode("utf-8", "replace").decode()
    return "".join(c for c in plain if c.isprintable()).replace("::", ":").strip() or "?"


def _seen(name: str) -> str:
    """What a person, or a disk, tells names apart by."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def _with_numbers(found: list[Submission]) -> list[Submission]:
    """The same, with a platform's number behind each name that is not the only one of its kind."""
    while True:
        bearers = Counter(_seen(one.student) for one in found)
        named = [
            replace(one, student=f"{one.student} ({one.number})")
            if bearers[_seen(one.student)] > 1
            and one.number
            and not one.student.endswith(f"({one.number})")
            else one
            for one in found
        ]
        if named == found:
            return found
        found = named


def _tell_apart(found: Iterable[Submission]) -> None:
    """Raise NoClass if two names cannot be told apart, by a person or on a disk."""
    seen: dict[str, Submission] = {}
    for one in found:
        for key in (_seen(one.student), one.slug):
            if (other := seen.setdefault(key, one)) is not one:
                places = " and ".join(str(each.files[0][0].name) for each in (other, one))
                raise NoClass(
                    f"two submissions are {one.student!r}: {places}. Rename one of them, or put "
                    "what belongs to one student into one folder."
                )


def _entries(folder: Path) -> Iterator[Path]:
    """What may be a submission: whoever has handed in what cannot be judged is on the list, too."""
    for path in folder.iterdir():
        hidden = path.name.startswith((".", "__MACOSX"))
        of_platform = MOODLE.fullmatch(path.name) or CANVAS.fullmatch(path.name)
        if not hidden and (path.is_dir() or of_platform or path.suffix.lower() not in LISTS):
            yield path


def _is_one_students(folder: Path) -> bool:
    """Whether a folder that lies alone is a submission, and not the class."""
    named = [MOODLE.fullmatch(folder.name), GRADESCOPE.fullmatch(folder.name)]
    inside = [*_entries(folder)]
    alone = not (folder / METADATA).is_file() and any(path.is_file() for path in inside)
    platform = any(CANVAS.fullmatch(p.name) or MOODLE.fullmatch(p.name) for p in inside)
    return any(named) or (alone and not platform) or not inside


def _owner(path: Path, names: dict[str, str], prefix: str) -> tuple[str, str, str]:
    """The name of whose it is, the platform's number of it, and the file's own name."""
    if match := MOODLE.fullmatch(path.name):
        return match["name"].strip(), match["id"], match["rest"] or path.name
    if path.is_file() and (match := CANVAS.fullmatch(path.name)):
        return match["name"], match["id"], match["rest"]
    if match := GRADESCOPE.fullmatch(path.name):
        return names.get(path.name, path.name), match["id"], path.name
    if path.is_dir():
        return path.name.removeprefix(prefix) or path.name, "", path.name
    return path.stem, "", path.name


def _assignment(folders: list[Path]) -> str:
    """The name of the assignment, which begins each repository's name, with its hyphen."""
    if len(folders) < 2 or not all((folder / ".git").exists() for folder in folders):
        return ""
    least, most = min(folder.name for folder in folders), max(folder.name for folder in folders)
    pairs = zip(least, most, strict=False)
    same = "".join(sign for sign, _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    return same[: same.rfind("-") + 1]


def _gradescope(metadata: Path) -> dict[str, str]:
    """Of each submission's folder, the names of those who handed it in."""
    import yaml

    try:
        content = yaml.safe_load(metadata.read_text(encoding="utf-8"))
        told = {
            folder: ", ".join(str(one[":name"]) for one in about[":submitters"])
            for folder, about in content.items()
        }
    except (yaml.YAMLError, UnicodeDecodeError, AttributeError, KeyError, TypeError) as error:
        raise NoClass(f"{metadata} is not what Gradescope exports: {error}") from error
    return {folder: names for folder, names in told.items() if names}


MOST_OF_A_CLASS, MOST_FILES_OF_A_CLASS = 4 * 2**30, 50_000
"""Bytes that a class's zip may hold, and files."""


def unpacked(path: Path, into: Path) -> tuple[Path, dict[Path, str]]:
    """The folder of a class; what was given as a zip is unpacked first. Raises NoClass.

    Returns: the folder, and what of the zip was not taken, with the reason.
    """
    if path.is_dir():
        return path, {}
    if not path.exists():
        raise NoClass(f"{path}: there is no such folder")
    copy = Copy(
        into, unpacks=False, most=MOST_OF_A_CLASS, files=MOST_FILES_OF_A_CLASS, folders=True
    )
    try:
        copy.archive(path)
    except (zipfile.BadZipFile, OSError) as error:
        raise NoClass(f"{path} cannot be unpacked: {error}") from error
    if not copy.files or {NUMBER, SIZE} & {*copy.refused.values()}:
        # Whom it would leave out depends on their names.
        raise NoClass(f"{path} holds more than a zip may: unpack it, and give the folder")
    for name in copy.refused:
        # Whoever has handed in nothing that could be taken is on the list, too.
        if "/" not in name and name not in ("", ".", ".."):
            (into / name).mkdir(exist_ok=True)
    # What was packed as a folder has the folder's name, and holds that folder alone.
    inside = [*_entries(into)]
    whole = inside[0] if [one.name for one in inside] == [path.stem] else into
    return whole, {into / name: why for name, why in copy.refused.items()}
