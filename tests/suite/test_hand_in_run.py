"""The run of a hand-in: as Jupyter runs it, apart, and recorded as it was at that moment."""

from __future__ import annotations

import json
from pathlib import Path

import msgpack
import pytest
import torch

from answering.events import At, Called, CellEnd, Figure, Note, Operation, Record, Saved, Shown
from answering.hand_in import Cell, HandIn, Unit
from answering.worker import Place
from judging import digits
from judging.hand_in import Running, copied
from judging.records import Forged, joined, read
from tests.suite.runs import work


def shown(record: Record) -> list[str]:
    """The texts that were shown."""
    return [event.text.strip() for event in record.events if isinstance(event, Shown)]


def notes(record: Record) -> str:
    """What a reader is told."""
    return "\n".join(event.words for event in record.events if isinstance(event, Note))


def ends(record: Record) -> list[str]:
    """How the cells ended."""
    return [e.error or e.ended for e in record.events if isinstance(e, CellEnd)]


def ran(source: str, *, script: bool = False) -> Record:
    """What the first of two runs recorded."""
    return work(source, script=script).runs[0]


def test_the_last_expression_is_shown_and_kept_under_its_name() -> None:
    record = ran(
        "# %%\n1 + 1\n# %%\n_ + 1\n# %%\nx = 3\n# %%\nx;\n# %%\nprint('a', x)\ndisplay(x)\n"
    )
    assert shown(record) == ["2", "3", "a 3", "3"]
    assert [e.how for e in record.events if isinstance(e, Shown)] == [
        *("last", "last", "print", "display")
    ]


def test_a_script_shows_no_last_expression_and_runs_behind_its_guard() -> None:
    source = "def main():\n    print('ran')\n\n1 + 1\nif __name__ == '__main__':\n    main()\n"
    assert shown(ran(source, script=True)) == ["ran"]


def test_a_cell_that_raises_costs_itself_alone() -> None:
    record = ran("# %%\nx = 1\n# %%\nprint(x)\n1 / 0\nprint('never')\n# %%\nprint(x + 1)\n")
    assert shown(record) == ["1", "2"]
    assert ends(record) == ["", "ZeroDivisionError: division by zero", ""]
    failed = next(e for e in record.events if isinstance(e, CellEnd) and e.error)
    assert failed.at == At(1, 2)


def test_a_statement_of_a_script_that_raises_costs_itself_alone() -> None:
    record = ran("x = 1\n1 / 0\nprint(x)\n", script=True)
    assert shown(record) == ["1"]
    assert "line 2 failed" in notes(record)


def test_an_import_that_cannot_be_had_fails_alone() -> None:
    record = ran("# %%\nimport no_such_library\nfrom no_such import thing\nprint('on')\n")
    assert shown(record) == ["on"]
    assert "there is no no_such_library here" in notes(record)


def test_the_home_is_neither_needed_nor_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("IPYTHONDIR", raising=False)
    assert shown(ran("1 + 1")) == ["2"]
    assert not [*tmp_path.iterdir()]


def test_what_was_written_for_another_machine_is_left_out_and_named() -> None:
    record = ran(
        "# %%\n%matplotlib inline\n%pip install torch\n!ls -l\nfiles = !ls\n%%nothing\n"
        "# %%\nfrom google.colab import drive, files\ndrive.mount('/content/drive')\n"
        "print(files.upload())\n"
        "# %%\n%%time\nprint('timed')\n# %%\n%%bash\nrm -rf /\n"
    )
    assert "timed" in shown(record)
    assert "{}" in shown(record)
    for what in ("%pip install torch", "!ls -l", "drive.mount()", "files.upload()", "%%bash"):
        assert f"{what} was left out" in notes(record)


def test_nobody_answers_but_a_default() -> None:
    record = ran("# %%\nprint(input('epochs [5]: '))\n# %%\nprint(input('name? '))\nprint('x')\n")
    assert shown(record) == ["5"]
    assert ends(record)[1].startswith("EOFError")
    assert "was given '5'" in notes(record)


@pytest.mark.parametrize(
    "path", ["D:\\\\models\\\\w.pt", "/content/drive/MyDrive/w.pt", "runs/1/w.pt", "~/w.pt"]
)
def test_a_path_of_another_machine_is_a_place_in_the_scratch_folder(path: str) -> None:
    record = ran(
        f"# %%\nimport os, torch\nfrom pathlib import Path\np = '{path}'\n"
        "torch.save({'w': torch.ones(2)}, p)\n"
        "print(torch.load(p)['w'].tolist(), Path(p).exists(), os.path.exists(p))\n"
    )
    assert shown(record) == ["[1.0, 1.0] True True"], ends(record)
    saved = next(event for event in record.events if isinstance(event, Saved))
    assert saved.path == path.replace("\\\\", "\\")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_gpu_that_is_not_there_is_explained() -> None:
    record = ran(
        "# %%\nimport torch\nx = torch.ones(2).cuda()\ny = x.to('cuda:0')\n"
        "z = torch.zeros(2, device='cuda')\n"
        "print((x + y + z).tolist(), torch.nn.Linear(1, 1).cuda())\n"
    )
    assert shown(record)[0].startswith("[2.0, 2.0]"), ends(record)
    assert "there is no GPU here" in notes(record)


def test_mnist_has_the_digits_of_this_run_wherever_it_looks() -> None:
    record = ran(
        "# %%\nfrom torchvision import datasets, transforms\n"
        "from torch.utils.data import random_split\n"
        "to = transforms.ToTensor()\n"
        "d = datasets.MNIST('/content/data', train=True, download=True, transform=to)\n"
        "a, b = random_split(d, [50000, 10000])\n"
        "print(d[59999][0].shape, len(a) + len(b) == len(d), sum(1 for _ in d) == len(d))\n"
    )
    assert shown(record) == ["torch.Size([1, 28, 28]) True True"], ends(record)


def test_what_was_recorded_stays_what_it_was() -> None:
    record = ran("# %%\nimport torch\nA = torch.ones(2, 2)\nprint(A)\nA.zero_()\nA.add_(5)\n")
    first = next(event for event in record.events if isinstance(event, Shown))
    entries = record.values[first.values[0]].entries
    assert entries is not None
    assert entries.tolist() == [[1, 1], [1, 1]]


def test_every_seed_of_the_work_is_another_one_in_the_second_run() -> None:
    seeds = (
        "# %%\nimport random, numpy, torch\n{}\n"
        "print(torch.rand(3, generator=g).tolist(), numpy.random.rand())\n"
        "print(random.random(), r.random())\n"
    )
    set_ = (
        "torch.manual_seed(0); numpy.random.seed(0); random.seed(0)\n"
        "g = torch.Generator(); g.manual_seed(0); r = numpy.random.default_rng(0)"
    )
    runs = work(seeds.format(set_)).runs
    first, second = (" ".join(shown(one)) for one in runs)
    assert len(set(first.split()) & set(second.split())) == 0
    assert " ".join(shown(work(seeds.format(set_)).runs[0])) == first


def test_a_loop_of_training_is_recorded_within_bounds() -> None:
    record = ran(
        "# %%\nimport torch\nfrom torch.nn import Linear\n"
        "m = torch.nn.Sequential(Linear(100, 100), Linear(100, 1))\n"
        "o = torch.optim.SGD(m.parameters(), lr=1e-3)\nsizes = []\n"
        "for _ in range(300):\n    o.zero_grad()\n    m(torch.rand(8, 100)).sum().backward()\n"
        "    sizes.append(m[0].weight.grad.abs().mean().item())\n    o.step()\n"
        "import matplotlib.pyplot as plt\nplt.plot(sizes)\nplt.show()\n"
    )
    assert len(record.events) < 2500
    kept = [e for e in record.events if isinstance(e, Operation) and e.name == "item"]
    assert len(kept) == 300
    figure = next(event for event in record.events if isinstance(event, Figure))
    drawn = record.values[figure.plots[0].arguments[0]].entries
    assert drawn is not None
    assert drawn.tolist() == [event.scalar for event in kept]


def test_a_network_that_is_called_is_described_once() -> None:
    record = ran(
        "# %%\nimport torch\nclass Net(torch.nn.Module):\n    def __init__(self):\n"
        "        super().__init__()\n        self.f = torch.nn.Linear(1, 1)\n"
        "    def forward(self, x):\n        return self.f(x)\n"
        "n = Net()\nn(torch.ones(1, 1))\nn.eval()\nn(torch.ones(1, 1))\n"
    )
    calls = [event for event in record.events if isinstance(event, Called)]
    assert [one.training for one in calls] == [True, False]
    assert set(calls[0].parameters) == {"f.weight", "f.bias"}


def apart(tmp_path: Path, *cells: str, script: bool = False, patience: float = 20.0) -> Record:
    """What was recorded of cells that run in processes of their own, confined."""
    laid, nothing = tmp_path / "laid", tmp_path / "nothing"
    for folder in (laid, nothing):
        folder.mkdir()
    made = tuple(Cell(f"cell {n}", source) for n, source in enumerate(cells, 1))
    name = "hw.py" if script else "hw.ipynb"
    (laid / name).write_text(json.dumps([*cells]), encoding="utf-8")
    unit = Unit(name, "script" if script else "notebook", "UTF-8", made)
    hand_in = HandIn((unit,), (), {}, {}, (), ())
    places = digits.places()
    place = Place(nothing, tmp_path / "scratch", 4 * 2**30, tuple(places), work=True)
    running = Running(hand_in, place, lambda to: copied(laid, to), patience, str(places[0]), 1, 0)
    return running.run()


def test_a_cell_that_ends_its_process_costs_itself_alone(tmp_path: Path) -> None:
    record = apart(tmp_path, "x = 1", "print('before')\nimport os; os._exit(0)", "print(x)")
    assert "before" in shown(record)
    assert shown(record)[-1] == "1"
    assert "ended the process (exit status 0)" in ends(record)


def test_a_cell_that_hangs_costs_its_patience_and_itself(tmp_path: Path) -> None:
    record = apart(tmp_path, "x = 1", "while True: pass", "print(x)", patience=3.0)
    assert shown(record)[-1] == "1"
    assert "did not come back within 3 s" in ends(record)


def test_what_is_not_run_any_more_is_said(tmp_path: Path) -> None:
    record = apart(tmp_path, *["import os; os._exit(1)"] * 4, "print('last')", patience=20.0)
    assert "last" not in shown(record)
    assert ends(record)[-1] == ("was not run, nor any after it: 4 cells hung, or ended the process")


def test_all_cells_together_have_ten_patiences(tmp_path: Path) -> None:
    cells = [f"import time; time.sleep(.8); print({number})" for number in range(20)]
    record = apart(tmp_path, *cells, patience=1.0)
    assert shown(record) == [str(number) for number in range(len(shown(record)))]
    assert 5 <= len(shown(record)) < 20
    assert ends(record)[-1] == "was not run, nor any after it: all before it took more than 10 s"


def test_a_statement_of_a_script_that_hangs_costs_itself_alone(tmp_path: Path) -> None:
    source = "x = 1\nprint('first')\nwhile True:\n    pass\nprint('last', x)\n"
    record = apart(tmp_path, source, script=True, patience=3.0)
    assert shown(record)[-1] == "last 1"
    hung = next(e for e in record.events if isinstance(e, CellEnd) and e.ended)
    assert hung.at == At(0, 3)


def test_a_hand_in_reads_neither_the_suite_nor_the_home(tmp_path: Path) -> None:
    suite = str(Path(__file__))
    record = apart(tmp_path, f"print(open({suite!r}).read())", "import socket; socket.socket()")
    assert shown(record) == []
    assert all("Error" in end for end in ends(record))


def test_what_floods_the_record_is_cut_and_does_not_end_the_run(tmp_path: Path) -> None:
    record = apart(
        tmp_path,
        "for i in range(20000): print('x' * 1000)",
        "import torch\nfor i in range(3000): exec('torch.rand(50, 50)\\n' * 3)",
        "print('end')",
    )
    assert sum(len(text) for text in shown(record)) < 300_000
    assert ends(record) == ["", "", ""]


@pytest.mark.parametrize(
    "part",
    [
        b"\xff",
        msgpack.packb([1, 2]),
        msgpack.packb({"values": 1, "events": []}),
        msgpack.packb({"values": [{"object": 1}], "events": []}),
        msgpack.packb({"values": [], "events": [["Note", {"at": [0, 0], "words": 3}]]}),
        msgpack.packb({"values": [], "events": [["Note", {"at": "here", "words": ""}]]}),
        msgpack.packb({"values": [], "events": [["Path", {}]]}),
        msgpack.packb(
            {
                "values": [],
                "events": [
                    ["Shown", {"at": [0, 0], "how": "", "text": "", "values": [7], "figures": []}]
                ],
            }
        ),
        msgpack.packb(
            {
                "values": [
                    {"object": 1, "kind": "tensor", "shape": [9, 9], "dtype": "float32",
                     "digest": "", "entries": b"1234"}
                ],
                "events": [],
            }
        ),
        7.5,
        None,
    ],
)  # fmt: skip
def test_a_forged_record_is_refused(part: object) -> None:
    with pytest.raises(Forged):
        read(Record(), part, 1000)


def test_two_records_joined_share_nothing() -> None:
    one = ran("# %%\nimport torch\nx = torch.rand(2)\nprint(x + 1)\n")
    both = joined(one, one)
    assert len(both.values) == 2 * len(one.values)
    first = {value.object for value in both.values[: len(one.values)]}
    assert first.isdisjoint(value.object for value in both.values[len(one.values) :])
    last = [event for event in both.events if isinstance(event, Shown)][-1]
    assert last.values[0] >= len(one.values)
