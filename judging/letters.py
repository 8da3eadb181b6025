"""1.1 to 1.6 in work as it is handed in: the letters and the prose, wherever they stand.

A *passage* is a stretch of words: a markdown cell, a text file, the comments of a cell, what it
printed. A *label* ("1.3", "Q1.3", under the heading of part 1 also "(3)") opens the section of a
question, which ends at the next label or heading. What a section says is a statement: "Answer: A",
a line of letters alone, an option that was marked or copied alone, yes or no. A list of all options
is the question quoted, and no statement. Statements that contradict each other are for a reader.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from answering.events import At, Shown
from judging import prose
from judging.options import QUESTIONS, accepted, expected
from judging.verdict import line as one_line
from judging.work import Finding, Work

MOST_TEXT, LONGEST_LINE = 1_000_000, 20_000
"""Characters that are read of a hand-in, and of one line."""

MOST_SECTIONS = 200
"""Sections that are read of one question: nobody answers it so often."""


@dataclass(frozen=True)
class Line:
    """A line of words, where it stands, and itself without markup; ``at`` if it is in a cell."""

    place: str
    raw: str
    plain: str
    at: At | None = None


@dataclass
class Section:
    """What stands under the label of a question."""

    question: str
    lines: list[Line]
    level: int = 9
    """Of the heading that has the label; deeper headings belong to the section. 9 if none has."""


@dataclass(frozen=True)
class Statement:
    """The letters that a section states; None where there are words that only a reader can take."""

    letters: str | None
    line: Line


CIRCLED = {0x2460 + i: f"({i + 1})" for i in range(9)}
LOOKALIKE = str.maketrans("АВСΑΒ", "ABCAB")
MARK = "★"
MARKUP = (
    (re.compile(r"~~[^~]{0,200}~~|<(?:del|s|strike)>[^<]{0,200}</(?:del|s|strike)>"), " "),
    (re.compile(r"</t[dh]>"), " | "),
    (re.compile(r"<(?:b|strong|mark|u)>\s*(?=\(?[A-D]\b)"), MARK),
    (re.compile(r"</?[a-zA-Z][^<>]{0,200}>"), " "),
    (re.compile(r"\[[xX✓✔√]\]|[☑✅✔✓√]"), MARK),
    (re.compile(r"\[ \]|[☐□○]"), " "),
    (re.compile(r"(?:(?<!\*)\*\*|(?<!\w)__)(?=\(?[A-D]\b)"), MARK),
    (re.compile(r"\\(?:text|textbf|mathrm|mathbf|boxed|bf|rm)\b|\\[()\[\]]"), ""),
    (re.compile(r"\{\s*([A-D][A-D, ]{0,8})\s*\}"), r"\1"),
    (re.compile(r"\$+|\*+|`+|(?<![A-Za-z0-9])_+|_+(?![A-Za-z0-9(^{])"), " "),
    (re.compile(r"[\"'“”‘’「」]"), " "),
    (re.compile(r"[(\[]\s?0\.5\s?(?:points?|pts?|marks?|score|分)?\s?[)\]]"), " "),
    (re.compile(r"[【】]"), " "),
)


def plain(text: str) -> str:
    """A line without markup; "★" stands before a letter that is bold, or ticked."""
    text = unicodedata.normalize("NFKC", text.translate(CIRCLED)).translate(LOOKALIKE)
    for pattern, instead in MARKUP:
        text = pattern.sub(instead, text)
    return " ".join(text.split())


def lines_of(title: str, text: str, first: int = 1, cell: int | None = None) -> list[Line]:
    """The lines of a text that begins at this line of its place."""
    text = re.sub(r"<br ?/?>|</tr>|</p>|</li>", "\n", text)
    return [
        Line(
            f"{title}, line {number}",
            raw[:LONGEST_LINE],
            plain(raw[:LONGEST_LINE]),
            None if cell is None else At(cell, number),
        )
        for number, raw in enumerate(text.splitlines(), start=first)
    ]


NAME = re.compile(r"(?:q|ans|answers?|questions?|a|ex)?_?1_([1-6])$", re.IGNORECASE)


def code(source: str, title: str, cell: int) -> tuple[list[Line], list[Line]]:
    """The comments and docstrings of code; and its other strings, a line for each statement."""
    if source.lstrip().startswith(("%%markdown", "%%html", "%%latex")):
        return lines_of(title, source, cell=cell)[1:], []
    tame = "\n".join(
        "" if line.lstrip().startswith(("%", "!", "?")) else line for line in source.split("\n")
    )
    words: list[Line] = []
    strings: list[Line] = []
    said, began, fresh = "", 1, True

    def close() -> None:
        nonlocal said
        strings.extend(lines_of(title, said, began, cell))
        said = ""

    try:
        for token in tokenize.generate_tokens(io.StringIO(tame).readline):
            kind, text, row = token.type, token.string, token.start[0]
            if not said:
                began = row
            if kind == tokenize.COMMENT:
                words += lines_of(title, text.lstrip("#! "), row, cell)
            elif kind == tokenize.NEWLINE:
                close()
            elif kind == tokenize.STRING:
                value = literal(text)
                rest = token.line[token.end[1] :].strip()
                if fresh and (not rest or rest.startswith("#")):
                    words += lines_of(title, value, row, cell)
                else:
                    said += value
            elif kind == tokenize.NUMBER and re.fullmatch(r"1\.[1-6]|[1-6]", text):
                said += text if said[-2:] in ("", ", ", "{ ") else " ▢ "
            elif kind == tokenize.NAME and (match := NAME.match(text)):
                said += f" 1.{match[1]} "
            elif kind == tokenize.NAME and said:
                said += " "
            elif kind == tokenize.OP:
                said += (
                    {",": ", ", ":": ": ", "=": ": ", "{": "{ ", ";": "\n"}.get(text, "")
                    if said
                    else ""
                )
            fresh = kind in (tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT) or (
                fresh and kind in (tokenize.NL, tokenize.COMMENT)
            )
    except (tokenize.TokenError, SyntaxError):
        # What cannot be cut into tokens still has its comments, one for each line.
        done = max((line.at.line for line in words if line.at), default=0)
        for row, text in enumerate(source.split("\n"), start=1):
            if row > done and text.lstrip().startswith("#"):
                words += lines_of(title, text.lstrip("#! "), row, cell)
    close()
    return words, strings


def literal(token: str) -> str:
    """The text of a string; of an f-string what stands still."""
    try:
        value = ast.literal_eval(token)
    except (ValueError, SyntaxError, MemoryError):
        value = re.sub(r"\{[^{}]{0,200}\}", "▢", token.strip("rRfFbB\"'"))
    return value if isinstance(value, str) else ""


@dataclass
class Passages:
    """The words of a hand-in, in groups that belong together: markdown cells, a file, the code.

    Strings stand apart: they count where nothing else is said.
    """

    words: list[list[list[Line]]] = field(default_factory=list)
    code: list[list[Line]] = field(default_factory=list)
    strings: list[list[Line]] = field(default_factory=list)


def passages(work: Work) -> Passages:
    """All the words of a hand-in; 1 MB at most."""
    found = Passages()
    left = MOST_TEXT
    group = None
    for text in work.texts:
        name = re.sub(r"\d+\D*$", "", text.title)
        if name != group:
            found.words.append([])
            group = name
        found.words[-1].append(lines_of(text.title, text.text[:left]))
        left -= len(text.text[:left])
    printed: dict[int, list[str]] = {}
    for event in work.runs[0].events if work.runs else ():
        if isinstance(event, Shown):
            printed.setdefault(event.at.cell, []).append(event.text.rstrip("\n"))
    for number, cell in enumerate(work.cells):
        if cell.is_code:
            words, strings = code(cell.source[:left], cell.title, number)
            left -= len(cell.source[:left])
            shown = "\n".join(printed.get(number, []))[:left]
            left -= len(shown)
            says = lines_of(f"what {cell.title} printed", shown)
            at = At(number, 0)
            found.code += [words, [Line(line.place, line.raw, line.plain, at) for line in says]]
            found.strings.append(strings)
    return found


PREFIX = (
    r"(?:(?:questions?|exercise|ex|problem|task|item|no|answer(?: to)?|ans|q|第|题目|题|問題|问题)"
    r"[\s.:#_]{0,3})"
)
FULL = re.compile(
    rf"(?<![A-Za-z0-9_.+\-])({PREFIX}?)[\[(【]?\s?1(?:\s?[.\-·_]\s?|\s?\()([1-6])(?!\d|(?![A-D](?![A-Za-z]))[A-Za-z])"
    r"(?!\.\d)\s?[\])】]?\s?(?:题|題)?(?=(.?))",
    re.IGNORECASE,
)
SHORT = re.compile(
    r"(?<![A-Za-z0-9_.+\-=<>])(?:\(\s?([1-6])\s?\)|([1-6])\s?[.):、](?!\d)|"
    r"(?:questions? |problem |q|第|题目?)\s?\.?([1-6])(?![0-9.])\s?(?:题|題)?)",
    re.IGNORECASE,
)
START = r"^(?:[\s>\-+|#]|★)*"
OTHER = re.compile(rf"{START}{PREFIX}?[2-9][.\-]\d(?!\d)", re.IGNORECASE)
PART = re.compile(
    rf"{START}(?:(?:part|section|chapter|question|problem|exercise|第)\s?"
    r"(?:(1|I|one|一)|(2|II|two|二))\s?(?:部分|章|大题)?(?![.\w]\d|\w)|(?:([1一])|([2二]))[.、:)]?\s)",
    re.IGNORECASE,
)
OBJECTIVE = re.compile(r"objective|subjective|multiple.choice|选择题|客观题|主观题", re.IGNORECASE)
PROGRAMMING = re.compile(r"programming|编程|实践题", re.IGNORECASE)
HEADING = re.compile(r"^\s*(#{1,6})\s")

ONE = r"[\[(【]?\s?[A-D]\s?[\])】]?"
JOIN = r"(?:\s?(?:[,、;&+/]|\band\b|和|与|及|以及)?\s?)"
AND = r"\s?(?:[,、;&+/]|\band\b|和|与|及|以及)?\s?"
LETTERS = (
    rf"★?{ONE}(?:{JOIN}★?{ONE}){{0,5}}(?![A-Za-z0-9_^])(?!{AND}★?[\[(]?[A-D](?![A-Za-z0-9.):、]))"
)
"""One letter or more, to the last that is joined to them."""

SMALL = rf"[\[(]?[a-d][\])]?(?:{JOIN}[\[(]?[a-d][\])]?){{0,3}}(?![A-Za-z0-9_^])"
SEPARATOR = r"[\s.:、,\-–—=>→|★]*"
BARE = re.compile(rf"{SEPARATOR}({LETTERS}|{SMALL})\s?[.。;,|}}\])★]*\s*", re.IGNORECASE)
RUN = re.compile(
    r"(?:answers?|ans|答案|[\[({:\s])*((?:[A-D]{1,4}[\s,;/|、]+){4}[A-D]{1,4})[\])}\s.]*"
)


def sections(passage: list[Line], part: int) -> tuple[list[Section], int]:
    """The sections of a passage, and the part of the homework in which it ends."""
    section: Section | None = None
    numbered = any(label.group(2) for line in passage for label in full_labels(line.plain))
    last = 0
    found, rows = table(passage)
    in_list = enumerated(passage)
    for index, line in enumerate(passage):
        if line.place in rows:
            continue
        heading = HEADING.match(line.raw)
        labels = full_labels(line.plain)
        match = PART.match(line.plain)
        if not labels:
            if OBJECTIVE.search(line.plain) and len(line.plain) < 100:
                part, section, last = 1, None, 0
                continue
            if (heading and PROGRAMMING.search(line.plain)) or OTHER.match(line.plain):
                part, section = 2, None
                continue
            if (
                match
                and (heading or match[1] or match[2])
                and not BARE.fullmatch(line.plain[match.end() :])
                and not BARE.fullmatch(below(passage, index))
            ):
                part = 1 if match[1] or match[3] else 2
                section = None
                continue
            if heading and section and len(heading[1]) <= section.level:
                section = None
        if not labels and not numbered and not (section and section.question == "1.6"):
            follows = part != 1 and SHORT.match(line.plain.strip(" #")) and below(passage, index)
            answered = bool(follows and BARE.fullmatch(follows))
            labels = short_labels(line.plain, last, part == 1 or in_list, answered)
            if labels and part == 2:
                labels = []
        if not labels:
            if part == 1 and section is None and (run := RUN.fullmatch(line.plain)):
                for number, letters in enumerate(re.findall("[A-D]+", run[1]), start=1):
                    found.append(Section(f"1.{number}", [Line(line.place, line.raw, letters)]))
            elif section:
                section.lines.append(line)
            continue
        level = len(heading[1]) if heading else 9
        ends = [label.start() for label in labels[1:]] + [len(line.plain)]
        for label, end in zip(labels, ends, strict=True):
            asked = next(g for g in reversed(label.groups()[:3]) if g and g in "123456")
            last = int(asked)
            rest = line.plain[label.end() : end]
            raw = line.raw if asked != "6" else rest_of(line.raw, rest)
            section = Section(f"1.{asked}", [Line(line.place, raw, rest, line.at)], level)
            found.append(section)
        part = 1
    return found, part


def below(passage: list[Line], index: int) -> str:
    """The line that follows, of those that are not empty."""
    after = passage[index + 1 : index + 4]
    return next((one.plain for one in after if one.plain), "")


def rest_of(raw: str, rest: str) -> str:
    """What stands in the line as it was written behind the label of 1.6."""
    label = re.match(r".{0,40}?(?:1\s?[._\-·]\s?6|6)[\]\s).:、,*|\"'题]*", raw)
    return raw[label.end() :].strip(" {}") if label else rest


NEAR = 80
"""Characters before and behind a label that say whether it is one."""


def full_labels(text: str) -> list[re.Match[str]]:
    """The labels "1.k": one that begins the line, and those within it that letters follow."""
    labels, answered = [], []
    for label in FULL.finditer(text):
        before = text[max(0, label.start() - NEAR) : label.start()]
        begins = label.start() < NEAR and re.fullmatch(
            rf"{START}[\[({{\s]*(?:answers?|ans|答案)?[\s:]*", before, re.I
        )
        after = text[label.end() : label.end() + NEAR]
        follows = re.match(
            rf"{SEPARATOR}(?:{LETTERS})\s?(?:$|[.,;|、}}\])]|{PREFIX}?[\[(]?1[.\-_])", after
        )
        follows = (
            follows or re.match(r"\W{0,4}[1-9]?[A-Za-z一-鿿]", after)
            if (label[2] == "6")
            else follows
        )
        if follows and label[2] != "6":
            answered.append(label)
        if begins or (
            follows and re.search(r"(?:[.,;|:、)\]]|(?<![A-Za-z])[A-Da-d]+)\s?$", before)
        ):
            labels.append(label)
    # Several labels with their letters in one line are answers, whatever words begin the line.
    first = answered[0] if len(answered) > 1 else None
    return [first, *labels] if first is not None and first not in labels else labels


def short_labels(text: str, last: int, known: bool, answered: bool) -> list[re.Match[str]]:
    """Labels "(k)" or "k." in ascending order.

    Where it is not ``known`` that the questions are listed so, a label has to say that it is one,
    and letters follow it, in the line or, where it is ``answered``, below.
    """
    labels: list[re.Match[str]] = []
    for label in SHORT.finditer(text):
        number = int(next(group for group in label.groups() if group))
        begins = label.start() < NEAR and re.fullmatch(START, text[: label.start()])
        follows = re.match(
            rf"{SEPARATOR}(?:选|answer:?)?\s?{LETTERS}\s?(?:$|[.,;|]|\W?\d|\()", text[label.end() :]
        )
        if number <= last or not (begins or (labels and (follows or number == 6))):
            continue
        if not known and not (label[3] and (follows or answered)):
            continue
        labels.append(label)
        last = number
    return labels


def enumerated(passage: list[Line]) -> bool:
    """Whether a passage is a list of letters: 1 A, 2 A, 3 A, …"""
    text = "\n".join(line.plain for line in passage)
    answered = re.findall(
        rf"(?:^|[\s,;{{])[(]?([1-6])\s?[).:、]+\s?(?:{LETTERS})\s?(?=$|[.,;|}}]|\s)", text, re.M
    )
    return answered[:3] == ["1", "2", "3"]


def table(passage: list[Line]) -> tuple[list[Section], set[str]]:
    """The sections of a table, a row of questions above a row of answers; where these rows are."""
    found: list[Section] = []
    used: set[str] = set()
    rows = [
        line for line in passage if not re.fullmatch(r"[\s|:\-]+", line.plain) or not line.plain
    ]
    for head, row in pairwise(rows):
        for cut in (r"\|", r"\s+"):
            names = [cell.strip(" ★") for cell in re.split(cut, head.plain.strip(" |"))]
            cells = [cell.strip(" ★") for cell in re.split(cut, row.plain.strip(" |"))]
            numbers = [re.fullmatch(r"(?:q\s?)?(?:1[.\-_])?([1-6])", name, re.I) for name in names]
            if sum(map(bool, numbers)) >= 3 and len(names) == len(cells):
                used |= {head.place, row.place}
                found += [
                    Section(f"1.{number[1]}", [Line(row.place, row.raw, cell, row.at)])
                    for number, cell in zip(numbers, cells, strict=True)
                    if number and BARE.fullmatch(cell)
                ]
                break
    return found, used


SAYS = (
    r"(?:\b(?:answers?|ans|choices?|choose|pick|select|solution|therefore|thus|hence|so|properties|"
    r"correct(?: options?| answers?| ones?)?)\b|"
    r"^\W*(?:i think|i believe|i.{0,2} say|it (?:s|is)|options?|both)\b|"
    r"答案|正确选项|正确的|(?<!不)选择?|故|答|解)"
)
LINK = (
    r"(?:\s|[:=>\-]|→|is|are|it|s|should|must|be|my|final|the|option|options|answer|choice|both|"
    r"是|为|应|选|项){0,8}"
)
GOES_ON = (
    r"(?=\s*(?:$|[.,;:!?|。)(}\]—–\-]|because|since|for\b|as\b|因|由|项|is correct|are correct))"
)
EXPLICIT = re.compile(rf"(?<!not )(?<!n.t )(?<!wrong ){SAYS}{LINK}({LETTERS}){GOES_ON}", re.I)
SMALL_EXPLICIT = re.compile(rf"(?:answer|ans|答案|选)\s?[:=是为]?\s?({SMALL})\s*[.;)。]?$", re.I)
AFTER = re.compile(
    rf"(?<![\w'])({LETTERS})\s?(?:is|are|是)?\s?(?:also |both |the )?"
    r"(?:correct|right|true|正确)(?!\s?(?:only|if|when|\?))"
)
HEAD = re.compile(
    rf"{SEPARATOR}({LETTERS})\s?(?:$|[,;:\-–—(。.!)|]|because|since|as\b|因|由|δ|\\?delta|"
    r"is correct|are correct|正确)"
)
TAIL = re.compile(rf"[?？:。.)]\s?[(]?\s?({LETTERS})\s?[)]?\s?[.。]?$")
CHANGED = re.compile(rf"({LETTERS})\s?(?:->|→|=>|改为|改成|changed to)\s?({LETTERS})")
DENIED = re.compile(
    rf"(?:\bnot|n t|n't|≠|!=|不是|而非|不选|排除|rather than|instead of|neither)\s?"
    rf"(?:option |answer |选项)?({LETTERS})"
    rf"|(?<![\w'])({LETTERS})\s?(?:is|are|would be|:)?\s?(?:also |both )?"
    rf"(?:wrong|incorrect|false|no\b|not\b|错|不对|不正确)"
)
GLOSS = re.compile(r"(?<![A-Za-z])([A-D])\s?\((?![^()]{0,60}(?:not|wrong|if|错|不))[^()]{2,60}\)")
"""What a letter stands for, behind it in parentheses."""
THOUGHT = re.compile(
    rf"\b(?:first|initially|originally|thought|起初|最初|一开始)\b[^.;。]{{0,40}}?({LETTERS})"
    rf"[^.;。]{{0,40}}?(?:but|now|但|后来)\b[^.;。]{{0,30}}?({LETTERS})"
)
UNSURE = re.compile(rf"{LETTERS}\s?\??\s?(?:\bor\b|或)\s?{LETTERS}")
ITEM = re.compile(r"(?:(?<=^)|(?<=[\s;,.。、/|★✘]))(?:\(([A-D])\)|([A-D])\s?[.):、])\s?(?=\S)")
YES = re.compile(
    r"(yes|true|correct|right|是的?|可以|能|对的?|正确)|"
    r"(no|false|incorrect|wrong|不是|不可以|不能|不对|错误?|否|不正确)",
    re.IGNORECASE,
)


EMPTY = re.compile(r"\W*(?:(?:my )?(?:answers?|ans|solution)|答案?|解)?\W*", re.IGNORECASE)
"""A line that says nothing, or no more than that an answer follows."""

OPTION: dict[str, dict[str, str]] = {
    **{number: {"A": "yes|是|可以|能|对|正确", "B": "no|不|否|错"} for number in ("1.1", "1.2")},
    **{number: dict.fromkeys("ABC", r"δ|\\?delta") for number in ("1.3", "1.4")},
    "1.5": {"A": "fast|speed|快|速", "B": "local|局部", "C": "map|特征图", "D": "shar|共享"},
}
"""What the text of an option has, by which it is told from a letter in an explanation."""

FINAL = re.compile(r"final|最终|correct(?:ed|ion)|更正", re.IGNORECASE)


CONFIRMED = re.compile(r"\W*(?:correct|right|true|yes|正确|对)(?!\w)")


def one_case(letters: str) -> bool:
    """Whether letters are all large or all small; "and" between them counts for neither."""
    left = re.sub("and", "", letters, flags=re.IGNORECASE)
    return left.isupper() or left.islower()


def letters_in(text: str) -> str:
    """The letters of options in a text, in alphabetical order."""
    return "".join(sorted(set(re.findall("[A-D]", re.sub("and", " ", text, flags=re.I).upper()))))


def statements(section: Section) -> list[Statement]:
    """What a section states: none, one, or several that contradict each other."""
    lines = [line for line in section.lines if not EMPTY.fullmatch(line.plain)]
    options = "".join(option.letter for option in QUESTIONS[section.question][0].options)
    found = _Found(section.question, options, lines)
    for index, line in enumerate(lines):
        found.take(index, line)
    return found.settled()


class _Found:
    """What the lines of a section say, by how plainly they say it."""

    def __init__(self, question: str, options: str, lines: list[Line]) -> None:
        self.question, self.options, self.lines = question, options, lines
        self.explicit: list[Statement] = []
        self.bare: list[Statement] = []
        self.unsure: list[Statement] = []
        self.words: list[Statement] = []
        self.after: list[Statement] = []
        self.items: list[tuple[str, bool, Line]] = []
        letters = [m[1] or m[2] for line in lines for m in ITEM.finditer(line.plain)]
        self.quoted = "".join(letters[: len(options)]) == options
        """Whether all options are listed, as in the question."""
        self.left = len(options) if self.quoted else 0
        self.last_bare = -2
        self.goes_on = False
        """Whether the last explicit answer was an option with its text: more may follow."""

    def take(self, index: int, line: Line) -> None:
        """Take a line, the first of the section or another."""
        text = GLOSS.sub(r"\1", CHANGED.sub(r" \2", line.plain))
        text = THOUGHT.sub(r"answer \2", text)
        text, listed = self._without_options(text, line)
        text = DENIED.sub(" ▢ ", text)
        if UNSURE.search(text):
            self.unsure.append(Statement(None, line))
        elif named := [m[1] for m in EXPLICIT.finditer(text) if not m[1].islower()]:
            self.explicit += [Statement(letters_in(said), line) for said in named]
            self.goes_on = bool(ITEM.match(text, text.rfind(named[-1])))
            if self.goes_on:
                self._add_options(line)
        elif self.goes_on and ITEM.match(text.strip(" ★-")):
            self._add_options(line)
        elif small := SMALL_EXPLICIT.search(text):
            self.explicit.append(Statement(letters_in(small[1]), line))
        elif (whole := BARE.fullmatch(text)) and one_case(whole[1]):
            said = letters_in(whole[1])
            if self.bare and self.last_bare == index - 1:
                said = "".join(sorted({*said, *(self.bare.pop().letters or "")}))
            self.bare.append(Statement(said, line))
            self.last_bare = index
        elif index == 0 and (head := HEAD.match(text)) and not ITEM.match(text.strip(" ★.:-")):
            self.bare.append(Statement(letters_in(head[1]), line))
        elif (tail := TAIL.search(text)) and (listed or re.search(r"[?？:。].{0,12}$", text)):
            self.bare.append(Statement(letters_in(tail[1]), line))
        else:
            self.after += [Statement(letters_in(m[1]), line) for m in AFTER.finditer(text)]
            self._take_yes_or_no(text, line)

    def _without_options(self, text: str, line: Line) -> tuple[str, bool]:
        """The line without the letters of a list of all options, and whether it had some."""
        found = [*ITEM.finditer(text)]
        ends = [*(m.start() - 1 for m in found[1:]), len(text)]
        for place, (m, end) in enumerate(zip(found, ends, strict=False)):
            letter, says = m[1] or m[2], text[m.end() : end].lower()
            marked = MARK in text[max(0, m.start() - 2) : end]
            if self.options != "AB" and CONFIRMED.match(says):
                marked = True
            first = not text[: m.start()].strip(" ★.:-=>")
            listed = place < self.left
            if first or listed or re.search(OPTION[self.question].get(letter, "$"), says):
                self.items.append((letter, marked, line))
        quoted = found[: self.left]
        self.left -= len(quoted)
        for m in quoted:
            text = text[: m.start()] + "▢" * (m.end() - m.start()) + text[m.end() :]
        return text, bool(quoted)

    def _add_options(self, line: Line) -> None:
        """Add the options in a line to the last explicit answer."""
        here = "".join(letter for letter, _, one in self.items if one is line)
        known = self.explicit.pop()
        self.explicit.append(Statement(letters_in((known.letters or "") + here), known.line))

    def _take_yes_or_no(self, text: str, line: Line) -> None:
        if self.options != "AB":
            return
        start = re.sub(r"^(?:answers?|ans|答案?)\W*", "", text.strip(" .:-=>★|"), flags=re.I)
        yes = YES.match(start)
        if yes and re.match(r"\s?(?:$|[.,;:!，。(\-])", start[yes.end() :]):
            self.words.append(Statement("A" if yes[1] else "B", line))

    def settled(self) -> list[Statement]:
        """What counts: a final answer, then letters that stand alone, then a choice of options."""
        final = [s for s in self.explicit if FINAL.search(s.line.plain)]
        if final:
            return final[-1:]
        if stated := self.explicit + self.bare:
            return [*{s.letters: s for s in stated}.values()]
        if self.unsure:
            return self.unsure[:1]
        chosen = [(letter, line) for letter, mark, line in self.items if mark]
        if self.quoted and chosen and {letter for letter, _ in chosen} != {*self.options}:
            return [Statement(letters_in("".join(letter for letter, _ in chosen)), chosen[0][1])]
        if self.after:
            said = "".join(statement.letters or "" for statement in self.after)
            return [Statement(letters_in(said), self.after[0].line)]
        if self.items and not self.quoted and ITEM.match(self.lines[0].plain.strip(" ★.:-")):
            said = "".join(letter for letter, _, _ in self.items)
            return [Statement(letters_in(said), self.items[0][2])]
        if self.words:
            return [*{s.letters: s for s in self.words}.values()]
        return [Statement(None, line) for line in by_words(self.question, self.lines, self.quoted)]


def formula(text: str) -> str:
    """A formula without the signs that only set it."""
    text = re.sub(r"\\(?:left|right)\b|\\", "", text).replace("delta", "δ").replace("−", "-")
    text = text.replace("odot", "⊙").replace("prime", "'")
    return re.sub(r"[\s{}()^$_*.]", "", text).lower()


def by_words(question: str, lines: list[Line], quoted: bool) -> list[Line]:
    """The first line that may answer the question in words alone: a reader has to take it."""
    for line in lines:
        text = line.plain.lower()
        if question in ("1.3", "1.4") and not quoted:
            if re.match(r"\W*(?:δ|\\?delta)", text) and "=" in text:
                return [line]
        elif question == "1.5" and not quoted:
            if re.search(r"local|局部", text) and re.search(r"shar|共享", text):
                return [line]
        elif (
            question in ("1.1", "1.2")
            and not re.search(r"[?？]|softmax function as|claim|denotes", text)
            and re.search(r"\b(?:can|cannot|possible|differentiable)\b|可以|不能|可导", text)
        ):
            return [line]
    return []


ROW = re.compile(r"(?:(?:answers?|ans|答案)?[:\s]*)[A-D][A-D\s,]{4,11}", re.IGNORECASE)
"""The letters of several questions in a row."""

HOW = 'write it as "{0}: A" in a markdown cell, a comment, a text file or what you print'


def judge(work: Work) -> dict[str, Finding]:
    """A finding for each of 1.1 to 1.6."""
    found = passages(work)
    words = [s for group in found.words for s in [*sectioned(group, carries=True)]]
    words += sectioned(found.code)
    strings = [*sectioned(found.strings)]
    row = any(
        ROW.fullmatch(line.plain)
        for passage in [p for group in found.words for p in group] + found.code + found.strings
        for line in passage
    )
    findings = {}
    for question in QUESTIONS:
        ours = [section for section in words if section.question == question][:MOST_SECTIONS]
        said = [stated for section in ours if (stated := statements(section))]
        if not any(statement.letters for stated in said for statement in stated):
            ours += [s for s in strings if s.question == question][:MOST_SECTIONS]
            said = [stated for section in ours if (stated := statements(section))]
        findings[question] = letters_found(question, said, bool(ours), row)
    findings["1.6"] = prose_found(
        [s for s in [s for s in words if s.question == "1.6"][:MOST_SECTIONS] if says(s)]
        or [s for s in strings if s.question == "1.6"][:MOST_SECTIONS]
    )
    return findings


def sectioned(group: Iterable[list[Line]], *, carries: bool = False) -> Iterator[Section]:
    """All sections of a group.

    Where it ``carries``, a section that says nothing takes in the next passage without a label.
    """
    part = 0
    last: Section | None = None
    for passage in group:
        found, part = sections(passage, part)
        labelled = bool(found) or any(HEADING.match(line.raw) for line in passage)
        if carries and last and not labelled and not says(last):
            last.lines += passage if last.question == "1.6" else passage[:3]
        yield from found
        last = found[-1] if labelled and found else last if not labelled else None


def says(section: Section) -> bool:
    """Whether there is an answer in a section."""
    if section.question == "1.6":
        return bool(answer_in_prose(section))
    return any(statement.letters for statement in statements(section))


def letters_found(
    question: str, said: list[list[Statement]], labelled: bool, hint: bool
) -> Finding:
    """The verdict on the letters of one question, from what each of its sections states."""
    every = [statement for each in said for statement in each]
    if not every:
        message = (
            f"{question} is there, but no answer to it was found"
            if labelled
            else f"no answer to {question} was found"
        )
        if hint:
            message += "; a row of letters alone does not say which question each belongs to"
        return Finding("missing", f"{message}: {HOW.format(question)}")
    places = tuple(statement.line.at for statement in every if statement.line.at)
    right = accepted(question)
    known = [s for s in every if s.letters is not None]
    verdicts = {s.letters in right for s in known}
    told = "; ".join(f"{s.line.place}: {one_line(s.line.raw.strip()[:200])}" for s in every[:4])
    if verdicts == {True} and (len(known) == len(every) or all(len(each) == 1 for each in said)):
        return Finding("right", at=places)
    if not known:
        return Finding(
            "for a reader", f"words alone do not tell which letters are meant: {told}", places
        )
    if len(verdicts) == 2 or len(known) < len(every):
        return Finding("for a reader", f"{question} is answered in several ways: {told}", places)
    first = known[0]
    assert first.letters is not None
    options = {option.letter for option in QUESTIONS[question][0].options}
    strange = "".join(sorted({*first.letters} - options))
    message = f'{told}\n  answered "{first.letters}" to question {question}'
    if strange:
        message += f", which has no option {strange}"
    return Finding("wrong", f"{message}\n  expected {expected(question, first.letters)}", places)


ANSWERED = re.compile(r"^\W*(?:(?:my )?answers?|ans|答案?|解)\s*[:：]\s*", re.IGNORECASE)


ASKS = re.compile(
    r"^\W*(?:please )?(?:give|list|name|state|describe|write|what)\b.{0,60}(?:shortcoming|"
    r"disadvantage|weakness|drawback|limitation)|^\W*(?:请|列出|给出|写出|举出|至少).{0,40}(?:缺点|不足|缺陷)",
    re.IGNORECASE,
)


def asks(sentence: str) -> bool:
    """Whether a sentence puts the question of 1.6, and answers nothing."""
    reading = prose.read(sentence[:500])
    says_nothing = reading.because in ("says no more than the question", "is empty")
    return says_nothing or (not reading.ideas and bool(ASKS.search(sentence)))


def answer_in_prose(section: Section) -> str:
    """What a section says, without the question that it quotes."""
    kept: list[str] = []
    for line in section.lines:
        text = re.sub(r"\*\*|__|`|</?[a-zA-Z][^<>]{0,80}>|^\s*#{1,6}\s", "", line.raw).strip(" >")
        text = ANSWERED.sub("", text)
        if not kept:
            for sentence in re.split(r"(?<=[.?？。:：])\s*", text):
                if not re.search(r"[?？]$|^\(?0\.5|^\W*$", sentence) and not asks(sentence):
                    break
                text = text[len(sentence) :].lstrip()
            text = text.strip(" \"'")
        if text or kept:
            kept.append(text)
    return ANSWERED.sub("", "\n".join(kept)).strip()


def prose_found(found: list[Section]) -> Finding:
    """The verdict on 1.6: the best that one of its texts, or all of them together, gives."""
    texts = {answer_in_prose(section): section for section in found}
    texts.pop("", None)
    if not texts:
        return Finding(
            "missing",
            "no answer to 1.6 was found: write it under a heading 1.6, or as the line "
            '"1.6: …" in a comment, a text file or what you print',
        )
    section = next(iter(texts.values()))
    places = tuple(line.at for line in section.lines[:1] if line.at)
    place = section.lines[0].place
    readings = [prose.read(text[:10_000]) for text in [*texts, "\n".join(texts)][:20]]
    verdicts, words = {reading.verdict for reading in readings}, "\n\n".join(texts)
    if "right" in verdicts and "wrong" not in {r.verdict for r in readings[:-1]}:
        return Finding("right", at=places, words=words)
    if verdicts != {"wrong"}:
        because = next((r.because for r in readings if r.verdict == "for a reader"), "")
        because = because or "it is answered in several ways"
        return Finding(
            "for a reader",
            f"{place}: the prose of 1.6 is for a human reader: {because}",
            places,
            words=words,
        )
    shortcomings = "; ".join(prose.IDEAS.values())
    return Finding(
        "wrong",
        f"{place}: the answer to 1.6 {readings[0].because}\n"
        f"  expected two or more shortcomings of the MLP, such as {shortcomings}",
        places,
        words=words,
    )
