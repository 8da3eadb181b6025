"""Pictures in which something cannot be seen: each is a right one that was changed afterwards."""

from collections.abc import Callable
from typing import Any

from judging.matrix import wrapper


def picture(this_is: str, *, look: str) -> Callable[[Any], Any]:
    """Enter the decorated function, which changes a figure with one axes and its legend."""

    def enter(change: Any) -> Any:
        def wrap(right: Any) -> Any:
            def wrong(comparison: Any) -> Any:
                figure = right(comparison)
                change(figure.axes[0], figure.axes[0].lines)
                return figure

            return wrong

        wrap.__name__, wrap.__module__ = change.__name__, change.__module__
        wrapper(this_is, look=look, on=("plot",), elsewhere="it draws no picture")(wrap)
        return change

    return enter


@picture(
    "a picture with a line in the colour of the paper",
    look="Choose colours that show on the background.",
)
def draws_a_line_in_white(axes, lines):
    lines[-1].set_color("white")
    axes.legend()


@picture(
    "a picture with lines that let nearly all light through",
    look="alpha is the opacity: 0 is invisible, 1 covers what is behind.",
)
def draws_lines_with_hardly_any_opacity(axes, lines):
    for line in lines:
        line.set(alpha=0.02, marker="")


@picture(
    "a picture with a line of no width",
    look="linewidth is in points: 1 or 2 can be seen well.",
)
def draws_a_line_of_no_width(axes, lines):
    lines[0].set(linewidth=0, marker="")


@picture(
    "a picture with points that no line joins",
    look="Give plot a line style, and not a marker alone: the slope is what the picture shows.",
)
def draws_points_alone(axes, lines):
    for line in lines:
        line.set(linestyle="none", marker="o")


@picture(
    "a picture with all lines in one style",
    look="Let matplotlib choose a colour for each line, or give each a style of its own.",
)
def draws_all_lines_alike(axes, lines):
    for line in lines:
        line.set_color("C0")
    axes.legend()


@picture(
    "a picture with its second line in the style of the first",
    look="Give each line a colour of its own.",
)
def draws_the_second_like_the_first(axes, lines):
    for line in lines[1:2]:
        line.set_color(lines[0].get_color())
    axes.legend()


@picture(
    "a picture with the names of its legend in another order than the lines",
    look="Give label=variant to the plot call that draws it, and call legend() without names.",
)
def names_the_lines_backwards(axes, lines):
    axes.legend(lines, [line.get_label() for line in reversed(lines)])


@picture(
    "a picture with a legend whose samples look all alike",
    look="Leave the colours of the samples to legend().",
)
def shows_samples_in_black(axes, lines):
    for sample in axes.get_legend().legend_handles:
        sample.set_color("black")


@picture(
    "a picture with a legend in white letters on white",
    look="Choose letters that show on the legend.",
)
def writes_the_legend_in_white(axes, lines):
    for text in axes.get_legend().get_texts():
        text.set_color("white")


@picture(
    "a picture that cuts small gradients off",
    look="Leave the limits to matplotlib: the smallest gradients are what vanishes.",
)
def cuts_small_gradients_off(axes, lines):
    axes.set_ylim(bottom=0.1)


@picture(
    "a picture that cuts the last layers off",
    look="Leave the limits to matplotlib, or let them hold every layer.",
)
def cuts_the_last_layers_off(axes, lines):
    axes.set_xlim(right=1.5)


@picture(
    "a picture with a scale that is logarithmic for large gradients only",
    look='Write set_yscale("log"): "symlog" is linear below its linthresh, which is 2.',
)
def is_linear_near_zero(axes, lines):
    axes.set_yscale("symlog")


@picture(
    "a picture with the last variant on a second scale",
    look="Draw all variants in one axes: on a scale of its own a line tells nothing of the others.",
)
def draws_the_last_on_a_scale_of_its_own(axes, lines):
    if len(lines) > 1:
        other = axes.twinx()
        other.semilogy(*lines[-1].get_data(), color=lines[-1].get_color())
        lines[-1].set_data([], [])
    else:
        axes.set_yscale("linear")


@picture(
    "a picture that something covers",
    look="Draw backgrounds with a lower zorder than the lines.",
)
def covers_the_lines(axes, lines):
    axes.axhspan(0.0, 1.0, color="white", zorder=9)


@picture(
    "a picture of five layers at most",
    look="Draw every layer, however many there are.",
)
def draws_five_layers_at_most(axes, lines):
    for line in lines:
        x, y = line.get_data()
        line.set_data(x[:5], y[:5])


@picture(
    "a picture of ten variants at most",
    look="Draw every variant, however many there are.",
)
def draws_ten_variants_at_most(axes, lines):
    for line in [*lines][10:]:
        line.remove()
