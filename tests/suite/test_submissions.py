"""Who has handed in what: the layouts of learning platforms, and names that collide."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from judging.submissions import NoClass, Submission, submissions, unpacked

METADATA = """---
submission_7:
  :submitters:
  - :name: Ann Li
    :sid: '3'
    :email: ann@example.org
  - :name: José Díaz
  :created_at: 2026-11-01
submission_8:
  :submitters:
  - :name: Bo
"""


def lay(folder: Path, *names: str) -> Path:
    """A folder with these files, of a word each."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("A", encoding="utf-8")
    return folder


def of(folder: Path) -> dict[str, list[str]]:
    """Who has handed in which files, by the names that they had."""
    return {one.student: [name for _, name in one.files] for one in submissions(folder)}


def files(one: Submission, into: Path) -> list[str]:
    """What is judged of a submission."""
    into.mkdir()
    one.lay(into)
    return sorted(p.relative_to(into).as_posix() for p in into.rglob("*") if p.is_file())


def test_moodle_gives_a_folder_for_each(tmp_path: Path) -> None:
    lay(
        tmp_path,
        "Ann Li_12_assignsubmission_file_/hw.ipynb",
        "Ann Li_12_assignsubmission_file_/more.py",
        "Ann Li_12_assignsubmission_onlinetext_/onlinetext.html",
        "Zoë Ångström_13_assignsubmission_file_/hw.py",
    )
    found = submissions(tmp_path)
    assert [(one.student, one.number) for one in found] == [
        ("Ann Li", "12"),
        ("Zoë Ångström", "13"),
    ]
    assert files(found[0], tmp_path / "into") == ["hw.ipynb", "more.py", "onlinetext.html"]


def test_moodle_gives_files_without_folders(tmp_path: Path) -> None:
    lay(tmp_path, "Ann Li_12_assignsubmission_file_hw.ipynb", "Bo_9_assignsubmission_file_a_b.py")
    assert of(tmp_path) == {"Ann Li": ["hw.ipynb"], "Bo": ["a_b.py"]}


def test_canvas_gives_files_that_belong_together(tmp_path: Path) -> None:
    lay(tmp_path, "liann_LATE_3_88_hw-1.ipynb", "liann_3_89_a_b.py", "bo_4_90_hw.zip", "grades.csv")
    assert of(tmp_path) == {"bo": ["hw.zip"], "liann": ["a_b.py", "hw-1.ipynb"]}


def test_gradescope_names_who_handed_in(tmp_path: Path) -> None:
    folder = tmp_path / "assignment_5_export"
    lay(folder, "submission_7/hw.py", "submission_8/hw.py")
    (folder / "submission_metadata.yml").write_text(METADATA, encoding="utf-8")
    assert [*of(tmp_path)] == ["Ann Li, José Díaz", "Bo"]


def test_metadata_that_is_none_is_an_error(tmp_path: Path) -> None:
    lay(tmp_path, "submission_7/hw.py", "submission_8/hw.py")
    (tmp_path / "submission_metadata.yml").write_text("- [", encoding="utf-8")
    with pytest.raises(NoClass, match="is not what Gradescope exports"):
        submissions(tmp_path)


def test_github_classroom_repeats_the_assignment(tmp_path: Path) -> None:
    lay(tmp_path, *(f"hw-2-{login}/{name}" for login in ("ann", "annika") for name in ("a.py",)))
    for login in ("ann", "annika"):
        lay(tmp_path / f"hw-2-{login}", ".git/HEAD")
    assert [*of(tmp_path)] == ["ann", "annika"]


def test_a_folder_or_a_file_is_one_students(tmp_path: Path) -> None:
    lay(tmp_path, "ann/hw.py", "bo.ipynb", "cy.zip", ".hidden/a.py", "list.xlsx")
    assert [*of(tmp_path)] == ["ann", "bo", "cy"]


def test_one_zip_holds_the_class(tmp_path: Path) -> None:
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("hw/ann/hw.py", "hw/bo/hw.py"):
            archive.writestr(name, "A")
    (tmp_path / "into").mkdir()
    assert [*of(unpacked(path, tmp_path / "into")[0])] == ["ann", "bo"]


def test_the_same_name_with_two_numbers_is_two_people(tmp_path: Path) -> None:
    lay(tmp_path, *(f"Ann_{number}_assignsubmission_file_/hw.py" for number in (1, 2)))
    assert [*of(tmp_path)] == ["Ann (1)", "Ann (2)"]


@pytest.mark.parametrize(
    "names",
    [
        ("ann/hw.py", "ann.ipynb"),
        ("Ann Li/hw.py", "ann  li/hw.py"),
        ("caf\u00e9/hw.py", "cafe\u0301/hw.py"),
    ],
)
def test_names_that_cannot_be_told_apart_are_an_error(tmp_path: Path, names: tuple) -> None:
    with pytest.raises(NoClass, match=r"Rename one of them"):
        submissions(lay(tmp_path, *names))


def test_nobody_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NoClass, match="nobody has handed in"):
        submissions(tmp_path)
    with pytest.raises(NoClass, match="there is no such folder"):
        unpacked(tmp_path / "none", tmp_path)


def test_a_digest_follows_what_was_handed_in(tmp_path: Path) -> None:
    lay(tmp_path, "ann/hw.py", "bo/hw.py")
    ann, bo = submissions(tmp_path)
    before = ann.digest()
    assert submissions(tmp_path)[0].digest() == before != bo.digest()
    lay(tmp_path / "ann", "more.py")
    assert ann.digest() != before


def test_nobody_imports_a_neighbours_file(tmp_path: Path) -> None:
    lay(tmp_path, "bo_4_90_autograd.py")
    (tmp_path / "ann_3_89_hw.py").write_text("import bo_4_90_autograd", encoding="utf-8")
    assert files(submissions(tmp_path)[0], tmp_path / "into") == ["hw.py"]


@pytest.mark.parametrize("name", ["../../up", "a/b", "CON", "名前", "x" * 300, "a b", "A b"])
def test_the_name_of_a_students_files_is_one_everywhere(name: str) -> None:
    slug = Submission(name, "", ()).slug
    assert slug.isascii()
    assert set(slug) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert len(slug) < 80
    assert slug != Submission(f"{name}.", "", ()).slug


def test_what_a_zip_holds_and_cannot_be_taken_is_told_of_whose_it_is(tmp_path: Path) -> None:
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("ann/hw.py", "1")
        for name in ("ann/more.py", "bo.py"):
            link = zipfile.ZipInfo(name)
            link.external_attr = 0o120777 << 16
            archive.writestr(link, "/etc/passwd")
    into = tmp_path / "into"
    into.mkdir()
    found = submissions(*unpacked(path, into))
    assert [one.student for one in found] == ["ann", "bo.py"]
    assert found[0].remarks == ("more.py is a link in the zip, and no file",)
    assert found[1].remarks == ("bo.py is a link in the zip, and no file",)


def test_a_zip_that_holds_too_much_leaves_nobody_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("judging.submissions.MOST_FILES_OF_A_CLASS", 2)
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(4):
            archive.writestr(f"ann/{number}.py", "1")
    into = tmp_path / "into"
    into.mkdir()
    with pytest.raises(NoClass, match="unpack it, and give the folder"):
        unpacked(path, into)


def test_nobody_has_the_file_of_another() -> None:
    names = [
        "Bob Li",
        "bob-li-f3017a",
        "bob-li",
        "Bob-Li",
        "郭文军",
        "张国霞",
        "a" * 200,
        "a" * 201,
    ]
    names += [Submission("Bob Li", "", ()).slug]
    slugs = {Submission(name, "", ()).slug for name in names}
    assert len({slug.casefold() for slug in slugs}) == len(names)
    assert all(slug.isascii() and len(slug) < 100 for slug in slugs)


def test_a_number_tells_names_apart_that_look_the_same(tmp_path: Path) -> None:
    lay(
        tmp_path,
        "Li Wei_1_assignsubmission_file_/hw.py",
        "Li wei_2_assignsubmission_file_/hw.py",
        "Li Wei (1)_3_assignsubmission_file_/hw.py",
    )
    assert [*of(tmp_path)] == ["Li Wei (1)", "Li Wei (1) (3)", "Li wei (2)"]


def test_whoever_has_handed_in_what_no_program_reads_is_on_the_list(tmp_path: Path) -> None:
    names = ["Ann_1_assignsubmission_file_hw.rar", "Bo_2_assignsubmission_file_hw.xlsx", "cy.docx"]
    lay(tmp_path, *names, "grades.csv")
    assert [*of(tmp_path)] == ["Ann", "Bo", "cy"]


def test_a_zip_lists_whom_its_folder_lists(tmp_path: Path) -> None:
    path = tmp_path / "class.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("class/ann.ipynb", "1")
        archive.writestr("class/bo.ipynb", "1")
        archive.writestr("class/cy/", "")
        archive.writestr("class/dora/.DS_Store", "1")
        archive.writestr("__MACOSX/class/._ann.ipynb", "1")
        archive.writestr("../eve/hw.py", "1")
    into = tmp_path / "into"
    into.mkdir()
    assert [*of(unpacked(path, into)[0])] == ["ann", "bo", "cy", "dora"]
    assert not (tmp_path / "eve").exists()
