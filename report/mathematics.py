"""The claims as mathematics that a browser sets itself: MathML, made from LaTeX."""

import re
from html import escape

from latex2mathml.converter import convert

CLAIMS = {
    "1.1": r"""
Let $s = \text{softmax}(y)$ and $E = \frac{1}{n} \sum_{k} (s_k - t_k)^2$, with $n$ the number of
elements. Both are differentiable everywhere, so the chain rule gives the gradient that training
needs:

$$\frac{∂s_i}{∂y_j} = s_i (1_{i=j} - s_j), \quad
\frac{∂E}{∂y_j} = s_j \left( g_j - \sum_i g_i s_i \right), \quad g = \frac{2}{n} (s - t)\text{.}$$

The answer is **A**. It has its price: as $\left|δ_j\right| \le \frac{4}{n} s_j (1 - s_j)$, $δ$
vanishes wherever the network is sure of a class, a wrong one, too, and learning stalls.
""",
    "1.2": r"""
Each output of the layer depends on its own input alone, $y_i^{(l)} = f(y_i^{(l-1)})$, so the
Jacobian is diagonal and the chain rule is a product element by element:

$$\frac{∂y_i^{(l)}}{∂y_j^{(l-1)}} = 1_{i=j} f'(y_j^{(l-1)})
\quad \Rightarrow δ^{(l-1)} = δ^{(l)} \odot f'(y^{(l-1)})\text{.}$$

The answer is **A**. For the sigmoid $f'(y) = f(y)(1 - f(y))$, which lies between 0 and
$f'(0) = \frac{1}{4}$: no component of $δ$ grows on its way through, or changes its sign.
""",
    "1.3": r"""
$$E = \frac{1}{2} \left\|y^{(L)} - t\right\|^2 = \frac{1}{2} \sum_k (y_k^{(L)} - t_k)^2
\quad \Rightarrow δ_k^{(L)} = \frac{∂E}{∂y_k^{(L)}} = y_k^{(L)} - t_k\text{.}$$

The answer is **A**, whatever layer $L$ is. One layer further back stands
$δ^{(L-1)} = J^\top (y^{(L)} - t)$, with $J$ the Jacobian of layer $L$. This is option C,
$(y^{(L)} - t) \odot f'(y^{(L-1)})$, exactly where layer $L$ is itself an activation
$y^{(L)} = f(y^{(L-1)})$, element by element; under that reading A and C both hold.
""",
    "1.4": r"""
Let the softmax be layer $L$, $y^{(L)} = f(y^{(L-1)})$, and $E = -\sum_k t_k \ln\, y_k^{(L)}$ with
$\sum_k t_k = 1$. Since $\ln\, y_k^{(L)} = y_k^{(L-1)} - \ln\, \sum_i \exp(y_i^{(L-1)})$,

$$δ_j^{(L-1)} = \frac{∂E}{∂y_j^{(L-1)}} = y_j^{(L)} \sum_k t_k - t_j = y_j^{(L)} - t_j\text{.}$$

The answer is **B**. A is not: at the output itself $δ_k^{(L)} = -t_k / y_k^{(L)}$, and where
$y^{(L)}$ is read as what goes into the softmax, $δ^{(L)} = f(y^{(L)}) - t$. C is not either, for
the Jacobian of the softmax is not diagonal.
""",
    "1.5": r"""
A convolution (valid, stride 1, one channel) of an image $x$ with a kernel $K$ of shape $(a, b)$ is
a fully connected layer $W x$ of a special kind:

$$(W x)_{(i, j)} = \sum_{p=0}^{a-1} \sum_{q=0}^{b-1} K_{p q} x_{i+p, j+q}
\quad \Rightarrow W_{(i, j), (i+p, j+q)} = K_{p q} \text{ and 0 elsewhere}\text{.}$$

The answer is **BD**. A row of $W$ is zero outside one window: local connection. Every row holds the
same $a b$ numbers: weight sharing. A convolution with kernels of shape $(k, k)$ from $c$ to $m$
channels has $m (c k^2 + 1)$ parameters, whatever the size of the image.
""",
    "1.6": r"""
A fully connected layer has one weight for each pair of input and output and one bias for each
output. For $m$ units on an image of height $h$, width $w$ and $c$ channels this is

$$m (c h w + 1),$$

which grows with the area of the image. With any permutation matrix $P$ of the pixels,
$W x = (W P^\top)(P x)$: the layer does not know which pixels are neighbours, and what it has
learned in one place it has to learn again in another.
""",
    "2.1": r"""
$$C_{i j} = 0, \quad (A \,\pm\, B)_{i j} = A_{i j} \,\pm\, B_{i j}, \quad
(A \odot B)_{i j} = A_{i j} B_{i j}, \quad (A B)_{i j} = \sum_{k=1}^n A_{i k} B_{k j}\text{.}$$

Sum, difference and the product element by element round once, so they are compared bit for bit. The
matrix product is a sum of $n$ products, for which every order of summation stays within

$$\left|\text{fl}(A B) - A B\right|_{i j} \le γ_n (\left|A\right| \left|B\right|)_{i j},
\quad γ_n = \frac{n u}{1 - n u},$$

$u$ the unit roundoff of the dtype; on small integers it is exact.
""",
    "2.2": r"""
For $x$ of shape $(m, n)$, row by row, and for its centred block of shape $(r, c)$:

$$\text{flat}_{n i + j} = x_{i j}, \quad
\text{middle}_{i j} = x_{i + (m - r)/2, j + (n - c)/2}\text{.}$$

For the exercise, $(6, 4)$ and $(4, 2)$, the block is rows 1 to 4 and columns 1 to 2, counted
from 0.
""",
    "2.3": r"""
With $S = \sum_{i, j} (X M)_{i j} = \sum_{i, k, j} X_{i k} M_{k j}$,

$$\frac{∂S}{∂X_{i k}} = \sum_j M_{k j}, \quad \frac{∂S}{∂X} = 1 M^\top =
\begin{bmatrix}1 & 1 & 1 \\ 1 & 1 & 1 \\ 1 & 1 & 1\end{bmatrix}
\begin{bmatrix}1 & 1 & 0 \\ 0 & 1 & 3 \\ 2 & 0 & 1\end{bmatrix} =
\begin{bmatrix}3 & 2 & 4 \\ 3 & 2 & 4 \\ 3 & 2 & 4\end{bmatrix},$$

with $1$ the matrix of ones: every row of the gradient is the row sums of $M$. $X$ itself does not
occur, for $S$ is linear in it.
""",
    "2.4": r"""
A pixel is a byte $b$ and reaches the network as $(b/255 - 0.1307)/0.3081$. With $E$ the mean
cross-entropy of the batch, the gradient of a linear layer $y^{(l)} = W^{(l)} y^{(l-1)} + b^{(l)}$
follows from its $δ$, and $δ$ goes on to the layer before it:

$$\frac{∂E}{∂W^{(l)}} = \sum_{\text{examples}} δ^{(l)} (y^{(l-1)})^\top, \quad
δ^{(l-1)} = W^{(l)\top} δ^{(l)},$$

through an activation as in 1.2. A linear and a sigmoid layer together let at most
$\frac{1}{4} \left\|W\right\|_2 \left\|δ\right\|$ pass, so gradients fade towards the
input. In a ReLU network without biases
$\left\langle W^{(l)}, ∂E/∂W^{(l)} \right\rangle$ is the same for every layer, by Euler's theorem.
Training steps by the gradient, $W \leftarrow W - η ∂E/∂W$.
""",
    "2.5": r"""
$$\hat{y}_i = w x_i + b, \quad E = \frac{1}{n} \sum_{i=1}^n (\hat{y}_i - y_i)^2,$$

$$\frac{∂E}{∂w} = \frac{2}{n} \sum_i (\hat{y}_i - y_i) x_i, \quad
\frac{∂E}{∂b} = \frac{2}{n} \sum_i (\hat{y}_i - y_i), \quad
θ \leftarrow θ - η \frac{∂E}{∂θ} \text{ for } θ = (w, b)\text{.}$$

With $H$ the Hessian of $E$ and $θ_*$ the solution of least squares, after $k$ epochs
$θ_k - θ_* = (I - η H)^k (θ_0 - θ_*)$: it converges just where $η \lt 2/λ_{\text{max}}$. The weights
that are loaded are those that were saved, so both models give the same outputs, bit for bit.
""",
}
"""What each exercise claims, by its number: prose with $mathematics$ and $$displayed$$ ones.

``\\quad`` divides formulas that are displayed side by side.
"""


def claim(number: str) -> str:
    """The claim of an exercise as HTML with MathML, or "" where it makes none."""
    return "\n".join(map(_paragraph, re.findall(r"\S(?:.|\n(?!\n))*", CLAIMS.get(number, ""))))


def _paragraph(text: str) -> str:
    """HTML of a paragraph in which $…$ is mathematics and **…** is strong."""
    if text.startswith("$$"):
        # Formulas side by side wrap where the page is narrow, which one formula would not.
        formulas = [_mathml(formula, "block") for formula in text.strip("$\n").split(r"\quad")]
        return f'<div class="formula">{"".join(formulas)}</div>'
    # What follows a formula without a space, a comma say, stays on its line.
    html = re.sub(
        r"\$([^$]+)\$([^\s$]*)",
        lambda found: f'<span class="whole">{_mathml(found[1])}{found[2]}</span>',
        escape(text, quote=False),
    )
    return "<p>" + re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", html) + "</p>"


def _mathml(latex: str, display: str = "inline") -> str:
    return convert(latex, display=display).replace(
        ' xmlns="http://www.w3.org/1998/Math/MathML"', ""
    )
