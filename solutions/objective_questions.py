"""Section 1: six questions on backpropagation, each answered by a derivation and by code.

Notation: layer l turns y^(l-1) into y^(l); E is the error of one example (or of a batch);
δ^(l) = ∂E/∂y^(l) is what backpropagation hands from layer to layer; t is the target; ⊙ multiplies
element by element. Every ``…_delta`` function returns a tensor like its argument ``y``.
"""

import torch
from torch import Tensor

from solutions import arguments


def answers() -> dict[str, str]:
    """The answer to each question: letters in alphabetical order, prose for 1.6.

    Questions: one or more of the options can be right.
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
    Returns: question → answer, with the keys "1.1" to "1.6".
    """
    return {
        "1.1": "A",
        "1.2": "A",
        "1.3": "A",
        "1.4": "B",
        "1.5": "BD",
        "1.6": (
            "Too many parameters: every input pixel is connected to every hidden unit, so the "
            "weights grow with the image area and the network overfits. "
            "The image is flattened to a vector, which discards its spatial structure: the "
            "network does not know which pixels are neighbours. "
            "It is not translation invariant: nothing is shared between positions, and a digit "
            "that moves has to be learned again in its new place."
        ),
    }


def softmax_mse_delta(y: Tensor, t: Tensor) -> Tensor:
    """1.1: ∂E/∂y for E = mean((s − t)²), the mean over all elements, with s = softmax(y).

    Softmax and the mean squared error are both differentiable, so they can be used together.
    With g = ∂E/∂s = 2(s − t)/n, n the number of elements, and the softmax Jacobian
    ∂s_i/∂y_j = s_i(1[i = j] − s_j):  δ = s ⊙ (g − Σ g ⊙ s).

    The factor s is the price: where the network is confidently wrong, s is near 0 for the right
    class, δ vanishes, and learning is slow. Cross-entropy (1.4) has no such factor.

    Args: y, t of shape (K,) or (N, K), one floating-point dtype; the softmax is over the last
        dimension.
    Raises: TypeError or ValueError, naming the argument that does not fit.
    """
    arguments.scores(y=y, t=t)
    s = torch.softmax(y, dim=-1)
    g = 2 * (s - t) / y.numel()
    return s * (g - (g * s).sum(dim=-1, keepdim=True))


def sigmoid_layer_delta(delta: Tensor, y: Tensor) -> Tensor:
    """1.2: δ^(l-1) from δ^(l), for the sigmoid layer y^(l) = f(y^(l-1)).

    Each output depends on its own input alone, so the Jacobian is diagonal and the chain rule
    is a product element by element: δ^(l-1) = δ^(l) ⊙ f'(y^(l-1)). The derivative
    f'(y) = f(y)(1 − f(y)) is taken at the layer's input, y = y^(l-1).

    Args: delta = δ^(l) and y = y^(l-1), of one shape and one floating-point dtype.
    Raises: TypeError or ValueError, naming the argument that does not fit.
    """
    arguments.floating(delta=delta, y=y)
    arguments.alike(delta=delta, y=y)
    f = torch.sigmoid(y)
    return delta * f * (1 - f)


def euclidean_delta(y: Tensor, t: Tensor) -> Tensor:
    """1.3: ∂E/∂y for E = ½‖y − t‖², summed over the batch.

    δ^(L) = y − t is δ at the output y = y^(L) itself, whatever layer produced it. One layer
    further back stands δ^(L-1) = (y − t) ⊙ f'(y^(L-1)), if layer L is an activation f.

    Args: y, t of one shape and one floating-point dtype.
    Raises: TypeError or ValueError, naming the argument that does not fit.
    """
    arguments.floating(y=y, t=t)
    arguments.alike(y=y, t=t)
    return y - t


def softmax_cross_entropy_delta(y: Tensor, t: Tensor) -> Tensor:
    """1.4: ∂E/∂y for E = −Σ t ln s with s = softmax(y), summed over the batch.

    From ln s_k = y_k − ln Σ exp(y):  ∂E/∂y_j = −t_j + s_j Σ t, and Σ t = 1, so ∂E/∂y = s − t. In
    the question's letters y is y^(L-1), the softmax layer is L, and s = y^(L): δ^(L-1) = y^(L) − t.

    Args: y and t of shape (K,) or (N, K), one floating-point dtype; the softmax is over the last
        dimension, and along it t is a probability distribution, one-hot or not.
    Raises: TypeError or ValueError, naming the argument that does not fit.
    """
    arguments.scores(y=y, t=t)
    arguments.distribution(t=t)
    return torch.softmax(y, dim=-1) - t


def convolution_matrix(kernel: Tensor, height: int, width: int) -> Tensor:
    """1.5: the dense matrix W for which W @ image.flatten() cross-correlates image and kernel.

    A convolution (valid, stride 1, one channel) is a fully connected layer of a special kind.
    Its row for the output pixel (i, j) is zero outside the window at (i, j): local connection.
    Every row holds the same numbers, those of the kernel: weight sharing.

    Args: kernel of shape (kh, kw), which moves by one pixel and never leaves the image; height and
        width of the image, which has one channel.
    Returns: shape ((height − kh + 1)·(width − kw + 1), height·width), the dtype of kernel.
    Raises: TypeError or ValueError, naming the argument that does not fit.
    """
    arguments.matrix(kernel=kernel)
    arguments.count(height=height, width=width)
    kh, kw = kernel.shape
    if kh > height or kw > width:
        raise ValueError(f"kernel of shape {(kh, kw)} must fit the image {(height, width)}")
    rows, columns = height - kh + 1, width - kw + 1
    W = kernel.new_zeros(rows, columns, height, width)
    for i in range(rows):
        for j in range(columns):
            W[i, j, i : i + kh, j : j + kw] = kernel
    return W.reshape(rows * columns, height * width)


def dense_parameter_count(inputs: int, outputs: int) -> int:
    """1.6: weights plus biases of a fully connected layer.

    Each of the outputs has one weight for each input and one bias.
    """
    arguments.count(inputs=inputs, outputs=outputs)
    return inputs * outputs + outputs


def convolution_parameter_count(kernel_size: int, in_channels: int, out_channels: int) -> int:
    """1.5: weights plus biases of a convolution with a square kernel, whatever the image's size.

    Each of the out_channels maps has one kernel_size² window for each input channel and one bias.
    """
    arguments.count(kernel_size=kernel_size, in_channels=in_channels, out_channels=out_channels)
    return out_channels * in_channels * kernel_size**2 + out_channels


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
