"""Section 1: six questions on backpropagation, each answered by a derivation and by code.

Notation: layer l turns y^(l-1) into y^(l); E is the error of one example (or of a batch);
δ^(l) = ∂E/∂y^(l) is what backpropagation hands from layer to layer; t is the target; ⊙ multiplies
element by element. Every ``…_delta`` function returns ∂E/∂y, a tensor like its argument ``y``.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from solutions.guards import checked, require


@checked
def answers() -> dict[str, str]:
    """The answer to each question, letters or prose; the functions below say why."""
    return {
        "1.1": "A",  # yes, softmax can be used with the mean squared error
        "1.2": "A",  # yes, δ^(l-1) = δ^(l) ⊙ f'(y^(l-1))
        "1.3": "A",  # δ^(L) = y^(L) − t
        "1.4": "B",  # δ^(L-1) = y^(L) − t
        "1.5": "BD",  # local connection and weight sharing
        "1.6": (
            "Too many parameters: every input pixel is connected to every hidden unit, so the "
            "weights grow with the image area and the network overfits. "
            "The image is flattened to a vector, which discards its spatial structure: the "
            "network does not know which pixels are neighbours. "
            "It is not translation invariant: nothing is shared between positions, and a digit "
            "that moves has to be learned again in its new place."
        ),
    }


@checked
def softmax_mse_delta(y: Float[Tensor, "*N K"], t: Float[Tensor, "*N K"]) -> Float[Tensor, "*N K"]:
    """1.1: δ for E = mean((s − t)²), the mean over all n elements, with s = softmax(y).

    Softmax and the mean squared error are both differentiable, so they can be used together:
    with g = ∂E/∂s = 2(s − t)/n and ∂s_i/∂y_j = s_i(1[i = j] − s_j), the chain rule gives
    δ_j = Σ_i g_i ∂s_i/∂y_j = s_j (g_j − Σ_i g_i s_i).

    But they learn slowly where the softmax saturates, that is, where one s_j is near 1 and all
    others are near 0. There every δ_j is near 0: for the others because of the factor s_j, and for
    the one near 1 because the sum is then near g_j. So a network that is certain of the wrong class
    hardly learns that it is wrong. The δ of cross-entropy, s − t, has no such factor (1.4).
    """
    s = torch.softmax(y, dim=-1)
    g = 2 * (s - t) / y.numel()
    return s * (g - (g * s).sum(dim=-1, keepdim=True))


@checked
def sigmoid_layer_delta(
    delta: Float[Tensor, "*shape"], y: Float[Tensor, "*shape"]
) -> Float[Tensor, "*shape"]:
    """1.2: δ^(l-1) from delta = δ^(l) and y = y^(l-1), for the sigmoid layer y^(l) = f(y^(l-1)).

    Each output depends on its own input alone, so the Jacobian is diagonal and the chain rule
    is a product element by element: δ^(l-1) = δ^(l) ⊙ f'(y^(l-1)). The derivative
    f'(y) = f(y)(1 − f(y)) is taken at the input of the layer, y^(l-1).
    """
    f = torch.sigmoid(y)
    return delta * f * (1 - f)


@checked
def euclidean_delta(
    y: Float[Tensor, "*shape"], t: Float[Tensor, "*shape"]
) -> Float[Tensor, "*shape"]:
    """1.3: δ for E = ½‖y − t‖² = ½ Σ (y − t)², summed over the batch.

    ∂E/∂y = y − t. With y = y^(L), the output of the network, this is δ^(L) = y^(L) − t, whatever
    layer L is. If layer L is an activation f, then δ^(L-1) = (y^(L) − t) ⊙ f'(y^(L-1)) by 1.2.
    """
    return y - t


@checked
def softmax_cross_entropy_delta(
    y: Float[Tensor, "*N K"], t: Float[Tensor, "*N K"]
) -> Float[Tensor, "*N K"]:
    """1.4: δ for E = −Σ t ln s with s = softmax(y), summed over the batch.

    From ln s_k = y_k − ln Σ_i exp(y_i) follows ∂E/∂y_j = −t_j + s_j Σ_k t_k. The targets of each
    example are a probability distribution, Σ_k t_k = 1, so δ = s − t. In the letters of the
    question the softmax is layer L: y is y^(L-1), s is y^(L), and δ^(L-1) = y^(L) − t.
    """
    # With Σ t = 1 + ε, s − t is off by s·ε: rounded targets may be, by no more than a hundredth.
    sums = t.sum(dim=-1)
    require(
        (t >= 0).all() and ((sums - 1).abs() <= 0.01).all(),
        "t must not be negative and must sum to 1 for each example, "
        f"but its least entry is {t.min():g} and its sums go from {sums.min():g} to {sums.max():g}",
    )
    return torch.softmax(y, dim=-1) - t


@checked
def convolution_matrix(
    kernel: Float[Tensor, "kh kw"], height: int, width: int
) -> Float[Tensor, "({height}-kh+1)*({width}-kw+1) {height}*{width}"]:
    """1.5: the matrix W for which W @ image.flatten() is the convolution of image and kernel.

    The kernel lies on every window of the image in turn, and the output pixel (i, j) is the sum of
    kernel[a, b]·image[i + a, j + b]. So a convolution is a fully connected layer, but of a special
    kind. The row of W for the output pixel (i, j) is zero outside the window at (i, j): local
    connection. Every row holds the same numbers, those of the kernel: weight sharing.
    """
    kh, kw = kernel.shape
    image = (height, width)
    require(kh <= height and kw <= width, f"kernel of shape {(kh, kw)} must fit the image {image}")
    rows, columns = height - kh + 1, width - kw + 1
    W = kernel.new_zeros(rows, columns, height, width)
    for i in range(rows):
        for j in range(columns):
            W[i, j, i : i + kh, j : j + kw] = kernel
    return W.reshape(rows * columns, height * width)


@checked
def dense_parameter_count(inputs: int, outputs: int) -> int:
    """1.6: the weights and biases of a fully connected layer.

    Each output has one weight for each input, and one bias.
    """
    return outputs * (inputs + 1)


@checked
def convolution_parameter_count(kernel_size: int, in_channels: int, out_channels: int) -> int:
    """1.5: the weights and biases of a convolution with a square kernel.

    Each output channel has one kernel_size × kernel_size kernel for each input channel, and one
    bias. The size of the image does not occur.
    """
    return out_channels * (in_channels * kernel_size**2 + 1)


def main() -> None:
    """Print the six answers and the numbers behind the last two."""
    for question, answer in answers().items():
        print(f"{question}  {answer}")
    print()
    print("Parameters of one layer that sees a 28 × 28 image and has 100 outputs or maps:")
    print(f"  fully connected   {dense_parameter_count(28 * 28, 100):>7,}")
    print(f"  3 × 3 convolution {convolution_parameter_count(3, 1, 100):>7,}")


if __name__ == "__main__":
    main()
