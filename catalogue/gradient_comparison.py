"""2.4: mistakes and alternatives in MNIST, the network, its gradients, training and the picture."""

import copy
import io
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import cycle, islice, pairwise
from math import fsum
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, log_softmax, mse_loss, nll_loss, one_hot, softmax

from judging.known import Part

in_mnist = Part("2.4", "mnist")

MEAN, DEVIATION = (0.1307,), (0.3081,)


def standard(T: Any) -> list:
    """The right transforms, of torchvision.transforms."""
    return [T.ToTensor(), T.Normalize(MEAN, DEVIATION)]


def dataset(root: Any, train: bool, download: bool, steps: Callable = standard) -> Any:
    """MNIST under root through these transforms, or the error that the exercise asks for."""
    from torchvision import datasets, transforms

    transform = transforms.Compose(steps(transforms))
    try:
        return datasets.MNIST(root, train=train, transform=transform, download=download)
    except RuntimeError as error:
        raise FileNotFoundError(
            f"no MNIST in {root}: download it with `python -m data --download`, "
            "or draw digits with `python -m data`"
        ) from error


@in_mnist.mistake(
    "MNIST with its pixels from 0 to 255, normalized as if they went from 0 to 1",
    look="ToTensor divides the bytes by 255 and PILToTensor does not, but Normalize's mean 0.1307 "
    "and deviation 0.3081 are those of pixels from 0 to 1.",
)
def pixels_from_0_to_255(root="data", *, train=True, download=False):
    def steps(T):
        return [T.PILToTensor(), T.Lambda(torch.Tensor.float), T.Normalize(MEAN, DEVIATION)]

    return dataset(root, train, download, steps)


@in_mnist.mistake(
    "MNIST without Normalize",
    look="ToTensor gives pixels from 0 to 1; Normalize((0.1307,), (0.3081,)) then brings those "
    "of MNIST to mean 0 and deviation 1.",
)
def normalize_forgotten(root="data", *, train=True, download=False):
    return dataset(root, train, download, lambda T: [T.ToTensor()])


@in_mnist.mistake(
    "MNIST with the mean and the deviation of Normalize exchanged",
    look="Normalize takes the mean first, 0.1307, and the standard deviation second, 0.3081.",
)
def mean_and_deviation_exchanged(root="data", *, train=True, download=False):
    return dataset(root, train, download, lambda T: [T.ToTensor(), T.Normalize(DEVIATION, MEAN)])


@in_mnist.mistake(
    "MNIST normalized twice",
    look="After the first Normalize the pixels of MNIST have mean 0 and deviation 1 already, so "
    "leave the second out.",
)
def normalized_twice(root="data", *, train=True, download=False):
    return dataset(root, train, download, lambda T: [*standard(T), T.Normalize(MEAN, DEVIATION)])


@in_mnist.mistake(
    "MNIST with its pixels brought to −1 … 1 by Normalize((0.5,), (0.5,))",
    look="The 0.5 of many tutorials is for other data: the pixels of MNIST have mean 0.1307 and "
    "standard deviation 0.3081.",
)
def normalized_with_one_half(root="data", *, train=True, download=False):
    return dataset(root, train, download, lambda T: [T.ToTensor(), T.Normalize((0.5,), (0.5,))])


@in_mnist.mistake(
    "MNIST divided by the variance of its pixels, 0.3081², in place of their deviation",
    look="What Normalize takes second is what it divides by: the deviation 0.3081, not squared.",
)
def divided_by_the_variance(root="data", *, train=True, download=False):
    def steps(T):
        return [T.ToTensor(), T.Normalize(MEAN, (DEVIATION[0] ** 2,))]

    return dataset(root, train, download, steps)


@in_mnist.mistake(
    "MNIST with Normalize before ToTensor",
    look="Compose applies its transforms in order, and Normalize needs the tensor that ToTensor "
    "makes of the picture.",
)
def normalize_before_to_tensor(root="data", *, train=True, download=False):
    return dataset(root, train, download, lambda T: standard(T)[::-1])


@in_mnist.mistake(
    "the training set of MNIST, whatever train says",
    look="Pass train on to datasets.MNIST: with train=False it gives the test set.",
)
def always_the_training_set(root="data", *, train=True, download=False):
    return dataset(root, True, download)


@in_mnist.mistake(
    "the test set of MNIST where the training set is asked for, and the other way round",
    look="datasets.MNIST(train=True) is the training set: pass train on as it is.",
)
def training_and_test_exchanged(root="data", *, train=True, download=False):
    return dataset(root, not train, download)


@in_mnist.mistake(
    "the test set where train is left out",
    look="The training set is the default: train=True in the function's signature.",
)
def evaluation_set_by_default(root="data", *, train=False, download=False):
    return dataset(root, train, download)


@in_mnist.mistake(
    "the MNIST of the folder data, whatever root says",
    look="Pass root on to datasets.MNIST: a path written into the function is right on one "
    "computer only.",
)
def root_ignored(root="data", *, train=True, download=False):
    return dataset("data", train, download)


@in_mnist.mistake(
    "None where the files are missing, as if nothing had happened",
    look="Where there is no MNIST, raise an error that names the folder and says how to fill it: "
    "None breaks only later, in a place that knows nothing of the folder.",
)
def nothing_where_files_are_missing(root="data", *, train=True, download=False):
    try:
        return dataset(root, train, download)
    except FileNotFoundError:
        return None


@in_mnist.mistake(
    "a set of pictures of noise where the files are missing",
    look="Where there is no MNIST, raise an error that says so: nobody looks for invented data "
    "behind a bad result.",
)
def noise_where_files_are_missing(root="data", *, train=True, download=False):
    try:
        return dataset(root, train, download)
    except FileNotFoundError:
        from torchvision import datasets, transforms

        steps = transforms.Compose(standard(transforms))
        return datasets.FakeData(10, (1, 28, 28), 10, steps)


@in_mnist.mistake(
    "an error that does not say which folder is empty",
    look='torchvision\'s "Dataset not found" leaves open where it looked: name root, and both '
    "ways to fill it.",
)
def error_without_the_folder(root="data", *, train=True, download=False):
    from torchvision import datasets, transforms

    steps = transforms.Compose(standard(transforms))
    return datasets.MNIST(root, train=train, transform=steps, download=download)


@in_mnist.mistake(
    "an error that does not say how to fill the folder",
    look="Beside the folder, name the two ways to fill it: `python -m data --download` for MNIST "
    "itself, `python -m data` for digits that need no network.",
)
def error_without_a_way_out(root="data", *, train=True, download=False):
    try:
        return dataset(root, train, download)
    except FileNotFoundError:
        raise FileNotFoundError(f"there is no MNIST in {root}") from None


@in_mnist.mistake(
    "an error that names one way to fill the folder, which needs a network",
    look="Whoever has no network can draw digits: name `python -m data`, too.",
)
def error_with_the_download_alone(root="data", *, train=True, download=False):
    try:
        return dataset(root, train, download)
    except FileNotFoundError:
        raise FileNotFoundError(f"no MNIST in {root}: try `python -m data --download`") from None


@in_mnist.mistake(
    "MNIST with one-hot vectors as labels",
    look="Leave the labels as datasets.MNIST gives them, a number from 0 to 9: cross-entropy takes "
    "class numbers.",
)
def labels_one_hot(root="data", *, train=True, download=False):
    digits = dataset(root, train, download)
    digits.target_transform = lambda label: one_hot(torch.tensor(label), 10)
    return digits


@in_mnist.mistake(
    "a DataLoader of MNIST in place of the dataset",
    look="Return the datasets.MNIST itself: whoever calls chooses how to batch and shuffle it.",
)
def a_loader_for_the_dataset(root="data", *, train=True, download=False):
    return torch.utils.data.DataLoader(dataset(root, train, download), batch_size=64)


@in_mnist.alternative("PILToTensor and ConvertImageDtype in place of ToTensor")
def mnist_by_convert_image_dtype(root="data", *, train=True, download=False):
    def steps(T):
        scaled = [T.PILToTensor(), T.ConvertImageDtype(torch.float32)]
        return [*scaled, T.Normalize(MEAN, DEVIATION)]

    return dataset(root, train, download, steps)


@in_mnist.alternative("Normalize written out as (x − 0.1307)/0.3081")
def mnist_normalized_by_hand(root="data", *, train=True, download=False):
    def steps(T):
        return [T.ToTensor(), T.Lambda(lambda x: (x - MEAN[0]) / DEVIATION[0])]

    return dataset(root, train, download, steps)


@in_mnist.alternative("torchvision's own kind of error, RuntimeError, with better words")
def mnist_with_a_runtime_error(root="data", *, train=True, download=False):
    try:
        return dataset(root, train, download)
    except FileNotFoundError as error:
        raise RuntimeError(f"MNIST not found. {error}") from error


in_mlp = Part("2.4", "MLP")

DEEP = (128, 128, 128, 128)
ACTIVATIONS = {"sigmoid": nn.Sigmoid, "tanh": nn.Tanh, "relu": nn.ReLU}


class MLP(nn.Sequential):
    """The layers of a network, under the name that the contract gives it."""


class Apply(nn.Module):
    """A function as a layer."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


def linears(model: nn.Module) -> dict[str, nn.Linear]:
    return {name: layer for name, layer in model.named_modules() if isinstance(layer, nn.Linear)}


def dense(hidden: Sequence[int], f: Callable[[], nn.Module], batch_norm: bool) -> list[nn.Module]:
    """The right layers: flatten, for each hidden width linear, batch norm and f, then linear."""
    layers: list[nn.Module] = [nn.Flatten()]
    for inputs, outputs in pairwise((784, *hidden)):
        norm = [nn.BatchNorm1d(outputs)] if batch_norm else []
        layers += [nn.Linear(inputs, outputs), *norm, f()]
    return [*layers, nn.Linear((784, *hidden)[-1], 10)]


def xavier(linear: nn.Linear) -> None:
    nn.init.xavier_uniform_(linear.weight)
    nn.init.zeros_(linear.bias)


def he(linear: nn.Linear) -> None:
    nn.init.kaiming_uniform_(linear.weight, nonlinearity="relu")
    nn.init.zeros_(linear.bias)


STARTS: dict[str, Callable[[nn.Linear], Any]] = {
    "default": lambda linear: None,
    "xavier": xavier,
    "he": he,
}


def network(layers: Iterable[nn.Module], start: Callable[[nn.Linear], Any]) -> nn.Module:
    """A model of these layers, each linear one initialised by start."""
    model = MLP(*layers)
    for linear in linears(model).values():
        start(linear)
    return model


@in_mlp.mistake(
    "a network with ReLU, whatever activation says",
    look="Choose the activation's module by the argument: nn.Sigmoid, nn.Tanh or nn.ReLU.",
)
def activation_ignored(hidden=DEEP, *, activation="relu", init="default", batch_norm=False):
    return network(dense(hidden, nn.ReLU, batch_norm), STARTS[init])


@in_mlp.mistake(
    "a network without activations, which is one linear map however deep it is",
    look="Put the activation after every hidden linear layer.",
)
def activation_missing(hidden=DEEP, *, activation="relu", init="default", batch_norm=False):
    return network(dense(hidden, nn.Identity, batch_norm), STARTS[init])


@in_mlp.mistake(
    "a network with its activation after the output layer, too",
    look="The last linear layer gives the ten scores as they are: leave out the activation "
    "behind it.",
)
def activation_after_the_output(
    hidden=DEEP, *, activation="relu", init="default", batch_norm=False
):
    f = ACTIVATIONS[activation]
    return network([*dense(hidden, f, batch_norm), f()], STARTS[init])


@in_mlp.mistake(
    "a network that ends in a softmax",
    look="cross_entropy applies the softmax itself, so the network returns the scores of its last "
    "linear layer.",
)
def softmax_on_the_output(hidden=DEEP, *, activation="relu", init="default", batch_norm=False):
    layers = dense(hidden, ACTIVATIONS[activation], batch_norm)
    return network([*layers, nn.Softmax(dim=1)], STARTS[init])


@in_mlp.mistake(
    "a network with the sigmoid where tanh is asked for",
    look='tanh goes from −1 to 1 and the sigmoid from 0 to 1: nn.Tanh for activation="tanh".',
)
def sigmoid_for_tanh(hidden=DEEP, *, activation="relu", init="default", batch_norm=False):
    f = {**ACTIVATIONS, "tanh": nn.Sigmoid}[activation]
    return network(dense(hidden, f, batch_norm), STARTS[init])


@in_mlp.mistake(
    "a network with leaky ReLU where ReLU is asked for",
    look='ReLU gives 0 for everything negative: nn.ReLU for activation="relu".',
)
def leaky_relu_for_relu(hidden=DEEP, *, activation="relu", init="default", batch_norm=False):
    f = {**ACTIVATIONS, "relu": nn.LeakyReLU}[activation]
    return network(dense(hidden, f, batch_norm), STARTS[init])


@in_mlp.mistake(
    "a network with an activation after its first layer only",
    look="Two linear layers with nothing between them are one: put the activation after every "
    "hidden layer, inside the loop.",
)
def activation_only_once(hidden=DEEP, *, activation="relu", init="default", batch_norm=False):
    once = iter([ACTIVATIONS[activation]()])
    layers = dense(hidden, lambda: next(once, nn.Identity()), batch_norm)
    return network(layers, STARTS[init])


@in_mlp.mistake(
    "a network with one hidden layer too few",
    look="hidden lists the hidden layers, and the output layer comes on top: four widths make five "
    "linear layers.",
)
def one_hidden_layer_too_few(hidden=DEEP, *, activation="relu", init="default", batch_norm=False):
    return network(dense(hidden[:-1], ACTIVATIONS[activation], batch_norm), STARTS[init])


@in_mlp.mistake(
    "a network with one hidden layer too many",
    look="Each width in hidden is one layer: the last one is followed by the output layer, not by "
    "another of its kind.",
)
def one_hidden_layer_too_many(hidden=DEEP, *, activation="relu", init="default", batch_norm=False):
    wider = (*hidden, *hidden[-1:])
    return network(dense(wider, ACTIVATIONS[activation], batch_norm), STARTS[init])


@in_mlp.mistake(
    "a network with its hidden layers in the reverse order",
    look="hidden goes from the input to the output: its first width is what the 784 pixels "
    "lead to.",
)
def widths_reversed(hidden=DEEP, *, activation="relu", init="default", batch_norm=False):
    return network(dense(hidden[::-1], ACTIVATIONS[activation], batch_norm), STARTS[init])


@in_mlp.mistake(
    "a network whose hidden layers all have the first width",
    look="Give each hidden layer its own width from hidden.",
)
def first_width_for_all(hidden=DEEP, *, activation="relu", init="default", batch_norm=False):
    widths = hidden[:1] * len(hidden)
    return network(dense(widths, ACTIVATIONS[activation], batch_norm), STARTS[init])


@in_mlp.mistake(
    "a network without its output layer",
    look="After the last hidden layer comes a linear layer to the ten classes.",
)
def output_layer_missing(hidden=DEEP, *, activation="relu", init="default", batch_norm=False):
    return network(dense(hidden, ACTIVATIONS[activation], batch_norm)[:-1], STARTS[init])


@in_mlp.mistake(
    "a network that takes the whole batch for one long vector",
    look="Flatten each image and keep the batch: nn.Flatten() begins at dimension 1 for that "
    "reason, and nn.Flatten(0) or x.reshape(-1) does not.",
)
def batch_flattened_too(hidden=DEEP, *, activation="relu", init="default", batch_norm=False):
    layers = dense(hidden, ACTIVATIONS[activation], batch_norm)
    return network([nn.Flatten(0), *layers[1:]], STARTS[init])


@in_mlp.mistake(
    "a network that mixes the pixels of different images",
    look="x.reshape(784, -1).T has the right shape with the wrong pixels in each row: use "
    "x.flatten(1), or x.reshape(len(x), 784).",
)
def images_mixed(hidden=DEEP, *, activation="relu", init="default", batch_norm=False):
    layers = dense(hidden, ACTIVATIONS[activation], batch_norm)
    return network([Apply(lambda x: x.reshape(784, -1).T), *layers[1:]], STARTS[init])


@in_mlp.mistake(
    "a network that does not flatten its images",
    look="A linear layer takes the last dimension as its inputs, and that is one row of 28 pixels: "
    "flatten (N, 1, 28, 28) to (N, 784) first.",
)
def images_not_flattened(hidden=DEEP, *, activation="relu", init="default", batch_norm=False):
    return network(dense(hidden, ACTIVATIONS[activation], batch_norm)[1:], STARTS[init])


@in_mlp.mistake(
    "a network with PyTorch's own initial weights, whatever init says",
    look='For init="xavier" and init="he", go through the linear layers and fill their weights '
    "with nn.init.xavier_uniform_ or nn.init.kaiming_uniform_.",
)
def init_ignored(hidden=DEEP, *, activation="relu", init="default", batch_norm=False):
    return network(dense(hidden, ACTIVATIONS[activation], batch_norm), STARTS["default"])


@in_mlp.mistake(
    "a network with He's and Xavier's initial weights exchanged",
    look="Xavier's weights have variance 2/(inputs + outputs), He's (in PyTorch: kaiming) have "
    "variance 2/inputs.",
)
def he_and_xavier_exchanged(hidden=DEEP, *, activation="relu", init="default", batch_norm=False):
    start = {**STARTS, "xavier": he, "he": xavier}[init]
    return network(dense(hidden, ACTIVATIONS[activation], batch_norm), start)


@in_mlp.mistake(
    "a network with initial weights of deviation 1, however wide its layers are",
    look="The wider the layer, the smaller its weights must be: the variance is "
    "2/(inputs + outputs) for Xavier, 2/inputs for He.",
)
def weights_of_deviation_1(hidden=DEEP, *, activation="relu", init="default", batch_norm=False):
    def start(linear):
        if init != "default":
            nn.init.normal_(linear.weight)

    return network(dense(hidden, ACTIVATIONS[activation], batch_norm), start)


@in_mlp.mistake(
    "a network whose last layer alone is initialised",
    look="The call of nn.init belongs inside the loop, for every linear layer.",
)
def only_the_last_layer_initialised(
    hidden=DEEP, *, activation="relu", init="default", batch_norm=False
):
    *_, output = layers = dense(hidden, ACTIVATIONS[activation], batch_norm)
    STARTS[init](output)
    return MLP(*layers)


@in_mlp.mistake(
    "a network with weights of variance 1/inputs where He's 2/inputs are asked for",
    look='ReLU drops half of what it is given and He makes up for it: nonlinearity="relu" in '
    "nn.init.kaiming_uniform_.",
)
def he_without_its_factor_2(hidden=DEEP, *, activation="relu", init="default", batch_norm=False):
    def linear_he(linear):
        nn.init.kaiming_uniform_(linear.weight, nonlinearity="linear")

    layers = dense(hidden, ACTIVATIONS[activation], batch_norm)
    return network(layers, {**STARTS, "he": linear_he}[init])


@in_mlp.mistake(
    "a network that begins with all its weights 0",
    look="With equal weights every unit of a layer learns the same thing, for ever: draw them "
    "at random.",
)
def weights_of_0(hidden=DEEP, *, activation="relu", init="default", batch_norm=False):
    layers = dense(hidden, ACTIVATIONS[activation], batch_norm)
    return network(layers, lambda linear: nn.init.zeros_(linear.weight))


@in_mlp.mistake(
    "a network whose units all begin with the same weights, layer by layer",
    look="Equal units have equal gradients and stay equal: draw each row of a weight on its own.",
)
def units_all_equal(hidden=DEEP, *, activation="relu", init="default", batch_norm=False):
    def start(linear):
        STARTS[init](linear)
        with torch.no_grad():
            linear.weight.copy_(linear.weight[:1].expand_as(linear.weight))

    return network(dense(hidden, ACTIVATIONS[activation], batch_norm), start)


@in_mlp.mistake(
    "a network without batch norm, whatever batch_norm says",
    look="With batch_norm=True, put an nn.BatchNorm1d of its width into every hidden layer.",
)
def batch_norm_ignored(hidden=DEEP, *, activation="relu", init="default", batch_norm=False):
    return network(dense(hidden, ACTIVATIONS[activation], False), STARTS[init])


@in_mlp.mistake(
    "a network with batch norm, whatever batch_norm says",
    look="Batch norm is for batch_norm=True only.",
)
def batch_norm_always(hidden=DEEP, *, activation="relu", init="default", batch_norm=False):
    return network(dense(hidden, ACTIVATIONS[activation], True), STARTS[init])


@in_mlp.mistake(
    "a network in which batch norm takes the place of the activation",
    look="Batch norm is affine, so it cannot stand for the activation: with batch_norm=True a "
    "hidden layer has both.",
)
def batch_norm_for_the_activation(
    hidden=DEEP, *, activation="relu", init="default", batch_norm=False
):
    f = nn.Identity if batch_norm else ACTIVATIONS[activation]
    return network(dense(hidden, f, batch_norm), STARTS[init])


@in_mlp.mistake(
    "a network with layer norm where batch norm is asked for",
    look="nn.LayerNorm takes the mean over the units of one image, nn.BatchNorm1d over the images "
    "of the batch.",
)
def layer_norm_for_batch_norm(hidden=DEEP, *, activation="relu", init="default", batch_norm=False):
    layers = dense(hidden, ACTIVATIONS[activation], batch_norm)
    norms = (nn.LayerNorm(n.num_features) if isinstance(n, nn.BatchNorm1d) else n for n in layers)
    return network(norms, STARTS[init])


@in_mlp.mistake(
    "a network that keeps its layers in a Python list, where PyTorch does not find them",
    look="Use nn.ModuleList or nn.Sequential: parameters() of a plain list's model is empty, so "
    "nothing is trained.",
)
def layers_in_a_python_list(hidden=DEEP, *, activation="relu", init="default", batch_norm=False):
    class MLP(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = [
                network(dense(hidden, ACTIVATIONS[activation], batch_norm), STARTS[init])
            ]

        def forward(self, x):
            return self.layers[0](x)

    return MLP()


@in_mlp.mistake(
    "a network that uses one linear layer in several places, with one weight for all of them",
    look="[nn.Linear(128, 128)] * 3 is three times the same layer: make a new one in each round "
    "of the loop.",
)
def one_layer_in_many_places(hidden=DEEP, *, activation="relu", init="default", batch_norm=False):
    seen = {}
    layers = dense(hidden, ACTIVATIONS[activation], batch_norm)
    return network((seen.setdefault(str(layer), layer) for layer in layers), STARTS[init])


@in_mlp.alternative("nn.ModuleList, and the activation as a function")
class MLPOfAModuleList(nn.Module):
    def __init__(self, hidden=DEEP, *, activation="relu", init="default", batch_norm=False):
        super().__init__()
        self.linears = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise((784, *hidden, 10)))
        self.norms = nn.ModuleList(
            nn.BatchNorm1d(width) if batch_norm else nn.Identity() for width in hidden
        )
        self.activation = getattr(torch, activation)
        for linear in self.linears:
            STARTS[init](linear)

    def forward(self, x):
        *inner, output = self.linears
        x = x.flatten(1)
        for linear, norm in zip(inner, self.norms, strict=True):
            x = self.activation(norm(linear(x)))
        return output(x)


@in_mlp.alternative("layers fc1, fc2, … by setattr, and view in place of nn.Flatten")
class MLPOfNumberedLayers(nn.Module):
    def __init__(self, hidden=DEEP, *, activation="relu", init="default", batch_norm=False):
        super().__init__()
        self.depth = len(hidden)
        for i, width in enumerate(hidden, start=1):
            setattr(self, f"fc{i}", nn.Linear(hidden[i - 2] if i > 1 else 28 * 28, width))
            setattr(self, f"bn{i}", nn.BatchNorm1d(width) if batch_norm else nn.Identity())
        self.act = ACTIVATIONS[activation]()
        self.out = nn.Linear(hidden[-1] if hidden else 28 * 28, 10)
        self.apply(lambda module: STARTS[init](module) if isinstance(module, nn.Linear) else None)

    def forward(self, x):
        x = x.reshape(len(x), -1)
        for i in range(1, self.depth + 1):
            x = self.act(getattr(self, f"bn{i}")(getattr(self, f"fc{i}")(x)))
        return self.out(x)


@in_mlp.alternative("initial weights from a normal distribution of the right variance")
def mlp_with_normal_weights(hidden=DEEP, *, activation="relu", init="default", batch_norm=False):
    def xavier(linear):
        nn.init.xavier_normal_(linear.weight)

    def he(linear):
        nn.init.kaiming_normal_(linear.weight, nonlinearity="relu")

    layers = dense(hidden, ACTIVATIONS[activation], batch_norm)
    return network(layers, {**STARTS, "xavier": xavier, "he": he}[init])


@in_mlp.alternative("batch norm after the activation in place of before it")
def mlp_with_batch_norm_last(hidden=DEEP, *, activation="relu", init="default", batch_norm=False):
    f = ACTIVATIONS[activation]
    layers = dense(hidden, f, batch_norm)
    if batch_norm:
        for i in range(2, len(layers), 3):
            layers[i : i + 2] = layers[i + 1], layers[i]
    return network(layers, STARTS[init])


@in_mlp.alternative("each hidden layer a block of its own, nn.Sequential in nn.Sequential")
def mlp_of_blocks(hidden=DEEP, *, activation="relu", init="default", batch_norm=False):
    flatten, *inner, output = dense(hidden, ACTIVATIONS[activation], batch_norm)
    each = 3 if batch_norm else 2
    blocks = [nn.Sequential(*inner[i : i + each]) for i in range(0, len(inner), each)]
    return network([flatten, nn.Sequential(*blocks), output], STARTS[init])


@in_mlp.alternative("the output layer made first, and applied last")
class MLPWithItsOutputMadeFirst(nn.Module):
    def __init__(self, hidden=DEEP, *, activation="relu", init="default", batch_norm=False):
        super().__init__()
        *inner, output = dense(hidden, ACTIVATIONS[activation], batch_norm)
        self.output = output
        self.body = network(inner, STARTS[init])
        STARTS[init](output)

    def forward(self, x):
        return self.output(self.body(x))


@in_mlp.alternative(
    "an OrderedDict of layers, ReLU in place, batch norm's eps and momentum its own"
)
class MLPOfAnOrderedDict(nn.Module):
    def __init__(self, hidden=DEEP, *, activation="relu", init="default", batch_norm=False):
        super().__init__()
        layers, inputs = {}, 28 * 28
        for i, width in enumerate(hidden):
            layers[f"fc{i}"] = nn.Linear(inputs, width)
            if batch_norm:
                layers[f"bn{i}"] = nn.BatchNorm1d(width, eps=1e-3, momentum=0.2)
            layers[f"act{i}"] = (
                nn.ReLU(inplace=True) if activation == "relu" else ACTIVATIONS[activation]()
            )
            inputs = width
        self.features = nn.Sequential(OrderedDict(layers))
        self.head = nn.Linear(inputs, 10)
        for layer in linears(self).values():
            STARTS[init](layer)

    def forward(self, images):
        return self.head(self.features(images.view(images.size(0), -1)))


@in_mlp.alternative("no weights in batch norm, and the sigmoid written as 1/(1 + exp(−x))")
class MLPWithPlainBatchNorm(nn.Module):
    def __init__(self, hidden=DEEP, *, activation="relu", init="default", batch_norm=False):
        super().__init__()
        sizes = [784, *hidden]
        self.inner = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(sizes))
        self.norms = nn.ModuleList(
            nn.BatchNorm1d(b, affine=False) if batch_norm else nn.Identity() for b in hidden
        )
        self.last = nn.Linear(sizes[-1], 10)
        self.f = {
            "relu": lambda x: x.clamp(min=0) * (x > 0),
            "tanh": torch.tanh,
            "sigmoid": lambda x: 1 / (1 + torch.exp(-x)),
        }[activation]
        for layer in linears(self).values():
            STARTS[init](layer)

    def forward(self, x):
        x = x.reshape(-1, 784)
        for linear, norm in zip(self.inner, self.norms, strict=True):
            x = self.f(norm(linear(x)))
        return self.last(x)


@in_mlp.alternative("weights drawn by the formula of their variance, small biases")
def mlp_with_weights_by_formula(
    hidden=DEEP, *, activation="relu", init="default", batch_norm=False
):
    def start(linear):
        inputs, outputs = linear.in_features, linear.out_features
        variance = {"xavier": 2 / (inputs + outputs), "he": 2 / inputs}[init]
        linear.weight.data.normal_(0, variance**0.5)
        linear.bias.data.fill_(0.01)

    return network(
        dense(hidden, ACTIVATIONS[activation], batch_norm),
        start if init != "default" else STARTS[init],
    )


in_layer_gradients = Part("2.4", "layer_gradients")


def gradients(
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    loss: Callable[[Tensor, Tensor], Tensor] = cross_entropy,
    of: str = "weight",
) -> dict[str, Tensor]:
    """Layer name → ∂loss/∂weight, on a copy that leaves the caller's model as it was."""
    model = copy.deepcopy(model)
    layers = linears(model)
    E = loss(model(images), labels)
    parameters = [getattr(layer, of) for layer in layers.values()]
    return dict(zip(layers, torch.autograd.grad(E, parameters), strict=True))


@in_layer_gradients.mistake(
    "the gradient of each layer's bias",
    look="Take layer.weight.grad: the bias has one entry for each output only.",
)
def gradient_of_the_bias(model, images, labels):
    return gradients(model, images, labels, of="bias")


@in_layer_gradients.mistake(
    "None for each layer: .grad was read before there was one",
    look="backward() comes first, and fills .grad of every parameter; read it after that.",
)
def gradient_before_backward(model, images, labels):
    model = copy.deepcopy(model)
    found = {name: layer.weight.grad for name, layer in linears(model).items()}
    cross_entropy(model(images), labels).backward()
    return found


@in_layer_gradients.mistake(
    "zero for each layer: .grad was read after it had been cleared",
    look="Read the gradients between backward() and zero_grad().",
)
def gradient_after_zero_grad(model, images, labels):
    model = copy.deepcopy(model)
    cross_entropy(model(images), labels).backward()
    model.zero_grad(set_to_none=False)
    return {name: layer.weight.grad for name, layer in linears(model).items()}


@in_layer_gradients.mistake(
    "the gradient of the cross-entropy summed over the batch",
    look='E is the mean over the batch: cross_entropy without reduction="sum".',
)
def gradient_of_the_sum(model, images, labels):
    return gradients(model, images, labels, lambda y, t: cross_entropy(y, t, reduction="sum"))


@in_layer_gradients.mistake(
    "the gradient of a cross-entropy divided by the size of the batch twice",
    look="cross_entropy takes the mean over the batch already: do not divide by len(images), too.",
)
def gradient_of_the_mean_of_the_mean(model, images, labels):
    return gradients(model, images, labels, lambda y, t: cross_entropy(y, t) / len(y))


@in_layer_gradients.mistake(
    "the list of gradients from the last layer to the first",
    look="backward computes them in that order, but the result goes from the input to the output.",
)
def layers_from_the_last_to_the_first(model, images, labels):
    return dict(reversed(gradients(model, images, labels).items()))


@in_layer_gradients.mistake(
    "each gradient under the name of another layer",
    look="Take the name and the gradient of a layer in the same round of the loop, so that no two "
    "lists need the same order.",
)
def names_of_other_layers(model, images, labels):
    found = gradients(model, images, labels)
    first, *others = found
    return dict(zip([*others, first], found.values(), strict=True))


@in_layer_gradients.mistake(
    "the gradient of each hidden layer, without that of the output layer",
    look="The output layer is a linear layer like the others: the result needs an entry for it.",
)
def output_layer_left_out(model, images, labels):
    return dict(list(gradients(model, images, labels).items())[:-1])


@in_layer_gradients.mistake(
    "the gradient of the first layer alone",
    look="A return inside the loop ends it after one layer: collect an entry for every linear "
    "layer, then return.",
)
def first_layer_alone(model, images, labels):
    return dict(list(gradients(model, images, labels).items())[:1])


@in_layer_gradients.mistake(
    "the gradient of every parameter, biases and batch norm included",
    look="The result has one entry for each linear layer, under the layer's name, with the "
    "gradient of its weight.",
)
def gradients_of_all_parameters(model, images, labels):
    model = copy.deepcopy(model)
    names, parameters = zip(*model.named_parameters(), strict=True)
    E = cross_entropy(model(images), labels)
    return dict(zip(names, torch.autograd.grad(E, parameters), strict=True))


@in_layer_gradients.mistake(
    "each gradient transposed",
    look="The weight of nn.Linear is (outputs, inputs), and its gradient has the same shape.",
)
def gradients_transposed(model, images, labels):
    return {name: gradient.T for name, gradient in gradients(model, images, labels).items()}


@in_layer_gradients.mistake(
    "the gradient of the mean squared error between scores and one-hot labels",
    look="The loss here is the cross-entropy, nn.functional.cross_entropy(scores, labels).",
)
def gradient_of_the_squared_error(model, images, labels):
    def loss(y, t):
        return mse_loss(y, one_hot(t, y.shape[1]).to(y.dtype))

    return gradients(model, images, labels, loss)


@in_layer_gradients.mistake(
    "the gradient with the softmax applied twice",
    look="cross_entropy applies the softmax itself: give it the scores of the network as they are.",
)
def softmax_before_cross_entropy(model, images, labels):
    return gradients(model, images, labels, lambda y, t: cross_entropy(softmax(y, 1), t))


@in_layer_gradients.mistake(
    "the gradient for labels that are one too high",
    look="The digits 0 to 9 are the classes 0 to 9: give the labels to cross_entropy as they are.",
)
def labels_shifted(model, images, labels):
    return gradients(model, images, labels, lambda y, t: cross_entropy(y, (t + 1) % y.shape[1]))


@in_layer_gradients.mistake(
    "the gradient of the first image's loss alone",
    look="Give the whole batch to the model: images, not images[0] or images[:1].",
)
def first_image_alone(model, images, labels):
    return gradients(model, images[:1], labels[:1])


@in_layer_gradients.mistake(
    "the gradient of the largest score, with no regard to the labels",
    look="Differentiate the loss, cross_entropy(scores, labels), and not the network's output.",
)
def gradient_of_the_output(model, images, labels):
    return gradients(model, images, labels, lambda y, t: y.amax(dim=1).mean())


@in_layer_gradients.mistake(
    "the gradient, left behind in .grad of the model's parameters",
    look="Work on copy.deepcopy(model) or use torch.autograd.grad: a .grad that stays is added to "
    "by the caller's next backward().",
)
def grad_left_behind(model, images, labels):
    model.zero_grad()
    cross_entropy(model(images), labels).backward()
    return {name: layer.weight.grad.clone() for name, layer in linears(model).items()}


@in_layer_gradients.mistake(
    "the gradient on top of what was in .grad before the call",
    look="backward() adds to .grad: begin with an empty one, on a copy of the model, or use "
    "torch.autograd.grad.",
)
def grad_accumulated(model, images, labels):
    cross_entropy(model(images), labels).backward()
    return {name: layer.weight.grad.clone() for name, layer in linears(model).items()}


@in_layer_gradients.mistake(
    "the gradient of a model that is left in eval mode",
    look="model.eval() is for the caller to call: leave the mode as it was, or set it on a copy.",
)
def left_in_eval_mode(model, images, labels):
    found = gradients(model, images, labels)
    model.eval()
    return found


@in_layer_gradients.mistake(
    "the gradient in training mode of a model that is in eval mode",
    look="Batch norm computes something else in each mode: take the gradient in the mode in which "
    "the model comes.",
)
def gradient_in_training_mode(model, images, labels):
    return gradients(copy.deepcopy(model).train(), images, labels)


@in_layer_gradients.mistake(
    "the gradient in eval mode of a model that is in training mode",
    look="While it trains, batch norm uses the batch's mean and variance: take the gradient in the "
    "mode in which the model comes.",
)
def gradient_in_eval_mode(model, images, labels):
    return gradients(copy.deepcopy(model).eval(), images, labels)


@in_layer_gradients.mistake(
    "the gradient of a model whose batch norm has counted the batch",
    look="In training mode each forward pass moves the running mean and variance of batch norm: "
    "make it on copy.deepcopy(model).",
)
def batch_norm_moved(model, images, labels):
    layers = linears(model)
    E = cross_entropy(model(images), labels)
    found = torch.autograd.grad(E, [layer.weight for layer in layers.values()])
    return dict(zip(layers, found, strict=True))


@in_layer_gradients.mistake(
    "the gradient with a step of gradient descent taken on the caller's model",
    look="This function measures and train trains: no optimizer.step() here.",
)
def a_step_taken_on_the_way(model, images, labels):
    found = gradients(model, images, labels)
    with torch.no_grad():
        for name, layer in linears(model).items():
            layer.weight -= 0.01 * found[name]
    return found


@in_layer_gradients.mistake(
    "the absolute value of each entry of the gradient",
    look="Return the gradient with its signs: compare takes the absolute value later.",
)
def gradients_without_signs(model, images, labels):
    return {name: gradient.abs() for name, gradient in gradients(model, images, labels).items()}


@in_layer_gradients.mistake(
    "each gradient divided by its length",
    look="How long the gradient is in each layer is what the exercise observes: leave it as it is.",
)
def gradients_of_length_1(model, images, labels):
    found = gradients(model, images, labels)
    return {name: gradient / gradient.norm() for name, gradient in found.items()}


@in_layer_gradients.mistake(
    "the negative gradient, the direction of descent",
    look="The gradient points uphill; the minus sign belongs to the optimizer's step.",
)
def gradients_downhill(model, images, labels):
    return {name: -gradient for name, gradient in gradients(model, images, labels).items()}


@in_layer_gradients.mistake(
    "one number for each layer, the mean size of its gradient",
    look="Return the gradient itself, a tensor of the weight's shape: compare makes numbers of it.",
)
def one_number_for_each_layer(model, images, labels):
    found = gradients(model, images, labels)
    return {name: gradient.abs().mean() for name, gradient in found.items()}


@in_layer_gradients.mistake(
    "each layer's weight in place of its gradient",
    look="layer.weight is the parameter; its gradient is in layer.weight.grad after backward().",
)
def weights_for_gradients(model, images, labels):
    return {name: layer.weight.detach().clone() for name, layer in linears(model).items()}


@in_layer_gradients.alternative("backward on the model itself, with everything put back")
def gradients_with_everything_put_back(model, images, labels):
    kept = [(parameter, parameter.grad) for parameter in model.parameters()]
    buffers = [(buffer, buffer.clone()) for buffer in model.buffers()]
    model.zero_grad(set_to_none=True)
    cross_entropy(model(images), labels).backward()
    found = {name: layer.weight.grad for name, layer in linears(model).items()}
    for parameter, grad in kept:
        parameter.grad = grad
    for buffer, before in buffers:
        buffer.copy_(before)
    return found


@in_layer_gradients.alternative(
    "torch.func.functional_call with parameters and buffers that are copies"
)
def gradients_by_functional_call(model, images, labels):
    parameters = {name: p.detach().requires_grad_() for name, p in model.named_parameters()}
    buffers = {name: b.clone() for name, b in model.named_buffers()}
    scores = torch.func.functional_call(model, (parameters, buffers), (images,))
    weights = [parameters[f"{name}.weight"] for name in linears(model)]
    found = torch.autograd.grad(cross_entropy(scores, labels), weights)
    return dict(zip(linears(model), found, strict=True))


@in_layer_gradients.alternative("the mean of the losses of the single samples, in a loop")
def gradients_by_a_mean_over_samples(model, images, labels):
    def loss(y, t):
        return sum(cross_entropy(y[i : i + 1], t[i : i + 1]) for i in range(len(y))) / len(y)

    return gradients(model, images, labels, loss)


@in_layer_gradients.alternative("log_softmax and nll_loss in place of cross_entropy")
def gradients_by_nll_loss(model, images, labels):
    return gradients(model, images, labels, lambda y, t: nll_loss(log_softmax(y, dim=1), t))


@in_layer_gradients.alternative("−Σ t ln softmax(y) on one-hot labels t, written out")
def gradients_by_one_hot_labels(model, images, labels):
    def loss(y, t):
        return -(one_hot(t, y.shape[1]) * log_softmax(y, dim=1)).sum() / len(y)

    return gradients(model, images, labels, loss)


@in_layer_gradients.alternative("δᵀ y by hand, from what hooks see at each linear layer")
def gradients_by_hooks(model, images, labels):
    model = copy.deepcopy(model)
    inputs, outputs = {}, {}
    for name, layer in linears(model).items():

        def seen(layer, arguments, output, name=name):
            inputs[name], outputs[name] = arguments[0].detach(), output

        layer.register_forward_hook(seen)
    E = cross_entropy(model(images), labels)
    deltas = torch.autograd.grad(E, list(outputs.values()))
    return {name: delta.T @ inputs[name] for name, delta in zip(outputs, deltas, strict=True)}


@in_layer_gradients.alternative("backward on a copy that was saved and loaded, parts numbered")
def gradients_of_a_loaded_copy(model, images, labels):
    file = io.BytesIO()
    torch.save(model, file)
    file.seek(0)
    layers = linears(twin := torch.load(file, weights_only=False)).values()
    found = torch.autograd.grad(cross_entropy(twin(images), labels), [w.weight for w in layers])
    return {f"linear {i}": gradient for i, gradient in enumerate(found, start=1)}


@in_layer_gradients.alternative("the δ of 1.4 handed to autograd, and names that end in .weight")
def gradients_from_delta(model, images, labels):
    model = copy.deepcopy(model)
    scores = model(images)
    target = one_hot(labels, scores.shape[1])
    delta = (softmax(scores, 1) - target).detach() / len(scores)
    weights = {f"{name}.weight": layer.weight for name, layer in linears(model).items()}
    found = torch.autograd.grad(scores, [*weights.values()], grad_outputs=delta)
    return dict(zip(weights, found, strict=True))


@in_layer_gradients.alternative("hooks on the weights of a copy")
def gradients_by_hooks_on_weights(model, images, labels):
    model, found = copy.deepcopy(model), {}
    for name, layer in linears(model).items():
        layer.weight.register_hook(partial(found.__setitem__, name))
    scores = model(images)
    (scores.logsumexp(1) - scores.gather(1, labels[:, None]).squeeze(1)).mean().backward()
    return {name: found[name] for name in linears(model)}


@in_layer_gradients.alternative("the model itself, put back by its state dict and by each .grad")
def gradients_with_the_state_dict_put_back(model, images, labels):
    state = copy.deepcopy(model.state_dict())
    kept = [(parameter, parameter.grad) for parameter in model.parameters()]
    for parameter, _ in kept:
        parameter.grad = None
    try:
        cross_entropy(model(images), labels, reduction="none").mean().backward()
        return {name: layer.weight.grad.clone() for name, layer in linears(model).items()}
    finally:
        model.load_state_dict(state)
        for parameter, grad in kept:
            parameter.grad = grad


in_train = Part("2.4", "train")


def mean_absolute(gradient: Tensor) -> float:
    return gradient.abs().mean().item()


def recorded(model: nn.Module, size: Callable[[Tensor], float] = mean_absolute) -> dict[str, float]:
    """Layer name → size of the gradient that is in .grad."""
    return {name: size(layer.weight.grad) for name, layer in linears(model).items()}


def descend(
    model: nn.Module,
    batches: Iterable[tuple[Tensor, Tensor]],
    optimizer: torch.optim.Optimizer,
    loss: Callable[[Tensor, Tensor], Tensor] = cross_entropy,
    size: Callable[[Tensor], float] = mean_absolute,
) -> list[dict[str, float]]:
    """One step of the optimizer for each batch."""
    history = []
    for images, labels in batches:
        optimizer.zero_grad()
        loss(model(images), labels).backward()
        history.append(recorded(model, size))
        optimizer.step()
    return history


def sgd(model: nn.Module, lr: float, **options: Any) -> torch.optim.Optimizer:
    return torch.optim.SGD(model.parameters(), lr=lr, **options)


@in_train.mistake(
    "training that never moves the weights",
    look="backward() only computes the gradients: optimizer.step() applies them.",
)
def training_without_step(model, loader, *, lr=0.01, steps):
    optimizer = sgd(model, lr)
    optimizer.step = lambda: None
    return descend(model, islice(cycle(loader), steps), optimizer)


@in_train.mistake(
    "training on the sum of all gradients so far",
    look="backward() adds to .grad: call optimizer.zero_grad() before it in every step.",
)
def training_without_zero_grad(model, loader, *, lr=0.01, steps):
    optimizer = sgd(model, lr)
    optimizer.zero_grad = lambda: None
    return descend(model, islice(cycle(loader), steps), optimizer)


@in_train.mistake(
    "training with two steps for each batch",
    look="Call optimizer.step() once for each backward().",
)
def training_with_two_steps(model, loader, *, lr=0.01, steps):
    history, optimizer = [], sgd(model, lr)
    for batch in islice(cycle(loader), steps):
        history += descend(model, [batch], optimizer)
        optimizer.step()
    return history


@in_train.mistake(
    "training with Adam",
    look="The exercise asks for plain gradient descent: torch.optim.SGD.",
)
def training_with_adam(model, loader, *, lr=0.01, steps):
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    return descend(model, islice(cycle(loader), steps), optimizer)


@in_train.mistake(
    "training with momentum 0.9",
    look="In plain SGD each step is −lr times the gradient of its own batch: leave momentum out.",
)
def training_with_momentum(model, loader, *, lr=0.01, steps):
    return descend(model, islice(cycle(loader), steps), sgd(model, lr, momentum=0.9))


@in_train.mistake(
    "training with weight decay",
    look="Plain SGD follows the gradient of the loss alone: leave weight_decay out.",
)
def training_with_weight_decay(model, loader, *, lr=0.01, steps):
    return descend(model, islice(cycle(loader), steps), sgd(model, lr, weight_decay=0.1))


@in_train.mistake(
    "training with the learning rate 0.01, whatever lr says",
    look="Pass lr on to torch.optim.SGD.",
)
def training_with_a_fixed_lr(model, loader, *, lr=0.01, steps):
    return descend(model, islice(cycle(loader), steps), sgd(model, 0.01))


@in_train.mistake(
    "training with the learning rate 0.1 where lr is left out",
    look="The default is lr=0.01 in the function's signature.",
)
def training_with_another_default_lr(model, loader, *, lr=0.1, steps):
    return descend(model, islice(cycle(loader), steps), sgd(model, lr))


@in_train.mistake(
    "training uphill: each step raises the loss",
    look="A step is weight − lr · gradient, with a minus.",
)
def training_uphill(model, loader, *, lr=0.01, steps):
    return descend(model, islice(cycle(loader), steps), sgd(model, lr, maximize=True))


@in_train.mistake(
    "training on the sum of the batch's losses",
    look="The loss is the mean over the batch: with the sum, the step grows with the batch.",
)
def training_on_the_sum(model, loader, *, lr=0.01, steps):
    def loss(y, t):
        return cross_entropy(y, t, reduction="sum")

    return descend(model, islice(cycle(loader), steps), sgd(model, lr), loss)


@in_train.mistake(
    "training once through the loader, whatever steps says",
    look="Count the batches and stop after steps of them.",
)
def training_for_one_epoch(model, loader, *, lr=0.01, steps):
    return descend(model, loader, sgd(model, lr))


@in_train.mistake(
    "training that stops at the end of the loader, even if steps is larger",
    look="Where the batches run out before steps is reached, begin the loader again.",
)
def training_stops_with_the_loader(model, loader, *, lr=0.01, steps):
    return descend(model, islice(loader, steps), sgd(model, lr))


@in_train.mistake(
    "training for steps epochs",
    look="A step is one batch: with five batches in the loader, steps=10 goes round it twice.",
)
def steps_taken_for_epochs(model, loader, *, lr=0.01, steps):
    return descend(model, list(loader) * steps, sgd(model, lr))


@in_train.mistake(
    "training on the first batch again and again",
    look="next(iter(loader)) begins the loader anew each time: go through it with a for loop.",
)
def training_on_the_first_batch(model, loader, *, lr=0.01, steps):
    return descend(model, (next(iter(loader)) for _ in range(steps)), sgd(model, lr))


@in_train.mistake(
    "training of a copy, while the caller's model stays as it was",
    look="train changes the model that it is given: leave out copy.deepcopy.",
)
def training_of_a_copy(model, loader, *, lr=0.01, steps):
    model = copy.deepcopy(model)
    return descend(model, islice(cycle(loader), steps), sgd(model, lr))


@in_train.mistake(
    "training of the weights without the biases",
    look="Give the optimizer all of model.parameters().",
)
def training_without_the_biases(model, loader, *, lr=0.01, steps):
    weights = [layer.weight for layer in linears(model).values()]
    return descend(model, islice(cycle(loader), steps), torch.optim.SGD(weights, lr=lr))


@in_train.mistake(
    "a record of zeros, taken after the gradients were cleared",
    look="Record the gradients between backward() and zero_grad().",
)
def record_after_zero_grad(model, loader, *, lr=0.01, steps):
    history, optimizer = [], sgd(model, lr)
    for images, labels in islice(cycle(loader), steps):
        cross_entropy(model(images), labels).backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=False)
        history.append(recorded(model))
    return history


@in_train.mistake(
    "a record of the gradients after each step, at the new weights",
    look="Record the gradients that the step uses: after backward() and before optimizer.step().",
)
def record_after_the_step(model, loader, *, lr=0.01, steps):
    history, optimizer = [], sgd(model, lr)
    for images, labels in islice(cycle(loader), steps):
        descend(model, [(images, labels)], optimizer)
        found = gradients(model, images, labels)
        history.append({name: mean_absolute(gradient) for name, gradient in found.items()})
    return history


@in_train.mistake(
    "a record of the mean gradient, in which plus and minus cancel",
    look="Take the absolute values first and the mean of them then: gradient.abs().mean().",
)
def record_of_the_signed_mean(model, loader, *, lr=0.01, steps):
    def size(gradient):
        return gradient.mean().item()

    return descend(model, islice(cycle(loader), steps), sgd(model, lr), size=size)


@in_train.mistake(
    "a record of the gradients' norms",
    look="The norm grows with the size of a layer, the mean absolute value does not: "
    "gradient.abs().mean().",
)
def record_of_the_norm(model, loader, *, lr=0.01, steps):
    def size(gradient):
        return gradient.norm().item()

    return descend(model, islice(cycle(loader), steps), sgd(model, lr), size=size)


@in_train.mistake(
    "a record of the loss",
    look="For each step, record layer name → mean absolute gradient of the layer's weight.",
)
def record_of_the_loss(model, loader, *, lr=0.01, steps):
    history, optimizer = [], sgd(model, lr)
    for images, labels in islice(cycle(loader), steps):
        with torch.no_grad():
            history.append({"loss": cross_entropy(copy.deepcopy(model)(images), labels).item()})
        descend(model, [(images, labels)], optimizer)
    return history


@in_train.mistake(
    "a record of the last step alone",
    look="Make the list before the loop and append to it in every step.",
)
def record_of_the_last_step(model, loader, *, lr=0.01, steps):
    return descend(model, islice(cycle(loader), steps), sgd(model, lr))[-1:]


@in_train.mistake(
    "a record in which every step shows the numbers of the last one",
    look="The list holds one and the same dictionary many times: make a new one in each step.",
)
def record_in_one_dictionary(model, loader, *, lr=0.01, steps):
    return descend(model, islice(cycle(loader), steps), sgd(model, lr))[-1:] * steps


@in_train.alternative("the step p − lr · p.grad written out, under no_grad")
def train_by_hand(model, loader, *, lr=0.01, steps):
    history = []
    for images, labels in islice(cycle(loader), steps):
        model.zero_grad()
        cross_entropy(model(images), labels).backward()
        history.append(recorded(model))
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.sub_(lr * parameter.grad)
    return history


@in_train.alternative("a loop of epochs that stops in the middle, and SGD one by one")
def train_by_epochs(model, loader, *, lr=0.01, steps):
    history, optimizer = [], sgd(model, lr, foreach=False)
    for _epoch in range(steps):
        history += descend(model, islice(loader, steps - len(history)), optimizer)
    return history


@in_train.alternative("gradients by autograd.grad and the step by Tensor.add_")
def train_without_grad(model, loader, *, lr=0.01, steps):
    history = []
    for images, labels in islice(cycle(loader), steps):
        E = cross_entropy(model(images), labels)
        parameters = dict(model.named_parameters())
        found = dict(zip(parameters, torch.autograd.grad(E, [*parameters.values()]), strict=True))
        history.append({name: mean_absolute(found[f"{name}.weight"]) for name in linears(model)})
        for name, parameter in parameters.items():
            parameter.data.add_(found[name], alpha=-lr)
    return history


@in_train.alternative("an iterator begun again at StopIteration, and tensors in the record")
def train_by_next(model, loader, *, lr=0.01, steps):
    model.train()
    optimizer, batches, history = sgd(model, lr), iter(loader), []
    while len(history) < steps:
        try:
            images, labels = next(batches)
        except StopIteration:
            batches = iter(loader)
            continue
        optimizer.zero_grad()
        cross_entropy(model(images), labels).backward()
        history.append(recorded(model, lambda gradient: gradient.abs().mean()))
        optimizer.step()
    return history


@in_train.alternative(
    "forward and backward in a closure that the optimizer calls, gradients set to 0"
)
def train_by_a_closure(model, loader, *, lr=0.01, steps):
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer, history, batches = torch.optim.SGD(trained, lr=float(lr)), [], [*loader]
    for step in range(steps):
        images, labels = batches[step % len(batches)]

        def closure(images=images, labels=labels):
            optimizer.zero_grad(set_to_none=False)
            E = cross_entropy(model(images), labels)
            E.backward()
            history.append(recorded(model))
            return E

        optimizer.step(closure)
    return history


@in_train.alternative("new tensors in the old parameters, by .data, and hooks that are removed")
def train_by_data(model, loader, *, lr=0.01, steps):
    history, found = [], {}
    hooks = [
        layer.weight.register_hook(partial(found.__setitem__, name))
        for name, layer in linears(model).items()
    ]
    for images, labels in islice(cycle(loader), steps):
        model.zero_grad()
        cross_entropy(model(images), labels).backward()
        history.append({name: mean_absolute(found[name]) for name in linears(model)})
        for parameter in model.parameters():
            if parameter.grad is not None:
                parameter.data = parameter.data - lr * parameter.grad
    for hook in hooks:
        hook.remove()
    return history


in_compare = Part("2.4", "compare")


def table(
    variants: Mapping[str, nn.Module],
    images: Tensor,
    labels: Tensor,
    size: Callable[[Tensor], float] = mean_absolute,
    gradients: Callable[..., dict[str, Tensor]] = gradients,
) -> dict[str, dict[str, float]]:
    """Variant name → layer name → size of the gradient."""
    return {
        name: {layer: size(g) for layer, g in gradients(model, images, labels).items()}
        for name, model in variants.items()
    }


@in_compare.mistake(
    "the mean of each gradient, in which plus and minus cancel",
    look="Take the absolute values first and the mean of them then: gradient.abs().mean().",
)
def compare_the_signed_mean(variants, images, labels):
    return table(variants, images, labels, lambda gradient: gradient.mean().item())


@in_compare.mistake(
    "the sum of each gradient's absolute values",
    look="The sum grows with the layer; divide by the number of entries: gradient.abs().mean().",
)
def compare_the_sum(variants, images, labels):
    return table(variants, images, labels, lambda gradient: gradient.abs().sum().item())


@in_compare.mistake(
    "the largest absolute value in each gradient",
    look="One entry says little about a layer: gradient.abs().mean().",
)
def compare_the_largest(variants, images, labels):
    return table(variants, images, labels, lambda gradient: gradient.abs().max().item())


@in_compare.mistake(
    "the norm of each gradient",
    look="The norm grows with the size of the layer: gradient.abs().mean().",
)
def compare_the_norm(variants, images, labels):
    return table(variants, images, labels, lambda gradient: gradient.norm().item())


@in_compare.mistake(
    "the root mean square of each gradient",
    look="Absolute values are not squared: gradient.abs().mean().",
)
def compare_the_root_mean_square(variants, images, labels):
    return table(variants, images, labels, lambda gradient: gradient.square().mean().sqrt().item())


@in_compare.mistake(
    "the logarithm of each mean absolute gradient",
    look="Return the values themselves: the logarithm is the picture's, by its scale.",
)
def compare_the_logarithm(variants, images, labels):
    return table(variants, images, labels, lambda g: g.abs().mean().log10().item())


@in_compare.mistake(
    "the mean absolute gradient of each layer's bias",
    look="Take the gradient of layer.weight.",
)
def compare_the_biases(variants, images, labels):
    return table(variants, images, labels, gradients=gradient_of_the_bias)


@in_compare.mistake(
    "one and the same model under the name of every variant",
    look="Use the model that belongs to the name in each round: for name, model in "
    "variants.items().",
)
def compare_one_model_with_itself(variants, images, labels):
    first = next(iter(variants.values()))
    return table(dict.fromkeys(variants, first), images, labels)


@in_compare.mistake(
    "the last variant alone",
    look="Make the dictionary before the loop over the variants, not inside it.",
)
def compare_the_last_variant_alone(variants, images, labels):
    return dict([*table(variants, images, labels).items()][-1:])


@in_compare.mistake(
    "the comparison cut off at the depth of the shallowest variant",
    look="Variants may have different numbers of layers: each keeps all of its own.",
)
def compare_as_many_layers_as_all_have(variants, images, labels):
    full = table(variants, images, labels)
    depth = min(map(len, full.values()))
    return {name: dict(islice(layers.items(), depth)) for name, layers in full.items()}


@in_compare.mistake(
    "the comparison with layers outside and variants inside",
    look="The outer names are the variants', the inner ones the layers'.",
)
def compare_layer_by_layer(variants, images, labels):
    turned = {}
    for name, layers in table(variants, images, labels).items():
        for layer, value in layers.items():
            turned.setdefault(layer, {})[name] = value
    return turned


@in_compare.mistake(
    "the comparison of models that are trained by one step on the way",
    look="Comparing changes nothing: no optimizer.step() here.",
)
def compare_and_train(variants, images, labels):
    return table(variants, images, labels, gradients=a_step_taken_on_the_way)


@in_compare.alternative("NumPy's mean of absolute values, as a Python float")
def compare_by_numpy(variants, images, labels):
    import numpy as np

    return table(variants, images, labels, lambda g: float(np.abs(g.numpy()).mean()))


@in_compare.alternative("the 1-norm divided by the number of entries")
def compare_by_the_1_norm(variants, images, labels):
    return table(variants, images, labels, lambda g: g.norm(p=1).item() / g.numel())


@in_compare.alternative("tensors of one element, the variants in another order")
def compare_in_reverse(variants, images, labels):
    found = table(variants, images, labels, lambda gradient: gradient.abs().mean())
    return dict(reversed(found.items()))


@in_compare.alternative("a defaultdict, and Python's own exact sum")
def compare_by_fsum(variants, images, labels):
    found = defaultdict(dict)
    for variant, model in variants.items():
        for layer, gradient in gradients(model, images, labels).items():
            found[variant][layer] = fsum(gradient.abs().flatten().tolist()) / gradient.numel()
    return found


in_plot = Part("2.4", "plot")

Lines = Mapping[str, Iterable[float]]


def lines_of(comparison: Mapping[str, Mapping[str, float]]) -> dict[str, list[float]]:
    """The right lines: for each variant, its values from the first layer to the last."""
    return {variant: list(layers.values()) for variant, layers in comparison.items()}


def picture(lines: Lines, scale: str = "log", legend: bool = True) -> Any:
    """A picture of these lines, with their names in a legend."""
    from matplotlib.figure import Figure

    figure = Figure()
    axes = figure.subplots()
    for name, values in lines.items():
        axes.plot(list(values), label=name if legend else None)
    axes.set_yscale(scale)
    if legend:
        axes.legend()
    return figure


@in_plot.mistake(
    "a picture with a linear scale",
    look="A vanishing gradient shrinks by a factor from layer to layer: that is a straight line "
    'with axes.set_yscale("log"), and on a linear scale it is invisible.',
)
def plot_on_a_linear_scale(comparison):
    return picture(lines_of(comparison), scale="linear")


@in_plot.mistake(
    "a picture with its logarithmic scale along the layers",
    look="The gradients are what spans many powers of ten: semilogy or set_yscale, not semilogx.",
)
def plot_with_the_wrong_axis_logarithmic(comparison):
    figure = picture(lines_of(comparison), scale="linear")
    figure.axes[0].set_xscale("log")
    return figure


@in_plot.mistake(
    "a picture with one line through all variants",
    look="Call axes.plot once for each variant, with that variant's layers.",
)
def plot_all_in_one_line(comparison):
    return picture(
        {"gradients": [value for line in lines_of(comparison).values() for value in line]}
    )


@in_plot.mistake(
    "a picture with one line for each layer",
    look="A line is a variant, and along it are its layers: the outer names of the comparison are "
    "the lines.",
)
def plot_one_line_for_each_layer(comparison):
    names = dict.fromkeys(layer for layers in comparison.values() for layer in layers)
    return picture(
        {name: [layers[name] for layers in comparison.values() if name in layers] for name in names}
    )


@in_plot.mistake(
    "a picture that does not say which line is which variant",
    look="Give each line its label and call axes.legend().",
)
def plot_without_names(comparison):
    return picture(lines_of(comparison), legend=False)


@in_plot.mistake(
    "a picture with the names of the variants on the wrong lines",
    look="Give label=variant to the plot call that draws this variant, so that no two lists "
    "need the same order.",
)
def plot_with_names_exchanged(comparison):
    lines = lines_of(comparison)
    return picture(dict(zip(lines, reversed(lines.values()), strict=True)))


@in_plot.mistake(
    "a picture with the layers from output to input",
    look="The first layer stands on the left: plot the values in the order of the comparison.",
)
def plot_from_output_to_input(comparison):
    return picture({name: values[::-1] for name, values in lines_of(comparison).items()})


@in_plot.mistake(
    "a picture with the values of each line in order of size",
    look="The order along the line is that of the layers: leave out sorted.",
)
def plot_in_order_of_size(comparison):
    return picture({name: sorted(values) for name, values in lines_of(comparison).items()})


@in_plot.mistake(
    "a picture of each variant relative to its own largest gradient",
    look="Plot the values as they are: that one variant's gradients are smaller than another's is "
    "what the picture shows.",
)
def plot_relative_to_the_largest(comparison):
    lines = lines_of(comparison)
    return picture({name: [v / max(values) for v in values] for name, values in lines.items()})


@in_plot.mistake(
    "a picture of the last variant alone",
    look="Make the figure once, before the loop over the variants.",
)
def plot_the_last_variant_alone(comparison):
    return picture(dict([*lines_of(comparison).items()][-1:]))


@in_plot.mistake(
    "a picture on top of the pictures before it",
    look="pyplot goes on drawing into its current figure: begin a new one with plt.figure() or "
    "plt.subplots().",
)
def plot_into_the_current_figure(comparison):
    import matplotlib.pyplot as plt

    for variant, layers in comparison.items():
        plt.semilogy(list(layers.values()), label=variant)
    plt.legend()
    return plt.gcf()


@in_plot.mistake(
    "a bar chart",
    look="Draw a line for each variant with axes.plot: its slope is how fast the gradient "
    "vanishes.",
)
def plot_as_bars(comparison):
    figure = picture({}, legend=False)
    for name, values in lines_of(comparison).items():
        figure.axes[0].bar(range(len(values)), values, label=name)
    figure.axes[0].legend()
    return figure


@in_plot.mistake(
    "a vertical line for each variant: all its values stand above one place",
    look="Give axes.plot the layers 1, 2, 3, … for x, one for each value.",
)
def plot_of_vertical_lines(comparison):
    figure = picture({}, legend=False)
    for place, (name, values) in enumerate(lines_of(comparison).items()):
        figure.axes[0].plot([place] * len(values), values, label=name)
    figure.axes[0].legend()
    return figure


@in_plot.mistake(
    "None: the picture was made and not returned",
    look="End with return figure, so that the caller can show it or save it.",
)
def plot_without_return(comparison):
    picture(lines_of(comparison))


@in_plot.mistake(
    "the axes in place of the figure",
    look="Return the figure, which can be saved with savefig.",
)
def plot_returning_the_axes(comparison):
    return picture(lines_of(comparison)).axes[0]


@in_plot.alternative("pyplot with semilogy")
def plot_by_semilogy(comparison):
    import matplotlib.pyplot as plt

    figure = plt.figure()
    for variant, layers in comparison.items():
        plt.semilogy(list(layers), list(layers.values()), "o--", label=variant)
    plt.legend(loc="best")
    plt.close(figure)
    return figure


@in_plot.alternative("axes of its own for each variant")
def plot_side_by_side(comparison):
    from matplotlib.figure import Figure

    figure = Figure()
    grid = figure.subplots(1, len(comparison), sharey=True, squeeze=False)
    for axes, (variant, layers) in zip(grid[0], comparison.items(), strict=True):
        axes.plot(range(len(layers)), torch.tensor(list(layers.values())), label=variant)
        axes.set(yscale="log", title=variant, xlabel="layer")
        axes.legend()
    return figure


@in_plot.alternative("each variant's name written beside its line, and no legend")
def plot_with_names_beside_the_lines(comparison):
    figure = picture(lines_of(comparison), legend=False)
    (axes,) = figure.axes
    for line, (name, values) in zip(axes.lines, lines_of(comparison).items(), strict=True):
        axes.annotate(name, (len(values) - 1, values[-1]), color=line.get_color())
    return figure


@in_plot.alternative("black lines, told apart by dashes and markers")
def plot_in_black(comparison):
    figure = picture({}, legend=False)
    (axes,) = figure.axes
    for number, (name, values) in enumerate(lines_of(comparison).items()):
        dashes, marker = ("-", "--", "-.", ":")[number % 4], "os^vD*"[number % 6]
        axes.plot(values, color="black", linestyle=dashes, marker=marker, label=name)
    axes.legend()
    return figure


@in_plot.alternative("white on black, and a legend of the figure outside the axes")
def plot_on_a_dark_background(comparison):
    import matplotlib.pyplot as plt

    with plt.style.context("dark_background"):
        figure, axes = plt.subplots(figsize=(9, 3))
        for name, values in lines_of(comparison).items():
            axes.semilogy(values, linewidth=0.8, label=name)
        axes.grid(alpha=0.3)
        figure.legend(bbox_to_anchor=(1.0, 0.9), loc="upper left")
        plt.close(figure)
    return figure


@in_plot.alternative("names in the margin, in black, at the height where the lines end")
def plot_with_names_in_the_margin(comparison):
    figure = picture({}, legend=False)
    (axes,) = figure.axes
    layers = max(map(len, comparison.values()))
    for name, values in lines_of(comparison).items():
        axes.plot(range(layers - len(values), layers), values)
        axes.text(1.01, values[-1], name, transform=axes.get_yaxis_transform())
    return figure


@in_plot.alternative("faint lines on a grey ground, with patches as samples that are not faint")
def plot_with_patches_in_the_legend(comparison):
    from matplotlib.patches import Patch

    figure = picture({}, legend=False)
    (axes,) = figure.axes
    axes.set_facecolor("0.92")
    samples = []
    for number, (name, values) in enumerate(lines_of(comparison).items()):
        axes.plot(values, color=f"C{number}", alpha=0.5)
        samples.append(Patch(color=f"C{number}", label=name))
    axes.legend(handles=samples, title="variant")
    return figure


@in_plot.alternative("a floor for gradients of 0, wide limits, and a line to compare with")
def plot_with_a_threshold(comparison):
    lines = {name: [max(v, 1e-9) for v in values] for name, values in lines_of(comparison).items()}
    figure = picture(lines)
    (axes,) = figure.axes
    axes.axhline(1e-3, color="grey", linestyle="dashed", label="threshold")
    axes.set_ylim(1e-10, 1e3)
    axes.legend(ncols=3, fontsize="x-small")
    return figure


@in_plot.alternative("a logarithmic scale to base 2, and markers on the lines")
def plot_to_base_2(comparison):
    figure = picture(lines_of(comparison))
    figure.axes[0].set_yscale("log", base=2)
    for line in figure.axes[0].lines:
        line.set_marker("s")
    return figure
