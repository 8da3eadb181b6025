"""Whether the trial's verdicts are luck: the whole catalogue, judged on other samples of cases.

    python -m benchmarks.luck [SAMPLES]

The trial judges each entry on one fixed sample. Here the samples come from other seeds. A mistake
that one of them lets through, or a right answer that it rejects, is printed: its check has to be
aimed better, or given more cases. Ten samples unless said otherwise, some 20 s each.
"""

import sys
from importlib import import_module
from pathlib import Path

import torch

import catalogue  # noqa: F401 - importing it enters the known mistakes
from homework import MODULES
from judging.answers import Answers
from judging.checks import REGISTER
from judging.known import ALTERNATIVES, MISTAKES
from judging.trial import Entry, attempt

for module in MODULES:  # importing the checks registers them
    import_module(f"tests.test_{module}")


def verdicts(number: int, answers: Answers) -> list[str]:
    """What is wrong with the verdicts on this sample, in a line for each entry."""
    for check in REGISTER.values():
        if check.strategies:
            check.corpus = check.sample(f"luck {number}")
    entries: list[Entry] = [*MISTAKES.values(), *ALTERNATIVES.values()]
    found = ((entry, attempt(entry, answers).problem) for entry in entries)
    return [f"{entry.name} of {entry.exercise}: {problem}" for entry, problem in found if problem]


def main() -> int:
    samples = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    torch.set_num_threads(1)  # tensors here are small, and what has used threads cannot fork
    answers = Answers.here(Path(__file__).parents[1] / "solutions").install()
    entries, problems = len(MISTAKES) + len(ALTERNATIVES), 0
    for number in range(1, samples + 1):
        found = verdicts(number, answers)
        problems += len(found)
        print(f"sample {number}: {len(found)} of {entries} entries judged wrong")
        for line in found:
            print(line)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
