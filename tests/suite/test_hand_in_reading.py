"""What is taken as a hand-in: files as people and platforms make them, and as nobody should."""

from __future__ import annotations

import io
import json
import os
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from answering import snapshot
from answering.hand_in import HandIn, NothingToJudge, take

Files = dict[str, bytes | str]
Taken = Callable[[Path], HandIn]


@pytest.fixture
def taken(tmp_path: Path) -> Taken:
    """Takes a path, into a folder of its own."""
    return lambda path: take(path, tmp_path / "into")


def notebook(*sources: Any, **more: Any) -> str:
    cells = [{"cell_type": "code", "source": source} for source in sources]
    return json.dumps({"nbformat": 4, "nbformat_minor": 2, "cells": cells, **more})


def folder(path: Path, files: Files) -> Path:
    for name, content in files.items():
        file = path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def zipped(*entries: tuple[str | zipfile.ZipInfo, bytes | str]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, inner in entries:
            archive.writestr(name, inner)
    return content.getvalue()


def files_of(hand_in: HandIn) -> list[str]:
    return [unit.file for unit in hand_in.units]


def cells_of(hand_in: HandIn) -> list[tuple[str, str]]:
    return [(cell.title, cell.source) for unit in hand_in.units for cell in unit.cells]


# Notebooks


def worksheets(version: int) -> dict[str, Any]:
    cells = [
        {"cell_type": "heading", "level": 2, "source": ["Task 1"]},
        {"cell_type": "code", "input": ["a = 1\n", "a"], "language": "python", "outputs": []},
        {"cell_type": "markdown", "source": ["A"]},
    ]
    cells = cells[3 - version :]  # format 2 had no heading
    return {"nbformat": version, "metadata": {"name": ""}, "worksheets": [{"cells": cells}]}


FORMATS: dict[str, dict[str, Any]] = {
    "4 as Jupyter writes it": {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": {"name": "python3", "language": "python"}},
        "cells": [
            {"cell_type": "markdown", "id": "x", "metadata": {}, "source": ["A"]},
            {
                **{"cell_type": "code", "id": "y", "metadata": {}, "source": ["a = 1\n", "a"]},
                **{"execution_count": 7, "outputs": [{"output_type": "stream", "text": ["1"]}]},
            },
        ],
    },
    "4 from Colab": {
        "nbformat": 4,
        "nbformat_minor": 0,
        "metadata": {"colab": {"provenance": []}, "accelerator": "GPU"},
        "cells": [
            {"cell_type": "markdown", "metadata": {"id": "ab"}, "source": "A"},
            {"cell_type": "code", "metadata": {"id": "cd"}, "source": "a = 1\na"},
        ],
    },
    "4 with what no format knows, and without what it asks for": {
        "nbformat": 4,
        "cells": [
            {"cell_type": "code", "source": ["a = 1\r\n", "a"], "outputs": None, "vscode": [1]},
            {"cell_type": "markdown", "source": ["A", None], "attachments": None},
            {"cell_type": "code", "source": "  \n"},
            {"cell_type": "code"},
            "no cell",
        ],
    },
    "3": worksheets(3),
    "2": worksheets(2),
    "1": {
        "nbformat": 1,
        "cells": [{"cell_type": "code", "code": "a = 1\na"}, {"cell_type": "text", "text": "A"}],
    },
    "2 with lines that have no end": {
        "nbformat": 2,
        "worksheets": [
            {
                "cells": [
                    {"cell_type": "code", "input": ["a = 1", "a"]},
                    {"cell_type": "markdown", "source": "A"},
                ]
            }
        ],
    },
}


@pytest.mark.parametrize("version", FORMATS)
def test_a_notebook_of_each_format(version: str, tmp_path: Path, taken: Taken) -> None:
    path = folder(tmp_path, {"hw.ipynb": json.dumps(FORMATS[version])}) / "hw.ipynb"
    hand_in = taken(path)
    assert cells_of(hand_in) == [("cell 1", "a = 1\na")]
    words = [(text.title, text.text) for text in hand_in.texts if "Task" not in text.text]
    assert [text for _, text in words] == ["A"]
    assert words[0][0].startswith("markdown cell ")
    assert not hand_in.refused


NO_NOTEBOOKS = {
    "is empty": b" \n",
    "is a pointer of Git LFS": b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n",
    "is a web page": b"<!DOCTYPE html><html></html>",
    "is cut off": notebook("a = 1", "print(a)").encode()[:-9],
    "is damaged: line 1": b'{"nbformat": 4, "cells": [,]}',
    "holds the marks of a merge conflict": b'{\n<<<<<<< HEAD\n"cells": []\n=======\n',
    "is no notebook: a notebook is a file of JSON": b"print(1)",
    "is JSON, but no notebook": b'{"a": 1}',
    "is a notebook in which every cell is empty": b'{"nbformat": 4, "cells": []}',
    "is no notebook: no notebook has JSON like this": b'{"cells": ' + b"[" * 100_000,
}


@pytest.mark.parametrize("said", NO_NOTEBOOKS)
def test_what_is_no_notebook_is_told(said: str, tmp_path: Path, taken: Taken) -> None:
    folder(tmp_path / "given", {"hw.ipynb": NO_NOTEBOOKS[said], "ok.py": "print(1)"})
    hand_in = taken(tmp_path / "given")
    assert hand_in.refused["hw.ipynb"].startswith(said)
    assert files_of(hand_in) == ["ok.py"]


# Encodings

CHINESE = "# 第一题的答案是正确的\nprint('结果')\n"
WESTERN = "# Größe der Übung: naïve Lösung, déjà vu, 20 °C – “so”\nprint('größer')\n"
ENCODINGS = {
    "utf-8": ("UTF-8", CHINESE),
    "utf-8-sig": ("UTF-8", CHINESE),
    "utf-16": ("UTF-16", CHINESE),
    "utf-16-le": ("UTF-16", WESTERN),
    "gbk": ("GBK", CHINESE),
    "cp1252": ("Windows-1252", WESTERN),
    "iso8859-15": ("iso8859-15", "# coding: iso-8859-15\nprint('10 €')\n"),
}


@pytest.mark.parametrize("codec", ENCODINGS)
def test_a_script_in_each_encoding(codec: str, tmp_path: Path, taken: Taken) -> None:
    name, text = ENCODINGS[codec]
    raw = text.replace("\n", "\r\n").encode(codec)
    hand_in = taken(folder(tmp_path, {"hw.py": raw}) / "hw.py")
    assert cells_of(hand_in) == [("hw.py", text)]
    assert hand_in.units[0].encoding == name
    said = [] if name == "UTF-8" else [f"hw.py is encoded in {name}, not in UTF-8"]
    assert [*hand_in.remarks] == said
    # What imports it can read it, too.
    compile((tmp_path / "into" / "hw.py").read_bytes(), "hw.py", "exec")


def test_a_coding_line_that_is_not_true_does_not_count(tmp_path: Path, taken: Taken) -> None:
    text = f"# -*- coding: utf-8 -*-\n{CHINESE}"
    hand_in = taken(folder(tmp_path, {"hw.py": text.encode("gbk")}) / "hw.py")
    assert hand_in.units[0].encoding == "GBK"
    assert cells_of(hand_in) == [("hw.py", text)]


# Folders


def test_a_folder_is_read_in_natural_order_without_what_is_nobodys(
    tmp_path: Path, taken: Taken
) -> None:
    files: Files = {
        "hw10.py": "print(10)",
        "hw2.py": "print(2)",
        "broken.py": "print(",
        "mine/env/pyvenv.cfg": "",
        "mine/env/lib.py": "print('no')",
        ".ipynb_checkpoints/hw-checkpoint.ipynb": notebook("no"),
        "__MACOSX/._hw2.py": b"\0",
        "week 2/作业.ipynb": notebook("a = 1", "", "a"),
        "week 2/data.csv": "1,2",
        "week 2/report.pdf": b"%PDF",
        "answers.txt": "1.1 A".encode("utf-16"),
        "all.rar": b"Rar!",
    }
    hand_in = taken(folder(tmp_path / "given", files))
    assert files_of(hand_in) == ["broken.py", "hw2.py", "hw10.py", "week 2/作业.ipynb"]
    assert [title for title, _ in cells_of(hand_in)][-2:] == [
        "作业.ipynb, cell 1",
        "作业.ipynb, cell 2",
    ]
    assert [(text.title, text.text) for text in hand_in.texts] == [("answers.txt", "1.1 A")]
    assert hand_in.others == ("week 2/data.csv", "week 2/report.pdf")
    assert hand_in.refused == {
        "all.rar": "is an archive of a kind that is not taken: hand in a zip"
    }
    assert "week 2/report.pdf is for a human reader" in hand_in.remarks
    assert (tmp_path / "into" / "week 2" / "data.csv").read_text() == "1,2"


def test_modules_of_the_contract_and_libraries_do_not_run(tmp_path: Path, taken: Taken) -> None:
    files: Files = {
        "src/autograd.py": "from help_me import x\ndef gradient(X, M=None): return x",
        "src/help_me.py": "x = 1",
        "linear_regression.py": "class LinearRegression: pass\nprint(LinearRegression())",
        "tensor_operations.py": "def my_sum(): pass",
        "hw.ipynb": notebook("%matplotlib inline\nfrom model import Net", "import shows"),
        "model.py": "import layers",
        "layers.py": "import model",
        "shows.py": "if __name__ == '__main__': print(1)",
        "one.py": "import two",
        "two.py": "import one",
    }
    hand_in = taken(folder(tmp_path / "given", files))
    assert hand_in.modules == {"autograd": "src"}
    # Two that only import each other are the library of nobody.
    assert files_of(hand_in) == [
        *("hw.ipynb", "linear_regression.py", "one.py", "shows.py", "tensor_operations.py"),
        "two.py",
    ]
    assert "model.py is imported by hw.ipynb, and runs there" in hand_in.remarks


def test_copies_run_once_and_their_words_are_kept(tmp_path: Path, taken: Taken) -> None:
    exported = (
        "# coding: utf-8\n\n# In[3]:\n\n\nget_ipython().run_line_magic('x', '')\na = 1\n# 1.1 A\n"
    )
    files: Files = {
        "hw-Copy1.ipynb": notebook("a = 1  "),
        "hw.ipynb": notebook("%x\na = 1"),
        "hw.py": exported,
        "other.py": "a = 2",
    }
    hand_in = taken(folder(tmp_path / "given", files))
    assert files_of(hand_in) == ["hw.ipynb", "other.py"]
    assert any("# 1.1 A" in text.text for text in hand_in.texts)
    assert "hw-Copy1.ipynb has the code of hw.ipynb, and runs once" in hand_in.remarks


def test_a_single_file_brings_along_what_it_uses_and_nothing_else(
    tmp_path: Path, taken: Taken
) -> None:
    files: Files = {
        "hw.py": "import model\nopen('data/x.csv')\nopen('../secret')",
        "model.py": "import deeper",
        "deeper.py": "",
        "data/x.csv": "1",
        "other.py": "print(1)",
    }
    given = folder(tmp_path / "given", files)
    (tmp_path / "secret").write_text("secret")
    assert files_of(taken(given / "hw.py")) == ["hw.py"]
    laid = {p.relative_to(tmp_path / "into").as_posix() for p in (tmp_path / "into").rglob("*")}
    assert laid == {"hw.py", "model.py", "deeper.py", "data", "data/x.csv"}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no such files")
def test_links_out_and_what_is_no_file_are_refused(tmp_path: Path, taken: Taken) -> None:
    given = folder(tmp_path / "given", {"hw.py": "print(1)", "long.py": b"#" * (2**20 + 1)})
    (tmp_path / "secret.py").write_text("secret")
    (given / "out.py").symlink_to(tmp_path / "secret.py")
    os.mkfifo(given / "pipe.py")
    os.mkfifo(given / "pipe.zip")
    refused = taken(given).refused
    assert refused["out.py"] == "is a link that leads out of the folder"
    assert refused["pipe.py"] == refused["pipe.zip"] == "is no plain file"
    assert refused["long.py"].startswith("has 1,048,577 bytes")


# Words


def document(xml: str) -> bytes:
    return zipped(("word/document.xml", xml))


WORD = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def test_the_words_of_a_document(tmp_path: Path, taken: Taken) -> None:
    paragraph = "<w:p><w:r><w:t>1.1</w:t><w:tab/><w:t>A &amp; B</w:t></w:r></w:p>"
    body = f"<w:document {WORD}>{paragraph}<w:p><w:r><w:t>1.2 B</w:t></w:r></w:p></w:document>"
    bomb = f'<!DOCTYPE x [<!ENTITY a "aaaa">]><w:document {WORD}><w:t>&a;</w:t></w:document>'
    outside = bomb.replace('"aaaa"', 'SYSTEM "file:///etc/passwd"')
    files: Files = {
        "a.docx": document(body),
        "bomb.docx": document(bomb),
        "outside.docx": document(outside),
        "no.docx": b"PK",
    }
    hand_in = taken(folder(tmp_path / "given", files))
    assert [text.text for text in hand_in.texts] == ["1.1\tA & B\n1.2 B\n"]
    assert "entities" in hand_in.refused["bomb.docx"]
    assert "entities" in hand_in.refused["outside.docx"]
    assert hand_in.refused["no.docx"] == "is no .docx that can be read"


# Zips


def take_zip(tmp_path: Path, content: bytes) -> HandIn:
    return take(folder(tmp_path, {"hand_in.zip": content}) / "hand_in.zip", tmp_path / "into")


def test_a_zip_in_a_zip_as_a_platform_makes_it(tmp_path: Path) -> None:
    inner = zipped(("homework/", ""), ("homework/hw.ipynb", notebook("a")))
    deep = zipped(("hw.py", "print(1)"))
    for _ in range(3):
        deep = zipped(("deep.zip", deep))
    hand_in = take_zip(
        tmp_path,
        zipped(
            ("Li Lei_1234_assignsubmission_file_/homework.zip", inner),
            ("__MACOSX/._homework.zip", b"\0\5"),
            ("rar.zip", b"Rar!\x1a\7"),
            ("deep.zip", deep),
        ),
    )
    assert files_of(hand_in) == [
        "Li Lei_1234_assignsubmission_file_/homework.zip/homework/hw.ipynb"
    ]
    assert hand_in.refused == {
        "rar.zip": "cannot be unpacked: it is an archive of another kind, .rar or .7z",
        "deep.zip/deep.zip/deep.zip": "is a zip deeper than 3 zips",
    }


def legacy(names: dict[bytes, str]) -> bytes:
    """A zip whose names are these bytes, with no word on their encoding."""
    # zipfile writes ASCII without the flag: names of the same length take their place.
    stand_ins = {name: b"%0*d" % (len(name), i) for i, name in enumerate(names)}
    content = zipped(*((stand_ins[name].decode(), text) for name, text in names.items()))
    for name, stand_in in stand_ins.items():
        content = content.replace(stand_in, name)
    return content


@pytest.mark.parametrize("codec", ["gbk", "utf-8", "cp437"])
def test_names_in_the_encoding_of_another_system(codec: str, tmp_path: Path) -> None:
    name = "Übungsblätter-äöü.py" if codec == "cp437" else "深度学习作业/第一次作业提交.py"
    hand_in = take_zip(tmp_path, legacy({name.encode(codec): "print(1)"}))
    assert files_of(hand_in) == [name]


def test_names_with_backslashes_and_names_that_lead_out(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("link.py")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    locked = b"locked.py"
    content = zipped(
        ("week1\\hw.py", "print(1)"),
        ("../out.py", "print(2)"),
        ("..\\out2.py", "print(2)"),
        ("a/../../out3.py", "print(2)"),
        ("/abs.py", "print(2)"),
        ("C:\\abs.py", "print(2)"),
        ("bell\a.py", "print(2)"),
        (link, "/etc/passwd"),
        (locked.decode(), "print(3)"),
    )
    # The flag of an entry that is encrypted, in its own header and in the list.
    for mark, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        at = content.rindex(mark)
        content = content[: at + flags] + b"\1" + content[at + flags + 1 :]
    hand_in = take_zip(tmp_path, content)
    assert files_of(hand_in) == ["week1/hw.py"]
    out = "has a name in the zip that leads out of the folder"
    assert hand_in.refused == {
        **dict.fromkeys(("../out.py", "../out2.py", "a/../../out3.py", "/abs.py"), out),
        "C:/abs.py": out,
        "bell\\x07.py": "has a name with signs that are no text",
        "link.py": "is a link in the zip, and no file",
        "locked.py": "is encrypted: a zip is taken without a password",
    }
    assert [p.name for p in tmp_path.iterdir() if p.suffix == ".py"] == []


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_names_that_are_there_twice(tmp_path: Path) -> None:
    content = zipped(
        ("hw.py", "print(1)"),
        ("hw.py", "print(2)"),
        ("file", "x"),
        ("file/inner.py", "print(3)"),
        ("HW.py", "print(4)"),
    )
    hand_in = take_zip(tmp_path, content)
    assert ("hw.py is there twice: the last one was taken") in hand_in.remarks
    sources = {source for _, source in cells_of(hand_in)}
    # Whether HW.py is another file is the system's to say; none is written over.
    assert "print(1)" not in sources
    assert {"print(2)", "print(3)"} <= sources
    assert hand_in.refused["file"].startswith("is there twice")


def test_a_bomb_stops_at_its_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "MOST_BYTES", 2**16)
    monkeypatch.setattr(snapshot, "MOST_UNPACKED", 2**17)
    bomb = zipped(("zeros.bin", bytes(2**16 + 1)))
    lies = bytearray(zipped(("zeros.bin", bytes(2**17))))
    at = lies.rindex(b"PK\1\2") + 24
    lies[at : at + 4] = (1000).to_bytes(4, "little")  # what it says that it unpacks to
    hand_in = take_zip(
        tmp_path,
        zipped(("hw.py", "print(1)"), ("bomb.zip", bomb), ("lies.zip", bytes(lies))),
    )
    assert files_of(hand_in) == ["hw.py"]
    assert hand_in.refused["bomb.zip/zeros.bin"] == snapshot.SIZE
    assert hand_in.refused["lies.zip/zeros.bin"].startswith("cannot be unpacked")
    assert sum(p.stat().st_size for p in (tmp_path / "into").rglob("*.bin")) == 0


def test_many_files_end_at_the_bound_and_crowd_out_no_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "MOST_FILES", 3)
    data = [(f"data/{number}.png", "x") for number in range(10)]
    hand_in = take_zip(tmp_path, zipped(*data, ("src/hw.py", "print(1)")))
    assert files_of(hand_in) == ["src/hw.py"]
    assert len(hand_in.others) == 2
    assert [*hand_in.refused] == ["data/2.png"]


# Nothing


def test_nothing_to_judge_says_what_lies_there(tmp_path: Path, taken: Taken) -> None:
    given = folder(tmp_path / "given", {"r.pdf": b"%PDF", "hw.ipynb": b"", "x.png": b"x"})
    with pytest.raises(NothingToJudge) as nothing:
        taken(given)
    assert str(nothing.value).startswith(
        "nothing in given can be judged: hw.ipynb is empty; r.pdf is for a human reader; "
        "x.png is nothing to run. What is taken: notebooks (.ipynb), scripts (.py)"
    )
    with pytest.raises(NothingToJudge, match="there is no such file or folder"):
        taken(tmp_path / "nowhere")
    with pytest.raises(NothingToJudge, match="cannot be unpacked"):
        take_zip(tmp_path, b"no zip")
