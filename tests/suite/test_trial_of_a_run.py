"""What a run tries of the catalogue and of the matrix where it does not take its time."""

from collections.abc import Iterator
from importlib import import_module

import pytest
from hypothesis import settings

import catalogue  # noqa: F401 - importing it enters the known mistakes
from homework import MODULES
from judging import checks, matrix, trial
from judging.answers import REFERENCE, Answers
from judging.checks import REGISTER
from judging.known import ALTERNATIVES, MISTAKES
from judging.matrix import ONE_FOR_EACH_LAW, PLACES, WRAPPERS
from judging.trial import Entry, rejection

for module in MODULES:  # importing the checks registers them
    import_module(f"tests.test_{module}")

SEEDS = range(1, 60)


@pytest.fixture(autouse=True)
def default_profile() -> Iterator[None]:
    before = settings.get_current_profile_name()
    settings.load_profile("default")
    yield
    settings.load_profile(before)


def chosen(entries: dict, seed: int, monkeypatch: pytest.MonkeyPatch) -> list[Entry]:
    monkeypatch.setattr(checks, "luck_of_the_run", seed)
    return trial.of_this_run(entries.values(), lambda entry: entry.part)


@pytest.mark.parametrize("entries", [MISTAKES, ALTERNATIVES], ids=["mistakes", "right"])
def test_a_run_tries_some_of_each_function_and_runs_try_all(
    entries: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = [chosen(entries, seed, monkeypatch) for seed in SEEDS]
    for one in tried:
        assert {entry.part for entry in one} == {entry.part for entry in entries.values()}
        assert len(one) < 0.35 * len(entries)
    # A mistake of many is left out by all of these seeds with a probability of 0.8⁵⁹ < 10⁻⁵.
    assert {entry.name for one in tried for entry in one} == entries.keys()
    assert tried[0] == chosen(entries, SEEDS[0], monkeypatch), "the same seed tries the same"
    assert tried[0] != tried[1]


def test_the_thorough_profile_tries_all_and_nothing_is_said_to_be_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert "thorough tries all" in trial.share_of_the_catalogue()
    assert f"{len(MISTAKES)} known mistakes" in trial.share_of_the_catalogue()
    settings.load_profile("thorough")
    assert chosen(MISTAKES, 1, monkeypatch) == [*MISTAKES.values()]
    mistakes = [cell.name for cell in matrix.cells() if not cell.reason]
    assert [cell.name for cell in trial.cells_of_this_run()] == mistakes
    assert trial.share_of_the_catalogue() == ""


def test_a_run_breaks_every_function_in_every_kind_and_every_law(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runs = []
    for seed in SEEDS:
        monkeypatch.setattr(checks, "luck_of_the_run", seed)
        cells = trial.cells_of_this_run()
        assert not any(cell.reason for cell in cells)
        assert len({cell.name for cell in cells}) == len(cells)
        assert {cell.part for cell in cells} == {*PLACES}
        assert {cell.wrapper.kind for cell in cells} == {one.kind for one in WRAPPERS.values()}
        assert {*ONE_FOR_EACH_LAW.values()} <= {cell.name for cell in cells}
        runs.append(cells)
    names = [{cell.name for cell in cells} for cells in runs]
    assert {cell.wrapper.name for cells in runs for cell in cells} == WRAPPERS.keys()
    assert names[0] != names[1]


@pytest.mark.parametrize(("words", "name"), ONE_FOR_EACH_LAW.items(), ids=ONE_FOR_EACH_LAW.values())
def test_the_cell_of_a_law_is_rejected_by_it(words: str, name: str) -> None:
    mistake = matrix.cell_of(name).mistake()
    concerned = [check for check in REGISTER.values() if check.function in mistake.replaced]
    answers = Answers.here(REFERENCE).install()
    found = rejection(concerned, answers.trying(mistake))
    assert found
    assert words in found[2].returned
