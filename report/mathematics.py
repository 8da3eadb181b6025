r"""The claims as mathematics that a browser sets itself: MathML, from a notation close to paper.

In the notation a letter is a variable, a word of several letters a named function, and every other
sign stands for itself. ``_`` and ``^`` put the next symbol or {group} below or above,
``\frac{a}{b}`` is a fraction, ``\hat{y}`` wears a hat, ``\matrix{a & b \\ c & d}`` stands in
brackets, ``\left( … \right)`` grow with what they hold, and ``\text{…}`` is prose. ``\quad``
divides formulas that are displayed side by side.
"""

import re
from collections.abc import Iterator
from html import escape

CLAIMS = {
    "1.1": r"""
Let $s = softmax(y)$ and $E = \frac{1}{n} ∑_{k} (s_k - t_k)^2$, with $n$ the number of elements.
Both are differentiable everywhere, so the chain rule gives the gradient that training needs:

$$\frac{∂s_i}{∂y_j} = s_i (1_{i=j} - s_j), \quad
\frac{∂E}{∂y_j} = s_j \left( g_j - ∑_i g_i s_i \right), \quad g = \frac{2}{n} (s - t).$$

The answer is **A**. The factor $s_j$ has its price: where the network is sure of a wrong class,
$s_j$ is close to 0 for the right one, $δ$ vanishes with it, and learning stalls.
""",
    "1.2": r"""
Each output of the layer depends on its own input alone, $y_i^{(l)} = f(y_i^{(l-1)})$, so the
Jacobian is diagonal and the chain rule is a product element by element:

$$\frac{∂y_i^{(l)}}{∂y_j^{(l-1)}} = 1_{i=j} f'(y_j^{(l-1)})
\quad ⟹ δ^{(l-1)} = δ^{(l)} ⊙ f'(y^{(l-1)}).$$

The answer is **A**. For the sigmoid $f'(y) = f(y)(1 - f(y))$, which lies between 0 and
$f'(0) = \frac{1}{4}$: no component of $δ$ grows on its way through, or changes its sign.
""",
    "1.3": r"""
$$E = \frac{1}{2} ‖y^{(L)} - t‖^2 = \frac{1}{2} ∑_k (y_k^{(L)} - t_k)^2
\quad ⟹ δ_k^{(L)} = \frac{∂E}{∂y_k^{(L)}} = y_k^{(L)} - t_k.$$

The answer is **A**, whatever layer $L$ is. One layer further back stands
$δ^{(L-1)} = J^⊤ (y^{(L)} - t)$, with $J$ the Jacobian of layer $L$. This is option C,
$(y^{(L)} - t) ⊙ f'(y^{(L-1)})$, exactly where layer $L$ is itself an activation
$y^{(L)} = f(y^{(L-1)})$, element by element; under that reading A and C both hold.
""",
    "1.4": r"""
Let the softmax be layer $L$, $y^{(L)} = f(y^{(L-1)})$, and $E = -∑_k t_k ln y_k^{(L)}$ with
$∑_k t_k = 1$. Since $ln y_k^{(L)} = y_k^{(L-1)} - ln ∑_i exp(y_i^{(L-1)})$,

$$δ_j^{(L-1)} = \frac{∂E}{∂y_j^{(L-1)}} = y_j^{(L)} ∑_k t_k - t_j = y_j^{(L)} - t_j.$$

The answer is **B**. A is not: at the output itself $δ_k^{(L)} = -t_k / y_k^{(L)}$, and where
$y^{(L)}$ is read as what goes into the softmax, $δ^{(L)} = f(y^{(L)}) - t$. C is not either, for
the Jacobian of the softmax is not diagonal.
""",
    "1.5": r"""
A convolution (valid, stride 1, one channel) of an image $x$ with a kernel $K$ of shape $(a, b)$ is
a fully connected layer $W x$ of a special kind:

$$(W x)_{(i, j)} = ∑_{p=0}^{a-1} ∑_{q=0}^{b-1} K_{p q} x_{i+p, j+q}
\quad ⟹ W_{(i, j), (i+p, j+q)} = K_{p q} \text{ and 0 elsewhere}.$$

The answer is **BD**. A row of $W$ is zero outside one window: local connection. Every row holds the
same $a b$ numbers: weight sharing. A convolution with kernels of shape $(k, k)$ from $c$ to $m$
channels has $m (c k^2 + 1)$ parameters, whatever the size of the image.
""",
    "1.6": r"""
A fully connected layer has one weight for each pair of input and output and one bias for each
output. For $m$ units on an image of height $h$, width $w$ and $c$ channels this is

$$m (c h w + 1),$$

which grows with the area of the image. With any permutation matrix $P$ of the pixels,
$W x = (W P^⊤)(P x)$: the layer does not know which pixels are neighbours, and what it has learned
in one place it has to learn again in another.
""",
    "2.1": r"""
$$C_{i j} = 0, \quad (A ± B)_{i j} = A_{i j} ± B_{i j}, \quad
(A ⊙ B)_{i j} = A_{i j} B_{i j}, \quad (A B)_{i j} = ∑_{k=1}^n A_{i k} B_{k j}.$$

Sum, difference and the product element by element round once, so they are compared bit for bit. The
matrix product is a sum of $n$ products, for which every order of summation stays within

$$|fl(A B) - A B|_{i j} ≤ γ_n (|A| |B|)_{i j}, \quad γ_n = \frac{n u}{1 - n u},$$

$u$ the unit roundoff of the dtype; on small integers it is exact.
""",
    "2.2": r"""
For $x$ of shape $(m, n)$, row by row, and for its centred block of shape $(r, c)$:

$$flat_{n i + j} = x_{i j}, \quad
middle_{i j} = x_{i + (m - r)/2, j + (n - c)/2}.$$

For the exercise, $(6, 4)$ and $(4, 2)$, the block is rows 1 to 4 and columns 1 to 2, counted
from 0.
""",
    "2.3": r"""
With $S = ∑_{i, j} (X M)_{i j} = ∑_{i, k, j} X_{i k} M_{k j}$,

$$\frac{∂S}{∂X_{i k}} = ∑_j M_{k j}, \quad \frac{∂S}{∂X} = 1 M^⊤ =
\matrix{1 & 1 & 1 \\ 1 & 1 & 1 \\ 1 & 1 & 1} \matrix{1 & 1 & 0 \\ 0 & 1 & 3 \\ 2 & 0 & 1} =
\matrix{3 & 2 & 4 \\ 3 & 2 & 4 \\ 3 & 2 & 4},$$

with $1$ the matrix of ones: every row of the gradient is the row sums of $M$. $X$ itself does not
occur, for $S$ is linear in it.
""",
    "2.4": r"""
A pixel is a byte $b$ and reaches the network as $(b/255 - 0.1307)/0.3081$. With $E$ the mean
cross-entropy of the batch, the gradient of a linear layer $y^{(l)} = W^{(l)} y^{(l-1)} + b^{(l)}$
follows from its $δ$, and $δ$ goes on to the layer before it:

$$\frac{∂E}{∂W^{(l)}} = ∑_{examples} δ^{(l)} (y^{(l-1)})^⊤, \quad
δ^{(l-1)} = W^{(l)⊤} δ^{(l)},$$

through an activation as in 1.2. A linear and a sigmoid layer together let at most
$\frac{1}{4} ‖W‖_2 ‖δ‖$ pass, so gradients fade towards the input. In a ReLU network without biases
$⟨W^{(l)}, ∂E/∂W^{(l)}⟩$ is the same for every layer, by Euler's theorem.
Training steps by the gradient, $W ← W - η ∂E/∂W$.
""",
    "2.5": r"""
$$\hat{y}_i = w x_i + b, \quad E = \frac{1}{n} ∑_{i=1}^n (\hat{y}_i - y_i)^2,$$

$$\frac{∂E}{∂w} = \frac{2}{n} ∑_i (\hat{y}_i - y_i) x_i, \quad
\frac{∂E}{∂b} = \frac{2}{n} ∑_i (\hat{y}_i - y_i), \quad
θ ← θ - η \frac{∂E}{∂θ} \text{ for } θ = (w, b).$$

With $H$ the Hessian of $E$ and $θ_*$ the solution of least squares, after $k$ epochs
$θ_k - θ_* = (I - η H)^k (θ_0 - θ_*)$: it converges just where $η < 2/λ_{max}$. The weights that are
loaded are those that were saved, so both models give the same outputs, bit for bit.
""",
}
"""What each exercise claims, by its number: prose with $mathematics$ and $$displayed$$ ones."""

_TOKEN = re.compile(r"\\\\|\\text\{[^}]*\}|\\[a-z]+|[0-9]+(?:\.[0-9]+)?|[A-Za-z]{2,}|\S")
_OPEN, _CLOSE = "([⟨", ")]⟩"
_THIN = '<mspace width="0.17em"/>'


def claim(number: str) -> str:
    """The claim of an exercise as HTML with MathML, or "" where it makes none."""
    return prose(CLAIMS.get(number, ""))


def prose(text: str) -> str:
    """Paragraphs, divided by empty lines, in which $…$ is mathematics and **…** is strong."""
    paragraphs = []
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        if paragraph.startswith("$$"):
            # Formulas side by side wrap where the page is narrow, which one formula would not.
            formulas = re.split(r"\\quad", paragraph.strip("$"))
            html = "".join(mathml(formula, display=True) for formula in formulas)
            paragraphs.append(f'<div class="formula">{html}</div>')
        elif paragraph:
            parts = re.split(r"(\$[^$]+\$)", paragraph)
            html = "".join(
                mathml(part.strip("$")) if part.startswith("$") else escape(part) for part in parts
            )
            html = re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", html)
            # What follows a formula without a space, a comma say, stays on its line.
            html = re.sub(
                r"(<math>(?:(?!</math>).)*</math>)([^\s<]+)",
                r'<span class="whole">\1\2</span>',
                html,
            )
            paragraphs.append(f"<p>{html}</p>")
    return "\n".join(paragraphs)


def mathml(notation: str, *, display: bool = False) -> str:
    """One formula. Raises ValueError where the notation is not well formed."""
    tokens = _Tokens(_TOKEN.findall(notation))
    row = _row(tokens, ())
    tokens.end()
    if display:
        return f'<math display="block">{row}</math>'
    return f"<math>{row}</math>"


class _Tokens:
    def __init__(self, tokens: list[str]) -> None:
        self._rest = tokens[::-1]

    def next(self) -> str:
        if not self._rest:
            raise ValueError("the formula ends too early")
        return self._rest.pop()

    def end(self) -> None:
        if self._rest:
            raise ValueError(f"the formula goes on with {self.peek()}")

    def peek(self) -> str:
        return self._rest[-1] if self._rest else ""

    def expect(self, token: str) -> None:
        if (found := self.next()) != token:
            raise ValueError(f"expected {token} in the formula, found {found}")

    def until(self, ends: tuple[str, ...]) -> Iterator[None]:
        while self._rest and self.peek() not in (*ends, "}"):
            yield


def _row(tokens: _Tokens, ends: tuple[str, ...]) -> str:
    parts: list[str] = []
    for _ in tokens.until(ends):
        # A function's name keeps its distance from a factor in front of it.
        if parts and _is_word(tokens.peek()) and not parts[-1].endswith("</mo>"):
            parts.append(_THIN)
        parts.append(_scripted(tokens))
    return parts[0] if len(parts) == 1 else f"<mrow>{''.join(parts)}</mrow>"


def _is_word(token: str) -> bool:
    return len(token) > 1 and token.isalpha()


def _group(tokens: _Tokens) -> str:
    """What follows: a {group}, or one symbol."""
    if tokens.peek() != "{":
        return _symbol(tokens)
    tokens.next()
    row = _row(tokens, ("}",))
    tokens.expect("}")
    return row


def _scripted(tokens: _Tokens) -> str:
    """A symbol with what stands below and above it."""
    base, primes, below, above = _symbol(tokens), "", "", ""
    while tokens.peek() in ("_", "^", "'"):
        script = tokens.next()
        if script == "_":
            below = _group(tokens)
        elif script == "^":
            above = _group(tokens)
        else:
            primes += "′"
    if primes:
        above = f'<mrow><mo form="postfix" lspace="0" rspace="0">{primes}</mo>{above}</mrow>'
    # A sum has its limits under and over it where there is room, beside it within a line; the
    # operator dictionary of MathML knows.
    sub, sup = ("munder", "mover") if base == "<mo>∑</mo>" else ("msub", "msup")
    if below and above:
        tag = sub + sup.removeprefix("m")
        return f"<{tag}>{base}{below}{above}</{tag}>"
    if below:
        return f"<{sub}>{base}{below}</{sub}>"
    return f"<{sup}>{base}{above}</{sup}>" if above else base


def _symbol(tokens: _Tokens) -> str:
    token = tokens.next()
    if token.startswith("\\"):
        return _command(token, tokens)
    if token == "{":
        row = _row(tokens, ("}",))
        tokens.expect("}")
        return row
    if token[0].isdigit():
        return f"<mn>{token}</mn>"
    if token.isalpha() or token == "∂":
        # And from an argument that stands without parentheses.
        gap = _THIN if _is_word(token) and tokens.peek().isalpha() else ""
        return f"<mrow><mi>{token}</mi>{gap}</mrow>" if gap else f"<mi>{token}</mi>"
    if token in _OPEN or token in _CLOSE:
        form = "prefix" if token in _OPEN else "postfix"
        return f'<mo form="{form}" stretchy="false">{token}</mo>'
    if token in "|‖":
        # Which side of its content a bar is on cannot be told, so it keeps no distance at all.
        return f'<mo stretchy="false" lspace="0" rspace="0">{token}</mo>'
    if token == "⟹":
        return '<mo form="infix" lspace="0" rspace="0.6em">⟹</mo>'
    if token in "/.":
        return f'<mo lspace="0" rspace="0">{token}</mo>'
    return f"<mo>{escape('−' if token == '-' else token)}</mo>"


def _command(token: str, tokens: _Tokens) -> str:
    if token == r"\frac":
        return f"<mfrac>{_group(tokens)}{_group(tokens)}</mfrac>"
    if token == r"\hat":
        return f'<mover accent="true">{_group(tokens)}<mo stretchy="false">^</mo></mover>'
    if token.startswith(r"\text{"):
        words = escape(token[6:-1]).replace(" ", "\u00a0")
        return f"<mtext>{words}</mtext>"
    if token == r"\left":
        opening = tokens.next()
        row = _row(tokens, (r"\right",))
        tokens.expect(r"\right")
        return _fenced(opening, row, tokens.next())
    if token == r"\matrix":
        tokens.expect("{")
        rows: list[list[str]] = [[]]
        for _ in tokens.until(("}",)):
            rows[-1].append(f"<mtd>{_row(tokens, ('&', chr(92) * 2, '}'))}</mtd>")
            if tokens.peek() == "&":
                tokens.next()
            elif tokens.peek() == r"\\":
                tokens.next()
                rows.append([])
        tokens.expect("}")
        table = "".join(f"<mtr>{''.join(row)}</mtr>" for row in rows)
        return _fenced("[", f"<mtable>{table}</mtable>", "]")
    raise ValueError(f"the notation has no {token}")


def _fenced(opening: str, row: str, closing: str) -> str:
    left = f'<mo form="prefix" stretchy="true">{opening}</mo>'
    right = f'<mo form="postfix" stretchy="true">{closing}</mo>'
    return f"<mrow>{left}{row}{right}</mrow>"
