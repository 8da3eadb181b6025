"""Pictures of gradients: many right ways to draw them are accepted, many wrong ones rejected."""

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import matplotlib.patheffects as effects
import matplotlib.pyplot as plt
import numpy as np
import pytest
from cycler import cycler
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from judging.answers import Answers
from judging.checks import REGISTER
from judging.known import Alternative
from judging.pictures import distance, lab
from tests import test_gradient_comparison  # noqa: F401 - registers the checks

Comparison = dict[str, dict[str, float]]
Draw = Callable[[Comparison], Any]
Change = Callable[[Figure, Any, list[str]], Any]

RIGHT: dict[str, Draw] = {}
WRONG: dict[str, Draw] = {}


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """What pyplot keeps of a test goes with it."""
    yield
    plt.close("all")


def lines(comparison: Comparison) -> Iterable[tuple[str, list[float]]]:
    return [(name, [*layers.values()]) for name, layers in comparison.items()]


def drawn(comparison: Comparison, **style: Any) -> Figure:
    figure, axes = plt.subplots()
    for name, values in lines(comparison):
        axes.plot(values, label=name, **style)
    axes.set_yscale("log")
    axes.legend()
    return figure


def styled(**style: Any) -> Draw:
    return lambda comparison: drawn(comparison, **style)


def enter(where: dict[str, Draw]) -> Callable[[Draw], Draw]:
    def entered(draw: Draw) -> Draw:
        where[draw.__name__] = draw
        return draw

    return entered


def changed(change: Change) -> Draw:
    """The plain picture with something changed: its figure, its axes, the names are passed on."""

    def draw(comparison: Comparison) -> Figure:
        figure = drawn(comparison)
        change(figure, figure.axes[0], [*comparison])
        return figure

    return draw


def each(artists: Callable[[Any], Iterable[Any]], **properties: Any) -> Draw:
    """The plain picture with the properties of some of its artists set."""
    return changed(lambda _, axes, __: [one.set(**properties) for one in artists(axes)])


def all_lines(axes: Any) -> list[Any]:
    return [*axes.lines]


def names(axes: Any) -> list[Any]:
    return axes.get_legend().get_texts()


RIGHT |= {
    "plain": drawn,
    "markers": styled(marker="o", markersize=12),
    "dashed": styled(linestyle="--"),
    "dotted": styled(linestyle=":"),
    "thin": styled(linewidth=0.5),
    "faint": styled(alpha=0.4),
    "steps": styled(drawstyle="steps-mid"),
    "to base 2": changed(lambda _, axes, __: axes.set_yscale("log", base=2)),
    "turned round": changed(lambda _, axes, __: axes.invert_xaxis()),
    "small": changed(lambda figure, _, __: figure.set_size_inches(2, 1.5)),
    "huge": changed(lambda figure, _, __: figure.set(size_inches=(30, 20), dpi=300)),
    "wide limits": changed(lambda _, axes, __: axes.set_ylim(1e-14, 1e4)),
    "without axes": changed(lambda _, axes, __: axes.axis("off")),
    "on grey": changed(lambda _, axes, __: axes.set_facecolor("#eaeaf2")),
    "on nothing": changed(lambda figure, _, __: figure.patch.set(alpha=0)),
    "linear near zero, but not here": changed(
        lambda _, axes, __: axes.set_yscale("symlog", linthresh=1e-12)
    ),
    "a legend without labels": changed(lambda _, axes, names: axes.legend(names)),
    "a legend beside the axes": changed(
        lambda _, axes, __: axes.legend(bbox_to_anchor=(1.02, 1), loc="upper left")
    ),
    "a legend of the figure": changed(
        lambda f, axes, _: (axes.get_legend().remove(), f.legend(loc="outside right upper"))
    ),
    "a legend in colours": changed(lambda _, axes, __: axes.legend(labelcolor="linecolor")),
    "a line to compare with": changed(
        lambda _, axes, __: (axes.axhline(1e-3, color="grey", label="limit"), axes.legend())
    ),
    "areas below": changed(
        lambda _, axes, __: [
            axes.fill_between(*one.get_data(), 1e-6, alpha=0.1) for one in [*axes.lines]
        ]
    ),
    "an empty second axes": changed(
        lambda _, axes, __: axes.twinx().set(yscale="log", ylim=axes.get_ylim())
    ),
    "white rims": each(
        all_lines,
        path_effects=[effects.Stroke(linewidth=4, foreground="white"), effects.Normal()],
    ),
    "samples thicker than lines": changed(
        lambda _, axes, __: [
            one.set(linewidth=4, alpha=1) for one in axes.get_legend().legend_handles
        ]
    ),
}
for _style in ("dark_background", "ggplot", "grayscale", "fivethirtyeight", "seaborn-v0_8", "bmh"):

    def _styled(comparison: Comparison, style: str = _style) -> Figure:
        with plt.style.context(style):
            return drawn(comparison)

    RIGHT[_style] = _styled


@enter(RIGHT)
def names_of_layers(comparison: Comparison) -> Figure:
    figure, axes = plt.subplots()
    for name, layers in comparison.items():
        axes.semilogy([*layers], [*layers.values()], label=f"{name} network")
    axes.tick_params(axis="x", rotation=45)
    axes.legend(fontsize="x-small", ncols=2)
    return figure


@enter(RIGHT)
def padded_with_nan(comparison: Comparison) -> Figure:
    most = max(map(len, comparison.values()))
    padded = {
        name: dict(enumerate([*layers.values()] + [math.nan] * (most - len(layers))))
        for name, layers in comparison.items()
    }
    return drawn(padded)  # type: ignore[arg-type]


@enter(RIGHT)
def error_bars(comparison: Comparison) -> Figure:
    figure, axes = plt.subplots()
    for name, values in lines(comparison):
        axes.errorbar(range(len(values)), values, fmt="-o", label=name)
    axes.set_yscale("log")
    axes.legend()
    return figure


@enter(RIGHT)
def colours_of_a_map(comparison: Comparison) -> Figure:
    figure, axes = plt.subplots()
    for number, (name, values) in enumerate(lines(comparison)):
        axes.semilogy(values, color=plt.get_cmap("viridis")(number / len(comparison)), label=name)
    axes.legend(title="variants")
    return figure


@enter(RIGHT)
def colours_times_dashes(comparison: Comparison) -> Figure:
    figure, axes = plt.subplots()
    axes.set_prop_cycle(cycler(linestyle=["-", "--", ":"]) * cycler(color=["r", "g", "b", "k"]))
    for name, values in lines(comparison):
        axes.semilogy(values, label=name)
    axes.legend()
    return figure


@enter(RIGHT)
def points_of_their_own(comparison: Comparison) -> Figure:
    figure, axes = plt.subplots()
    for number, (name, values) in enumerate(lines(comparison)):
        axes.semilogy(values, color=f"C{number}")
        axes.scatter(range(len(values)), values, color=f"C{number}", label=name)
    axes.legend()
    return figure


@enter(RIGHT)
def a_white_line_below_each(comparison: Comparison) -> Figure:
    figure, axes = plt.subplots()
    for name, values in lines(comparison):
        axes.semilogy(values, color="white", linewidth=4)
        axes.semilogy(values, label=name)
    axes.legend()
    return figure


@enter(RIGHT)
def a_legend_in_axes_of_its_own(comparison: Comparison) -> Figure:
    figure, (axes, beside) = plt.subplots(1, 2, width_ratios=[3, 1])
    for name, values in lines(comparison):
        axes.semilogy(values, label=name)
    beside.axis("off")
    beside.legend(*axes.get_legend_handles_labels())
    return figure


@enter(RIGHT)
def a_legend_in_several_lines(comparison: Comparison) -> Figure:
    figure = drawn(comparison)
    for text in names(figure.axes[0]):
        text.set_text(text.get_text().replace(" ", "\n"))
    return figure


@enter(RIGHT)
def names_with_arrows(comparison: Comparison) -> Figure:
    figure, axes = plt.subplots()
    for number, (name, layers) in enumerate(comparison.items()):
        axes.semilogy([*layers], [*layers.values()])
        axes.annotate(
            name,
            xy=[*layers.items()][-1],
            xytext=(0.1, 0.05 * number),
            textcoords="axes fraction",
            arrowprops={"arrowstyle": "->"},
        )
    return figure


@enter(RIGHT)
def names_in_the_colours_of_the_lines(comparison: Comparison) -> Figure:
    figure, axes = plt.subplots()
    for number, (name, values) in enumerate(lines(comparison)):
        colour = plt.get_cmap("tab20")(number)
        axes.semilogy(values, color=colour)
        figure.text(0.91, 0.9 - 0.05 * number, name, color=colour)
    return figure


@enter(RIGHT)
def a_grid_of_axes(comparison: Comparison) -> Figure:
    rows = math.ceil(len(comparison) / 2)
    figure, grid = plt.subplots(rows, 2, sharex=True, sharey=True, squeeze=False)
    for axes, (name, values) in zip(grid.flat, lines(comparison), strict=False):
        axes.semilogy(values, "o-", label=name)
        axes.legend()
    return figure


@enter(RIGHT)
def a_figure_within_a_figure(comparison: Comparison) -> Figure:
    figure = Figure(layout="constrained")
    inner = figure.subfigures(1, 2, squeeze=False)[0, 0]
    axes = inner.subplots()
    for name, values in lines(comparison):
        axes.semilogy(values, label=name)
    inner.legend()
    return figure


def covered(_: Figure, axes: Any, __: list[str]) -> None:
    axes.add_patch(Rectangle((0, 0), 1, 1, transform=axes.transAxes, color="white", zorder=10))


def below_a_patch(figure: Figure, axes: Any, given: list[str]) -> None:
    covered(figure, axes, given)
    axes.patches[0].set_zorder(1)
    for line in axes.lines:
        line.set_zorder(0)


WRONG |= {
    "one white": changed(lambda _, axes, __: (axes.lines[0].set_color("white"), axes.legend())),
    "nearly white": each(all_lines, color="#fdfdfd"),
    "transparent": changed(lambda _, axes, __: axes.lines[-1].set_alpha(0)),
    "nearly transparent": each(all_lines, alpha=0.02),
    "no width": changed(lambda _, axes, __: axes.lines[0].set_linewidth(0)),
    "hardly any width": each(all_lines, linewidth=0.01),
    "invisible": changed(lambda _, axes, __: axes.lines[-1].set_visible(False)),
    "points alone": each(all_lines, linestyle="none", marker="o"),
    "points and no width": each(all_lines, linewidth=0, marker="o"),
    "gaps as long as the picture": each(all_lines, linestyle=(0, (0.01, 300))),
    "one colour": styled(color="C0"),
    "two colours": changed(
        lambda _, axes, __: [one.set_color(f"C{i % 2}") for i, one in enumerate(axes.lines)]
    ),
    "hardly different colours": changed(
        lambda _, axes, names: (
            [one.set_color((0, 0, i / 255)) for i, one in enumerate(axes.lines)],
            axes.legend(names),
        )
    ),
    "names the other way round": changed(
        lambda _, axes, names: axes.legend(axes.lines, names[::-1])
    ),
    "names moved on": changed(
        lambda _, axes, names: axes.legend(axes.lines, [*names[1:], names[0]])
    ),
    "names in order": changed(lambda _, axes, names: axes.legend(axes.lines, sorted(names))),
    "samples exchanged": changed(
        lambda _, axes, __: [
            sample.set_color(line.get_color())
            for sample, line in zip(
                axes.get_legend().legend_handles, reversed(axes.lines), strict=True
            )
        ]
    ),
    "samples in black": changed(
        lambda _, axes, __: [one.set_color("black") for one in axes.get_legend().legend_handles]
    ),
    "no legend": changed(lambda _, axes, __: axes.get_legend().remove()),
    "an invisible legend": changed(lambda _, axes, __: axes.get_legend().set_visible(False)),
    "white letters": each(names, color="white"),
    "tiny letters": each(names, fontsize=0.5),
    "numbers for names": changed(
        lambda _, axes, __: [one.set_text(str(i)) for i, one in enumerate(names(axes))]
    ),
    "names cut short": changed(
        lambda _, axes, __: [one.set_text(one.get_text()[:3]) for one in names(axes)]
    ),
    "names in the title alone": changed(
        lambda _, axes, names: (axes.get_legend().remove(), axes.set_title(", ".join(names)))
    ),
    "low limits cut off": changed(lambda _, axes, __: axes.set_ylim(bottom=0.1)),
    "high limits cut off": changed(lambda _, axes, __: axes.set_ylim(top=0.1)),
    "layers cut off": changed(lambda _, axes, __: axes.set_xlim(0, 1)),
    "linear": changed(lambda _, axes, __: axes.set_yscale("linear")),
    "linear near zero": changed(lambda _, axes, __: axes.set_yscale("symlog")),
    "layer 0 on a logarithmic scale": changed(lambda _, axes, __: axes.set_xscale("log")),
    "covered": changed(covered),
    "below a patch": changed(below_a_patch),
    "partly covered": changed(lambda _, axes, __: axes.axvspan(0.2, 1.8, color="white", zorder=5)),
    "invisible axes": changed(lambda _, axes, __: axes.set_visible(False)),
    "values raised": changed(
        lambda _, axes, __: [one.set_ydata(np.maximum(one.get_ydata(), 0.01)) for one in axes.lines]
    ),
    "values rounded": changed(
        lambda _, axes, __: [one.set_ydata(np.round(one.get_ydata(), 3)) for one in axes.lines]
    ),
    "values added up": changed(
        lambda _, axes, __: [one.set_ydata(np.cumsum(one.get_ydata())) for one in axes.lines]
    ),
    "three variants": changed(
        lambda _, axes, __: ([one.remove() for one in [*axes.lines][3:]], axes.legend())
    ),
}


@enter(WRONG)
def a_second_scale(comparison: Comparison) -> Figure:
    figure, axes = plt.subplots()
    other = axes.twinx()
    for number, (name, values) in enumerate(lines(comparison)):
        (axes if number % 2 else other).semilogy(values, color=f"C{number}", label=name)
    figure.legend()
    return figure


@enter(WRONG)
def scales_of_their_own(comparison: Comparison) -> Figure:
    figure, row = plt.subplots(1, len(comparison), squeeze=False)
    for axes, (name, values) in zip(row[0], lines(comparison), strict=True):
        axes.semilogy(values)
        axes.set_title(name)
    return figure


@enter(WRONG)
def titles_exchanged(comparison: Comparison) -> Figure:
    figure, row = plt.subplots(1, len(comparison), squeeze=False, sharey=True)
    for axes, name, (_, values) in zip(
        row[0], reversed(comparison), lines(comparison), strict=True
    ):
        axes.semilogy(values)
        axes.set_title(name)
    return figure


@enter(WRONG)
def names_at_other_lines(comparison: Comparison) -> Figure:
    figure, axes = plt.subplots()
    for name, (_, values) in zip(reversed(comparison), lines(comparison), strict=True):
        axes.semilogy(values)
        axes.text(len(values) - 1, values[-1], name)
    return figure


@enter(WRONG)
def names_in_a_corner(comparison: Comparison) -> Figure:
    figure, axes = plt.subplots()
    for number, (name, values) in enumerate(lines(comparison)):
        axes.semilogy(values)
        axes.text(0.02, 0.02 + 0.03 * number, name, transform=axes.transAxes)
    return figure


@enter(WRONG)
def scattered(comparison: Comparison) -> Figure:
    figure, axes = plt.subplots()
    for name, values in lines(comparison):
        axes.scatter(range(len(values)), values, label=name)
    axes.set_yscale("log")
    axes.legend()
    return figure


@enter(WRONG)
def logarithms_on_a_linear_scale(comparison: Comparison) -> Figure:
    figure, axes = plt.subplots()
    for name, values in lines(comparison):
        axes.plot([math.log10(value) if value else -99 for value in values], label=name)
    axes.legend()
    return figure


def rejected(draw: Draw, solutions: Answers) -> list[str]:
    """What the checks of plot have against a way to draw."""
    entry = Alternative("one", "2.4", "plot", "", {"gradient_comparison.plot": draw})
    trial = solutions.trying(entry)
    checks = [one for one in REGISTER.values() if one.function == "gradient_comparison.plot"]
    found = (check.failure(trial, case) for check in checks for case in check.corpus)
    return [str(wrong) for wrong in found if wrong]


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_picture_is_accepted(name: str, solutions: Answers) -> None:
    assert rejected(RIGHT[name], solutions) == []


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_picture_is_rejected(name: str, solutions: Answers) -> None:
    messages = rejected(WRONG[name], solutions)
    assert messages
    assert not any("raised" in message for message in messages), messages


colours = st.tuples(*[st.floats(0, 1)] * 3)


@pytest.mark.parametrize(
    ("rgb", "expected"),
    [
        ((1, 1, 1), (100, 0, 0)),
        ((0, 0, 0), (0, 0, 0)),
        # The red, green and blue of sRGB, to the digits of its matrix.
        ((1, 0, 0), (53.24, 80.09, 67.20)),
        ((0, 1, 0), (87.73, -86.18, 83.18)),
        ((0, 0, 1), (32.30, 79.19, -107.86)),
    ],
)
def test_colours_are_where_the_standard_has_them(rgb: Any, expected: Any) -> None:
    assert math.dist(lab(rgb), expected) < 0.05


@given(colours, colours, colours)
def test_the_distance_of_colours_is_a_metric(one: Any, two: Any, three: Any) -> None:
    assert distance(one, one) == 0
    assert distance(one, two) == distance(two, one)
    assert distance(one, three) <= distance(one, two) + distance(two, three) + 1e-9
