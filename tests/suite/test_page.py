"""The results page: what it shows, what it must not let in, and how a browser sees it."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from html import escape, unescape
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import matplotlib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homework import EXERCISES, points
from report import figures, mathematics, text
from report.html import Page, content
from report.run import Result, Run, Tried, total

HOSTILE = (
    "</pre></title></style></script><script>hacked = 1</script>"
    "<img src=x onerror='hacked = 2'>\" onmouseover=\"hacked = 3\" ' & &lt; {{ 7 * 7 }} "
    "${x} \x00\x1b[31m \udc80 \u202e"
)
HARMLESS = f"{'harmless':{len(HOSTILE)}}"


def evidence(text: str) -> list[dict[str, Any]]:
    """One item of every kind, with the text wherever an item holds text."""
    nan, inf = float("nan"), float("inf")
    return [
        {"kind": "text", "title": text, "text": text},
        {
            "kind": "tensor",
            "title": text,
            "values": [[nan, -inf], [1.5, 2.0]],
            "shape": [2, 2],
            "dtype": text,
        },
        {"kind": "tensor", "title": "v", "values": [1.0, 2.0], "shape": [2], "dtype": "int64"},
        {"kind": "table", "title": text, "header": [text, "n"], "rows": [[text, 1], ["x", "2e-7"]]},
        {
            "kind": "lines",
            "title": text,
            "series": {text: [1e-3, 1e-5, 0.0, nan, 2.0], "another": [1.0] * 5},
            "x": text,
            "y": text,
            "log": True,
            "alt": text,
        },
        {
            "kind": "scatter",
            "title": text,
            "points": {text: [[0.0, 1.0, nan], [1.0, 2.0, 3.0]]},
            "lines": {"line": [[0.0, 1.0], [1.0, inf]]},
            "x": text,
            "y": text,
            "alt": text,
        },
        {
            "kind": "images",
            "title": text,
            "images": [[[0, 128, 255]] * 3] * 4,
            "labels": [0, 1, text, 3],
            "alt": text,
        },
        {"kind": "heatmap", "title": text, "values": [[0.0, -1.5], [nan, 3.0]], "alt": text},
    ]


def fake(text: str = HARMLESS) -> Run:
    """A run in which one exercise failed, one was half right, one was skipped and one not run."""
    run = Run([*EXERCISES.values()])
    run.environment = {"answers": text, text: "2.9"}
    for exercise in run.exercises:
        for part in exercise.parts:
            run.code[f"{exercise.module}.{part}"] = (
                f'def {part}(x):\n    """{text}"""\n    return 1'
            )
            outcome = {"2.1": "failed", "2.3": "skipped"}.get(exercise.number, "passed")
            if exercise.number == "1.5" and part == "answers":
                outcome = "failed"
            if exercise.number == "2.2":
                continue
            result = Result(
                exercise=exercise.number,
                part=part,
                name=f"test_{exercise.number}_{part}",
                claim=f"y^(l-1) {text}",
                outcome=outcome,
                message=f"{part}(x)\n  returned {text}" if outcome == "failed" else "",
                examples=50,
                of=1,
            )
            run.add(result)
    next(iter(run.results.values())).evidence.extend(evidence(text))
    check = "test_2.5_train_epoch"
    for entry in (
        Tried("2.5", "train_epoch", "caught", f"a step too far {text}", True, check, True),
        Tried("2.5", "train_epoch", "caught_twice", "two steps", True, check, False),
        Tried("2.5", "load_weights", "missed", "nothing loaded", True, None, False),
        Tried("2.5", "load_weights", "accepted", "a loop", False, None, True),
        Tried("2.5", "load_weights", "refused", "two loops", False, check, False),
    ):
        run.tried[entry.name] = entry
    return run


class Structure(HTMLParser):
    """The elements of a page, each with the names of its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, ...]] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "span":  # pygments makes one for each word of the code
            self.elements.append((tag, *(name for name, _ in attrs)))
        self.attributes += [(tag, name, value or "") for name, value in attrs]


@pytest.fixture(scope="module")
def page() -> str:
    return content(fake())


def test_text_of_an_answer_changes_no_element_of_the_page(page: str) -> None:
    """Neither code nor message, title, label, number, folder or name becomes markup."""
    hostile = content(fake(HOSTILE))
    assert Structure(hostile).elements == Structure(page).elements
    assert r"\x00\x1b[31m \udc80 \u202e" in hostile
    hostile.encode("utf-8")
    assert not re.search("[\x00-\x08\x0e-\x1f\u202e]", hostile)


def test_the_page_loads_nothing(page: str) -> None:
    """No element names another file or host; links lead to places in the page itself."""
    structure = Structure(page)
    places = [value for _, name, value in structure.attributes if name == "id"]
    assert len(places) == len(set(places))
    for _, name, value in structure.attributes:
        if name in ("src", "href", "srcset", "action", "data", "poster"):
            assert value.startswith(("#", "data:image/png;base64,")), value
            assert not value.startswith("#") or value[1:] in places, value
        assert not name.startswith("on")
    assert "url(" not in page
    assert "@import" not in page


def test_every_exercise_is_there_in_order_under_headings_in_order(page: str) -> None:
    titles = [re.sub(r"<[^>]+>|\s", "", h) for h in re.findall(r"<h2 .*?</h2>", page, re.DOTALL)]
    wanted = [(e.number if e.parts else "") + "".join(e.title.split()) for e in EXERCISES.values()]
    assert titles == ["Score", "Thisrun", *wanted, "Everytest"]
    levels = [int(level) for level in re.findall(r"<h([1-6])\b", page)]
    assert all(b <= a + 1 for a, b in zip([1, *levels], levels, strict=False))


def test_the_total_is_that_of_the_score(page: str) -> None:
    earned, possible, _ = total(fake().score())
    assert f'id="total">{points(earned)} / {points(possible)}<' in page


def test_what_is_not_decided_is_told_so() -> None:
    """Prose for a human reader: its mark, its points, its reason; and the total without them."""
    run = Run([EXERCISES["1.6"], EXERCISES["Report"]])
    for part, outcome in (("answers", "not decided"), ("dense_parameter_count", "passed")):
        message = "the prose is for a <reader>" if outcome == "not decided" else ""
        run.add(Result("1.6", part, f"test_{part}", "It holds.", outcome, message, 1, 1))
    page = content(run)
    assert "0.25 of the 0.25 points that are decided; 1.25 more neither earned nor lost." in page
    assert page.count('<section class="exercise undecided"') == 2
    assert "<h3>Not decided</h3>" in page
    assert '<pre class="message">the prose is for a &lt;reader&gt;</pre>' in page
    assert "1 of 2 checks passed. 0.25 of the points are not decided" in page


def test_messages_keep_their_space_and_are_not_folded_away(page: str) -> None:
    message = '<pre class="message">random_matrices(x)\n  returned harmless'
    assert message in page
    before = page[: page.index(message)]
    assert before.count("<details") == before.count("</details>")


def test_the_trial_is_told_by_what_became_of_each_entry(page: str) -> None:
    told = page[page.index("The suite on trial") :].partition("</details>")[0]
    lines = [re.sub(r"<[^>]+>", "", line).strip() for line in told.splitlines()]
    assert [" ".join(line.split()) for line in lines if line][1:] == [
        "1 of 3 known mistakes rejected, 1 of 2 right answers written differently accepted",
        "Rejected by: y(l−1) harmless",
        "a step too far harmless train_epoch",
        "two steps train_epoch: not as it should be",
        "Rejected by no check",
        "nothing loaded load_weights: not as it should be",
        "Right answers, accepted by every check",
        "a loop load_weights",
        "Right answers, rejected all the same",
        "two loops load_weights: not as it should be",
    ]


def test_the_page_stays_small_whatever_an_answer_does() -> None:
    """Below 4 MB with endless messages, code, tensors, tables and series."""
    run = fake("<&\"'" * 20_000)
    long = evidence("title")
    long[1].update(values=[[1.5] * 400] * 400, shape=[400, 400])
    long[3].update(rows=[["x" * 1000] * 100] * 200)
    long[4].update(series={f"{'<' * 5000}{i}": [0.5, 1.0] * 5000 for i in range(60)})
    long[6].update(images=[[[7] * 28] * 28] * 150, labels=list(range(150)))
    long[7].update(values=[[1.0] * 300] * 300)
    next(iter(run.results.values())).evidence[:] = long
    size = len(content(run).encode())
    assert size < 4_000_000


def test_evidence_of_many_examples_is_shown_once() -> None:
    run = fake()
    shown = next(iter(run.results.values())).evidence
    shown[:] = [{"kind": "text", "title": "the case", "text": f"number {i}"} for i in range(50)]
    assert re.findall(r"number \d+", content(run)) == ["number 49"]


def test_a_page_that_cannot_be_written_says_so_and_raises_nothing() -> None:
    run = fake()
    run.exercises = [HOSTILE]  # type: ignore[list-item]
    prefix: list[str] = []
    said: list[str] = []
    terminal = SimpleNamespace(write_line=lambda line, **_: said.append(line))
    plugins = SimpleNamespace(get_plugin={"terminalreporter": terminal}.get)
    session = SimpleNamespace(config=SimpleNamespace(pluginmanager=plugins))
    Page(run).pytest_html_results_summary(prefix, session)
    assert "could not be put on the page" in prefix[0]
    assert "could not be put on the page" in said[0]


def test_rows_of_the_table_of_all_tests_are_escaped_and_lead_to_the_message() -> None:
    hooks = Page(fake())
    report = SimpleNamespace(nodeid="tests/t.py::other", failed=True, longreprtext="x", sections=[])
    cells = [
        '<td class="col-result">Failed</td>',
        f'<td class="col-testId">{HOSTILE}</td>',
        '<td class="col-links"></td>',
    ]
    hooks.pytest_html_results_table_row(report, cells)
    assert Structure("".join(cells)).elements == [("td", "class")] * 3
    log = ["x" * 100_000]
    hooks.pytest_html_results_table_html(report, log)
    assert len(log[0]) < 10_000

    report.nodeid = "tests/t.py::test_2.1_arithmetic"
    hooks.pytest_html_results_table_row(report, cells)
    assert 'href="#check-test_2.1_arithmetic"' in cells[2]
    hooks.pytest_html_results_table_html(report, log)
    assert log == []


# Mathematics


@pytest.mark.parametrize("number", [e.number for e in EXERCISES.values() if e.parts])
def test_the_claim_is_well_formed(number: str) -> None:
    tree = ElementTree.fromstring(f"<div>{mathematics.claim(number)}</div>")
    assert tree.findall(".//math")
    for tag, count in (("mfrac", 2), ("msub", 2), ("msup", 2), ("msubsup", 3), ("munderover", 3)):
        assert all(len(element) == count for element in tree.iter(tag)), tag
    assert not re.search(r"[\\${}_]|\*\*", "".join(tree.itertext()))


# Figures

anything = st.lists(st.none() | st.floats() | st.integers(-3, 3), max_size=6)


@given(st.dictionaries(st.sampled_from('a<"$_'), anything, max_size=3), st.booleans())
@settings(max_examples=30)
def test_a_figure_holds_any_numbers(series: dict[str, list[Any]], log: bool) -> None:
    """Whatever an answer computed, the figure is well formed and its marks lie within it."""
    item = {"kind": "lines", "title": "", "series": series, "x": "$x", "y": "y", "log": log}
    drawn = figures.draw(item)
    if drawn is None:
        return
    tree = ElementTree.fromstring(drawn)
    _, _, width, height = map(float, tree.attrib["viewBox"].split())
    for element in tree.iter():
        for x, y in re.findall(r"[ML] (\S+) (\S+)", element.get("d", "")):
            assert -5 <= float(x) <= width + 5
            assert -5 <= float(y) <= height + 5
    assert {name for name in series if series[name]} <= set(tree.itertext()) or len(series) == 1


def test_a_figure_is_the_same_each_time_and_whatever_an_answer_set() -> None:
    for item in evidence(HARMLESS)[4:]:
        first = figures.draw(item)
        figures._drawn.cache_clear()
        with matplotlib.rc_context({"font.size": 40, "svg.fonttype": "path", "text.usetex": True}):
            assert figures.draw(item) == first
        assert first
        assert len(re.findall("<svg", first)) == 1
        assert not re.search(r"\d\d:\d\d|<style|<metadata|url\(| id=\"(?!m|image)", first)


def test_a_figure_follows_the_colours_of_the_page() -> None:
    """No colour of the palette is left in the page's figure, and none but them is used."""
    for item in evidence(HARMLESS)[4:]:
        drawn = figures.inline(figures.draw(item) or "", item["kind"], "a-", 'an "alt"')
        assert set(re.findall(r"#[0-9a-f]{6}\b", drawn)) == set()
        assert "var(--ink)" in drawn
        assert 'aria-label="an &quot;alt&quot;"' in drawn


def test_lines_over_values_and_in_panels_say_so() -> None:
    series = {"one": [1.0, 2.0, 3.0], "two": [3.0, 1.0, 2.0], "three": [2.0, 2.0, 2.0]}
    item = {"kind": "lines", "series": series, "x": "x", "y": "y", "at": [0.0, 50.0, 100.0]}
    said = [*ElementTree.fromstring(figures.draw(item) or "").itertext()]
    assert "100" in said
    assert said.count("one") == 1
    said = [
        *ElementTree.fromstring(
            figures.draw(item | {"panels": {"First": ["one"], "Both": ["one", "two"]}}) or ""
        ).itertext()
    ]
    assert {"First", "Both", "Others", "one", "two", "three"} <= set(said)


def test_numbers_are_set_as_on_paper() -> None:
    written = [text.number(v) for v in (1234, -0.5, 1.2345678e-7, 2.0, float("-inf"), 0.1 + 0.2)]
    assert written == ["1,234", "−0.5", "1.235·10⁻⁷", "2", "−inf", "0.3"]


# Colours


def palettes() -> Iterator[dict[str, str]]:
    css = (Path(figures.__file__).parent / "page.css").read_text(encoding="utf-8")
    light, dark = (
        dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))
        for block in re.findall(r":root \{(.*?)\}", css, re.DOTALL)
    )
    assert light.keys() == dark.keys()
    yield from (light, dark)


def rgb(colour: str) -> tuple[float, ...]:
    return tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))


def contrast(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """The contrast of two colours, as WCAG 2 defines it."""

    def luminance(colour: tuple[float, ...]) -> float:
        linear = (
            v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4
            for v in (v / 255 for v in colour)
        )
        return sum(w * v for w, v in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("palette", [*palettes()], ids=["light", "dark"])
def test_contrast_is_enough_to_read(palette: dict[str, str]) -> None:
    colours = {name: rgb(colour) for name, colour in palette.items()}
    texts = {"ink", "muted", "link", "passed", "failed", "partial"}
    code = {"ink", "keyword", "string", "comment", "literal", "link", "failed"}
    on = {"paper": texts, "panel": code, "failed-panel": {"ink", "muted", "failed", "link"}}
    for ground, names in on.items():
        for name in names:
            assert contrast(colours[name], colours[ground]) >= 4.5, (name, ground)
    for i in range(figures.COLOURS):
        assert contrast(colours[f"line-{i}"], colours["paper"]) >= 3, f"line-{i}"
    for value in (-1.0, 1.0):
        *shade, opaque = figures.shade(value)
        mixed = tuple(
            s * opaque / 255 + p * (1 - opaque / 255)
            for s, p in zip(shade, colours["paper"], strict=True)
        )
        assert contrast(colours["ink"], mixed) >= 4.5, f"ink on a heat map's {value}"


# The browser

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), None)
FLAGS = [
    "--headless",
    "--no-sandbox",  # which a browser run by root, in a container say, does not have
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--virtual-time-budget=20000",
    "--dump-dom",
]

TEST = """
import pytest
@pytest.mark.parametrize("x", [1], ids=[{name!r}])
def test_that_fails(x):
    print({text!r})
    pytest.fail({text!r}, pytrace=False)
"""

LISTEN = """<script>
history.pushState = () => {};  // which pytest-html calls, and a frame of no origin may not
window.problems = [];
addEventListener("error", event => problems.push(event.message));
for (const say of ["error", "warn", "log"]) console[say] = (...all) => problems.push(all.join());
</script>"""

LOOK = """<!doctype html><iframe width=360 height=700 style="border: 0" srcdoc="{page}"></iframe>
<script>addEventListener("load", async () => {{
  const {{document: seen, problems, hacked, performance}} = frames[0];
  const pictures = [...seen.querySelectorAll("main image, main img")].map(async (picture) => {{
    const copy = new Image();
    copy.src = picture.href?.baseVal ?? picture.src;
    await copy.decode();
    return copy.naturalWidth * copy.naturalHeight;
  }});
  document.documentElement.replaceChildren(JSON.stringify({{
    total: seen.getElementById("total").innerText,
    pictures: await Promise.all(pictures),
    hacked: hacked ?? null,
    scripts: seen.scripts.length,
    rows: seen.querySelectorAll("#all-tests-table .results-table-row").length,
    log: seen.querySelector(".log").textContent,
    lang: seen.documentElement.lang,
    across: seen.documentElement.scrollWidth - seen.documentElement.clientWidth,
    loaded: performance.getEntriesByType("resource").map(entry => entry.name),
    problems,
  }}));
}})</script>"""


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")
def test_a_browser_shows_the_page_without_an_error(tmp_path: Path) -> None:
    """As pytest-html writes it, with hostile text: pictures, total, one width with the phone's."""
    hostile = HOSTILE.replace("\udc80", "")
    run = fake(hostile)
    name = "<script>hacked = 4</script><img src=x onerror='hacked = 5'>"
    test = TEST.format(name=name, text=hostile)
    (tmp_path / "test_hostile.py").write_text(test, encoding="utf-8")
    written = tmp_path / "results.html"
    arguments = f"-q -s -p no:cacheprovider --self-contained-html --html={written}".split()
    pytest.main([*arguments, f"--rootdir={tmp_path}", str(tmp_path)], plugins=[Page(run)])
    page = LISTEN + written.read_text(encoding="utf-8")
    # A window of this browser cannot be as narrow as a phone; a frame can.
    written.write_text(LOOK.format(page=escape(page)), encoding="utf-8")

    browser = [str(CHROMIUM), *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", written.as_uri()]
    dom = subprocess.run(browser, capture_output=True, timeout=60, check=True).stdout.decode()
    seen = json.loads(unescape(re.sub("<[^>]+>", "", dom)))

    earned, possible, _ = total(run.score())
    assert seen["total"] == f"{points(earned)} / {points(possible)}"
    assert len(seen["pictures"]) == 2
    assert all(size > 0 for size in seen["pictures"])
    assert seen["hacked"] is None
    assert seen["scripts"] == 3, "ours, that of pytest-html, and that of this test"
    assert seen["rows"] == 1
    assert "<script>hacked" in seen["log"]
    assert seen["lang"] == "en"
    assert seen["across"] == 0
    assert seen["problems"] == []
    assert all(url.startswith("data:") for url in seen["loaded"]), seen["loaded"]
