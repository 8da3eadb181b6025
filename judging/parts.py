"""The verdict on each part of a hand-in, and what reports show of it."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from dataclasses import replace
from functools import cache, cached_property
from typing import Any

from answering.events import At, CellEnd, Figure, Note, Shown
from answering.hand_in import HandIn
from homework import EXERCISES, Exercise
from homework.hand_in import PARTS
from judging import letters, relations, training
from judging.verdict import ForReader, line
from judging.work import Finding, Work

MOST_TEXT = 2_000
"""Characters of what a cell shows that reports take."""

MOST_PROSE = 10_000
"""Characters of an answer in prose that reports take."""

MOST_REMARKS = 12
"""Lines on what happened while the work ran."""

MOST_PIXELS = 4_000_000
"""Of a picture that reports take."""


class NotRight(AssertionError):
    """A part of a hand-in that is wrong, or was not found; says so to the learner."""


def in_parts(exercise: Exercise) -> Exercise:
    """The exercise as a hand-in answers it: the same points, shared by other parts."""
    parts = tuple(part.name for part in PARTS[exercise.number])
    return replace(exercise, parts=parts, module=exercise.number)


class Findings:
    """What was found in a hand-in that has run, exercise by exercise.

    Args: exercises, those that are judged by what the work shows.
    """

    def __init__(self, hand_in: HandIn, work: Work, exercises: tuple[str, ...]) -> None:
        self.hand_in, self.work, self.exercises = hand_in, work, exercises
        self.of_exercise = cache(self._of_exercise)

    def _of_exercise(self, number: str) -> dict[str, Finding]:
        if number.startswith("1."):
            return {PARTS[number][0].name: self.letters[number]}
        judge = training.judge if number in ("2.4", "2.5") else relations.judge
        return judge(self.work, number)

    @cached_property
    def letters(self) -> dict[str, Finding]:
        """Of each question of section 1, what its words say."""
        return letters.judge(self.work)

    def judge(self, number: str, part: str) -> None:
        """Raise NotRight unless the part is right, ForReader where a person has to say so."""
        finding = self.of_exercise(number)[part]
        if finding.outcome == "for a reader":
            raise ForReader(finding.message)
        if finding.outcome != "right":
            raise NotRight(finding.message)

    def cells(self, number: str, part: str) -> list[int]:
        """The cells on which the verdict on a part rests."""
        places = self.of_exercise(number)[part].at
        return list(dict.fromkeys(at.cell for at in places if at.cell < len(self.work.cells)))

    def code(self) -> dict[str, str]:
        """The sources of the cells that were judged, by "exercise.part": each once an exercise."""
        found: dict[str, str] = {}
        for number in self.exercises:
            shown: set[int] = set()
            for part in PARTS[number]:
                new = [cell for cell in self.cells(number, part.name) if cell not in shown]
                shown.update(new)
                if new:
                    found[f"{number}.{part.name}"] = "\n\n".join(map(self._source, new))
        return found

    def _source(self, cell: int) -> str:
        one = self.work.cells[cell]
        return f"# {one.title}\n{one.source.strip()}"

    def evidence(self, number: str, part: str) -> list[dict[str, Any]]:
        """What a part rests on: an answer in prose, and what its cells have shown."""
        words = self.of_exercise(number)[part].words[:MOST_PROSE]
        prose = [{"kind": "text", "title": "answer", "text": words}] if words else []
        shown = (item for cell in self.cells(number, part) for item in self._evidence(cell))
        return [*prose, *shown]

    def _evidence(self, cell: int) -> Iterator[dict[str, Any]]:
        title = self.work.cells[cell].title
        mine = [event for event in self.work.runs[0].events if event.at.cell == cell]
        # A cell runs once more where a later one has ended their process.
        first = next((n for n, event in enumerate(mine) if isinstance(event, CellEnd)), len(mine))
        mine = mine[:first]
        texts = [event.text.rstrip("\n") for event in mine if isinstance(event, Shown)]
        if said := "\n".join(texts)[: MOST_TEXT + 1].strip("\n"):
            cut = said[:MOST_TEXT] + "\n…" if len(said) > MOST_TEXT else said
            yield {"kind": "text", "title": f"{title} shows", "text": cut}
        pictures = {e.figure: e for e in mine if isinstance(e, Figure)}
        for figure in [*pictures.values()][:4]:
            if is_picture(figure.png):
                yield {
                    "kind": "picture",
                    "title": f"{title} draws",
                    "png": base64.b64encode(figure.png).decode(),
                    "alt": "A picture of the hand-in: " + "; ".join(figure.words)[:500],
                }

    def environment(self) -> dict[str, str]:
        """What was found, and what each exercise was judged by, for the head of the score."""
        units = [
            f"{line(unit.file)} ({len(unit.cells)} cells)"
            if unit.kind == "notebook"
            else f"{line(unit.file)} (a script)"
            for unit in self.hand_in.units
        ]
        told = {"found": ", ".join([*units, *self._words()]) or "words only"}
        by_work = [number for number in self.exercises if number.startswith("2.")]
        by_words = [number for number in self.exercises if number.startswith("1.")]
        functions = [n for n, e in EXERCISES.items() if e.parts and n not in self.exercises]
        for what, numbers in (
            ("judged by its run", by_work),
            ("judged by its words", by_words),
            ("judged as functions", functions),
        ):
            if numbers:
                told[what] = ", ".join(numbers)
        for place, remark in enumerate(self.remarks()[:MOST_REMARKS]):
            told[f"note {place + 1}"] = remark
        return told

    def _words(self) -> list[str]:
        count = len(self.hand_in.texts)
        return [f"{count} {'text' if count == 1 else 'texts'}"] * bool(count)

    def remarks(self) -> list[str]:
        """What a reader should know of how it was read, and of how it ran."""
        said = [*self.hand_in.remarks]
        said += [f"{name} {reason}" for name, reason in self.hand_in.refused.items()]
        for event in self.work.runs[0].events if self.work.runs else ():
            if isinstance(event, Note):
                said.append(f"{self._place(event.at)}: {event.words}")
            elif isinstance(event, CellEnd) and (event.error or event.ended):
                said.append(f"{self._place(event.at)}: {event.error or event.ended}")
        if any(record.cut for record in self.work.runs):
            said.append("more happened than is recorded: what came last may be missing")
        return [line(one) for one in dict.fromkeys(said)]

    def _place(self, at: At) -> str:
        if at.cell >= len(self.work.cells):
            return "the work"
        title = self.work.cells[at.cell].title
        return f"{title}, line {at.line}" if at.line else title


def is_picture(png: bytes) -> bool:
    """Whether bytes are a picture that can be shown: of no more pixels than a screen has."""
    from PIL import Image

    if not png.startswith(b"\x89PNG\r\n\x1a\n"):
        return False
    try:
        with Image.open(io.BytesIO(png), formats=("PNG",)) as image:
            if image.width * image.height > MOST_PIXELS:
                return False
            image.load()
    except Exception:  # whatever a stranger's bytes do to the reader
        return False
    return True
