"""Section 1: six questions on backpropagation, and the formulas behind them as functions.

Notation: layer l turns y^(l-1) into y^(l); E is the error of one example (or of a batch);
δ^(l) = ∂E/∂y^(l) is what backpropagation hands from layer to layer; t is the target; ⊙ multiplies
element by element. Every ``…_delta`` function returns ∂E/∂y, a tensor like its argument ``y``.

Tensors are float32 or float64, and their entries of any magnitude: a score of 1,000 is no reason
for ∞ or NaN in a result. Only where an argument is NaN, so is the result. No argument requires a
gradient.
"""

from jaxtyping import Float
from torch import Tensor


def answers() -> dict[str, str]:
    """The answer to each question, by its number: "1.1" to "1.6".

    To 1.1 to 1.5 it is the letters of the right options, one or more of them, in alphabetical
    order: "BD". To 1.6 it is prose, in words of your own.

    1.1 May a network that ends in a softmax be trained on the mean squared error?
        A: yes, B: no.
    1.2 Layer l applies the sigmoid f to each element of y^(l-1). Does δ go back as
        δ^(l-1) = δ^(l) ⊙ f'(y^(l-1))? A: yes, B: no.
    1.3 With E = ½‖y^(L) − t‖², which holds? A: δ^(L) = y^(L) − t,
        B: δ^(L-1) = y^(L) − t, C: δ^(L-1) = (y^(L) − t) ⊙ f'(y^(L-1)).
    1.4 With E = −Σ t ln f, f the softmax at the output, which holds?
        A: δ^(L) = y^(L) − t, B: δ^(L-1) = y^(L) − t,
        C: δ^(L-1) = (y^(L) − t) ⊙ f'(y^(L-1)).
    1.5 Which two properties set a convolutional layer apart from a fully connected one?
        A: it is faster, B: it connects locally, C: it has feature maps, D: it shares weights.
    1.6 Name two or more weaknesses of a multilayer perceptron as a classifier of images.
    """
    raise NotImplementedError


def softmax_mse_delta(y: Float[Tensor, "*N K"], t: Float[Tensor, "*N K"]) -> Float[Tensor, "*N K"]:
    """1.1: ∂E/∂y for E = mean((s − t)²), the mean over all elements, with s = softmax(y).

    y and t are one vector of K scores and its targets, or N of them; the softmax is over the last
    dimension. The result has the dtype of y.
    """
    raise NotImplementedError


def sigmoid_layer_delta(
    delta: Float[Tensor, "*shape"], y: Float[Tensor, "*shape"]
) -> Float[Tensor, "*shape"]:
    """1.2: δ^(l-1) from delta = δ^(l) and y = y^(l-1), for the sigmoid layer y^(l) = f(y^(l-1)).

    The result has the dtype of delta and y.
    """
    raise NotImplementedError


def euclidean_delta(
    y: Float[Tensor, "*shape"], t: Float[Tensor, "*shape"]
) -> Float[Tensor, "*shape"]:
    """1.3: ∂E/∂y for E = ½‖y − t‖², summed over the batch.

    The result has the dtype of y and t.
    """
    raise NotImplementedError


def softmax_cross_entropy_delta(
    y: Float[Tensor, "*N K"], t: Float[Tensor, "*N K"]
) -> Float[Tensor, "*N K"]:
    """1.4: ∂E/∂y for E = −Σ t ln s with s = softmax(y), summed over the batch.

    y and t are one vector of K scores and its targets, or N of them; the softmax is over the last
    dimension. The targets of each example are a probability distribution, one-hot or not: what
    happens where they are none is free. The result has the dtype of y.
    """
    raise NotImplementedError


def convolution_matrix(
    kernel: Float[Tensor, "kh kw"], height: int, width: int
) -> Float[Tensor, "({height}-kh+1)*({width}-kw+1) {height}*{width}"]:
    """1.5: the matrix W for which W @ image.flatten() is the convolution of image and kernel.

    The image has one channel and shape (height, width). As in deep learning the convolution is a
    cross-correlation, Σ kernel[a, b]·image[i + a, j + b] at the output pixel (i, j): the kernel is
    not turned round. It moves by one pixel at a time and never leaves the image. W has a row for
    each output pixel and a column for each pixel of the image, both in row-major order, and the
    dtype of kernel. What happens where the kernel does not fit into the image is free.
    """
    raise NotImplementedError


def dense_parameter_count(inputs: int, outputs: int) -> int:
    """1.6: the number of weights and biases of a fully connected layer."""
    raise NotImplementedError


def convolution_parameter_count(kernel_size: int, in_channels: int, out_channels: int) -> int:
    """1.5: the number of weights and biases of a convolution with a square kernel."""
    raise NotImplementedError
