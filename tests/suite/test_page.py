"""The results page: what it shows, what it must not let in, and how a browser sees it."""

import json
import os
import re
import select
import shutil
import tempfile
import time
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homework import EXERCISES, points
from report import figures, mathematics
from report.html import Page, content
from report.run import Result, Run, Tried, total
from report.terminal import write_score

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
        {"kind": "counterexample", "title": text, "text": text},
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
    assert "\\x" not in hostile
    hostile.encode("utf-8")
    assert not re.search("[\x00-\x08\x0e-\x1f\u202e]", hostile)


def test_the_page_loads_nothing(page: str) -> None:
    """No element names another file or host; links lead to places in the page itself."""
    structure = Structure(page)
    for _, name, value in structure.attributes:
        if name in ("src", "href", "srcset", "action", "data", "poster"):
            assert value.startswith(("#", "data:image/png;base64,")), value
        assert not name.startswith("on")
    assert "url(" not in page
    assert "@import" not in page
    places = [value for _, name, value in structure.attributes if name == "id"]
    assert len(places) == len(set(places))
    for _, name, value in structure.attributes:
        if name == "href" and value.startswith("#"):
            assert value[1:] in places, value


def test_every_exercise_is_there_in_order_under_headings_in_order(page: str) -> None:
    titles = [re.sub(r"<[^>]+>|\s", "", h) for h in re.findall(r"<h2 .*?</h2>", page, re.DOTALL)]
    wanted = [(e.number if e.parts else "") + "".join(e.title.split()) for e in EXERCISES.values()]
    assert titles == ["Score", "Thisrun", *wanted, "Everytest"]
    levels = [int(level) for level in re.findall(r"<h([1-6])\b", page)]
    assert all(b <= a + 1 for a, b in zip([1, *levels], levels, strict=False))


def test_the_total_is_that_of_the_score(page: str) -> None:
    earned, possible = total(fake().score())
    assert f'id="total">{points(earned)} / {points(possible)}<' in page


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
    """Below 3 MB with endless messages, code, tensors, tables and series."""
    run = fake("<&\"'" * 20_000)
    long = evidence("title")
    long[2].update(values=[[1.5] * 400] * 400, shape=[400, 400])
    long[4].update(rows=[["x" * 1000] * 100] * 200)
    long[5].update(series={f"{'<' * 5000}{i}": [0.5, 1.0] * 5000 for i in range(60)})
    long[7].update(images=[[[7] * 28] * 28] * 150, labels=list(range(150)))
    long[8].update(values=[[1.0] * 300] * 300)
    next(iter(run.results.values())).evidence[:] = long
    size = len(content(run).encode())
    assert size < 3_000_000


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
    assert not re.search(r"[\\${}_]", "".join(tree.itertext()))


@pytest.mark.parametrize("notation", [r"\frac{1}", "{a", "a}", r"\left( a", r"\unknown", "a_"])
def test_a_formula_that_is_not_well_formed_is_an_error(notation: str) -> None:
    with pytest.raises(ValueError, match=r"formula|notation"):
        mathematics.mathml(notation)


# Figures

anything = st.lists(st.none() | st.floats() | st.integers(-3, 3), max_size=6)


@given(st.dictionaries(st.sampled_from('a<"_'), anything, max_size=3), st.booleans())
def test_a_figure_holds_any_numbers(series: dict[str, list[Any]], log: bool) -> None:
    """Whatever an answer computed, the figure is well formed and its marks lie within it."""
    item = {"kind": "lines", "title": "", "series": series, "x": "x", "y": "y", "log": log}
    drawn = figures.render(item)
    if drawn is None:
        return
    for d in re.findall(r' d="M([^"a-z]*)"', drawn):
        for x, y in re.findall(r"(-?[\d.]+),(-?[\d.]+)", d):
            assert -5 <= float(x) <= figures.WIDTH + 5
            assert -5 <= float(y) <= figures.HEIGHT + 5
    assert ElementTree.fromstring(f"<div>{drawn}</div>")[0].tag == "svg"


def test_numbers_are_set_as_on_paper() -> None:
    written = [figures.number(v) for v in (1234, -0.5, 1.2345678e-7, 2.0, float("-inf"), 0.1 + 0.2)]
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
        *shade, opaque = figures._shade(value)
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
    "--remote-debugging-pipe",
]


class Browser:
    """A headless Chromium, spoken to through a pair of pipes."""

    def __init__(self, executable: str, profile: str) -> None:
        theirs_in, ours_out = os.pipe()
        ours_in, theirs_out = os.pipe()
        self.process = os.posix_spawn(
            executable,
            [executable, *FLAGS, f"--user-data-dir={profile}", "about:blank"],
            os.environ,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
                (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
                (os.POSIX_SPAWN_DUP2, theirs_in, 3),
                (os.POSIX_SPAWN_DUP2, theirs_out, 4),
            ],
            setpgroup=0,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self.out, self.into = ours_out, ours_in
        self.rest, self.calls = b"", 0
        self.session: str | None = None
        self.events: list[dict[str, Any]] = []

    def close(self) -> None:
        os.killpg(self.process, 9)
        os.waitpid(self.process, 0)
        os.close(self.out)
        os.close(self.into)

    def message(self) -> dict[str, Any]:
        deadline = time.monotonic() + 20
        while b"\0" not in self.rest:
            ready, _, _ = select.select([self.into], [], [], deadline - time.monotonic())
            chunk = os.read(self.into, 1 << 20) if ready else b""
            if not chunk:
                raise TimeoutError("the browser is silent")
            self.rest += chunk
        first, self.rest = self.rest.split(b"\0", 1)
        return json.loads(first)

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        self.calls += 1
        request = {"id": self.calls, "method": method, "params": params}
        if self.session:
            request["sessionId"] = self.session
        os.write(self.out, json.dumps(request).encode() + b"\0")
        while True:
            answer = self.message()
            if answer.get("id") == self.calls:
                assert "error" not in answer, answer
                return answer["result"]
            self.events.append(answer)

    def open(self, url: str) -> None:
        [target] = (t for t in self.call("Target.getTargets")["targetInfos"] if t["type"] == "page")
        attached = self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self.session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.call("Page.navigate", url=url)
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self.message())

    def evaluate(self, script: str) -> Any:
        result = self.call(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")


@pytest.fixture
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = Browser(CHROMIUM, profile)
        yield browser
        browser.close()


TEST = """
import pytest
@pytest.mark.parametrize("x", [1], ids=[{name!r}])
def test_that_fails(x):
    print({text!r})
    pytest.fail({text!r}, pytrace=False)
"""

LOOK = """(async () => {
  const pictures = [...document.querySelectorAll("main image, main img")].map(async (picture) => {
    const copy = new Image();
    copy.src = picture.href?.baseVal ?? picture.src;
    await copy.decode();
    return copy.naturalWidth * copy.naturalHeight;
  });
  return {
    total: document.getElementById("total").innerText,
    pictures: await Promise.all(pictures),
    hacked: window.hacked ?? null,
    scripts: document.scripts.length,
    rows: document.querySelectorAll("#all-tests-table .results-table-row").length,
    log: document.querySelector(".log").textContent,
    lang: document.documentElement.lang,
    across: document.documentElement.scrollWidth,
  };
})()"""


def test_a_browser_shows_the_page_without_an_error(browser: Browser, tmp_path: Path) -> None:
    """As pytest-html writes it, with hostile text: pictures, total, one width with the phone's."""
    text = HOSTILE.replace("\udc80", "")
    run = fake(text)
    name = "<script>hacked = 4</script><img src=x onerror='hacked = 5'>"
    (tmp_path / "test_hostile.py").write_text(TEST.format(name=name, text=text), encoding="utf-8")
    written = tmp_path / "results.html"
    arguments = f"-q -s -p no:cacheprovider --self-contained-html --html={written}".split()
    pytest.main([*arguments, f"--rootdir={tmp_path}", str(tmp_path)], plugins=[Page(run)])

    browser.call("Target.setDiscoverTargets", discover=True)
    browser.open(written.as_uri())
    browser.call(
        "Emulation.setDeviceMetricsOverride",
        **{"width": 360, "height": 700, "deviceScaleFactor": 2, "mobile": True},
    )
    seen = browser.evaluate(LOOK)

    lines: list[str] = []
    write_score(run, SimpleNamespace(write_sep=print, write_line=lambda s, **_: lines.append(s)))
    [line] = (line for line in lines if line.startswith("total"))
    assert seen["total"] in line
    assert len(seen["pictures"]) == 2
    assert all(size > 0 for size in seen["pictures"])
    assert seen["hacked"] is None
    assert seen["scripts"] == 2, "ours and that of pytest-html"
    assert seen["rows"] == 1
    assert "<script>hacked" in seen["log"]
    assert seen["lang"] == "en"
    assert seen["across"] == 360
    problems = [
        event
        for event in browser.events
        if event["method"] in ("Runtime.exceptionThrown", "Runtime.consoleAPICalled")
        or event["method"] == "Log.entryAdded"
    ]
    assert problems == []
    loaded = [
        event["params"]["request"]["url"]
        for event in browser.events
        if event["method"] == "Network.requestWillBeSent"
    ]
    assert all(url.startswith(("file:", "data:")) for url in loaded), loaded
