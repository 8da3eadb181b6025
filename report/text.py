"""Text and numbers as every report sets them."""

import math
import re


def visible(text: str) -> str:
    """The text with every character that has no picture written as its escape sequence."""

    def sign(found: re.Match[str]) -> str:
        c = found[0]
        return c if c.isprintable() else c.encode("unicode_escape").decode()

    return re.sub(r"[^ -~\n]", sign, text.replace("\r\n", "\n").expandtabs(4))


def printable(text: str) -> str:
    """The text without signs that nobody sees; letters of every script stay as they are."""
    return "".join(sign for sign in text if sign.isprintable())


def clipped(text: str, most: int) -> str:
    """The text, or as much of it as a paragraph, a cell or a legend should hold."""
    return text if len(text) <= most else f"{text[:most]}…"


def number(value: float) -> str:
    """A number as it is set: four significant digits, 1,234, −0.5, 1.2·10⁻⁷."""
    if not math.isfinite(value):
        return signed(str(value))
    if isinstance(value, int) or (value.is_integer() and abs(value) < 1e7):
        return signed(f"{int(value):,}")
    return typeset(f"{value:.4g}")


def typeset(text: str) -> str:
    """A number as Python writes it, -1.2e-07, as it is set: −1.2·10⁻⁷."""
    mantissa, e, power = text.partition("e")
    return signed(f"{mantissa}·{ten(int(power))}" if e else mantissa)


def ten(power: int) -> str:
    """A power of ten: 10⁻⁷."""
    return "10" + str(power).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def signed(text: str) -> str:
    """The text with the sign for minus in place of the hyphen."""
    return text.replace("-", "−")
