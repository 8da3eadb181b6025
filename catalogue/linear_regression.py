"""2.5: mistakes and alternatives in the model, the data, the step, and the file of weights."""

import io
import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import l1_loss, mse_loss

from answering.own import LinearRegression
from judging.known import Part

in_linear_regression = Part("2.5", "LinearRegression")


@in_linear_regression.mistake(
    "a network with a hidden layer",
    look="Linear regression is one line, w·x + b: a single nn.Linear(1, 1).",
)
class DeeperNetwork(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Sequential(nn.Linear(1, 16), nn.ReLU(), nn.Linear(16, 1))

    def forward(self, x):
        return self.linear(x)


@in_linear_regression.mistake(
    "a model of two linear layers, one after the other",
    look="Two linear maps in a row are one: a single nn.Linear(1, 1), named linear.",
)
class TwoLinearLayers(LinearRegression):
    def __init__(self):
        super().__init__()
        self.output = nn.Linear(1, 1)

    def forward(self, x):
        return self.output(self.linear(x))


@in_linear_regression.mistake(
    "a line without an intercept",
    look="nn.Linear has a bias unless it is told bias=False: without it each line goes through 0.",
)
class NoBias(LinearRegression):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(1, 1, bias=False)


@in_linear_regression.mistake(
    "a model whose layer has another name than linear",
    look="Call the layer self.linear: its name is in the file of weights, as linear.weight and "
    "linear.bias.",
)
class LayerNamedFc(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(1, 1)

    def forward(self, x):
        return self.fc(x)


@in_linear_regression.mistake(
    "w·x + b with parameters of its own, in place of a linear layer",
    look="The exercise asks for torch.nn.Linear: self.linear = nn.Linear(1, 1).",
)
class BareParameters(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.randn(1))
        self.b = nn.Parameter(torch.zeros(1))

    def forward(self, x):
        return self.w * x + self.b


@in_linear_regression.mistake(
    "a line with a ReLU behind it, which cannot be negative",
    look="Return self.linear(x) as it is: a regression predicts every number.",
)
class ReluOnTheOutput(LinearRegression):
    def forward(self, x):
        return torch.relu(self.linear(x))


@in_linear_regression.mistake(
    "a line with a sigmoid behind it: logistic regression",
    look="Return self.linear(x) as it is: the sigmoid is for probabilities.",
)
class SigmoidOnTheOutput(LinearRegression):
    def forward(self, x):
        return torch.sigmoid(self.linear(x))


@in_linear_regression.mistake(
    "a model with a result of shape (n,) for x of shape (n, 1)",
    look="Leave the result in the shape that nn.Linear gives it: (n,) against a y of shape (n, 1) "
    "broadcasts to n × n errors.",
)
class SqueezedOutput(LinearRegression):
    def forward(self, x):
        return self.linear(x).squeeze(-1)


@in_linear_regression.mistake(
    "a model that makes its layer in forward, with new random weights at every call",
    look="Layers are made in __init__, once; forward only applies them.",
)
class LayerMadeInForward(nn.Module):
    def forward(self, x):
        self.linear = nn.Linear(1, 1)
        return self.linear(x)


@in_linear_regression.mistake(
    "a model that shares its layer with every other one: a layer of the class",
    look="What stands in the body of the class is made once for all models: make the layer in "
    "__init__.",
)
class LayerOfTheClass(nn.Module):
    shared = nn.Linear(1, 1)

    def __init__(self):
        super().__init__()
        self.linear = self.shared

    def forward(self, x):
        return self.linear(x)


@in_linear_regression.mistake(
    "a model whose forward gives numbers that autograd cannot follow",
    look="Leave out torch.no_grad() and detach(): without a graph there is no gradient to train "
    "with.",
)
class ForwardWithoutGraph(LinearRegression):
    def forward(self, x):
        with torch.no_grad():
            return self.linear(x)


@in_linear_regression.mistake(
    "a module whose __init__ does not begin with super().__init__()",
    look="nn.Module keeps the list of its layers, and super().__init__() makes that list.",
)
class SuperForgotten(nn.Module):
    def __init__(self):
        self.linear = nn.Linear(1, 1)

    def forward(self, x):
        return self.linear(x)


@in_linear_regression.mistake(
    "a model whose forward returns nothing",
    look="forward ends with return self.linear(x).",
)
class ForwardWithoutReturn(LinearRegression):
    def forward(self, x):
        self.linear(x)


THE_LAYER = nn.Linear(1, 1)


@in_linear_regression.mistake(
    "a model whose layer is made once, outside of it, and shared by all models",
    look="Make the layer in __init__: self.linear = nn.Linear(1, 1).",
)
class LayerOfTheModule(LinearRegression):
    def __init__(self):
        super().__init__()
        self.linear = THE_LAYER


@in_linear_regression.alternative("the layer entered by add_module, and applied by F.linear")
class LinearRegressionByAddModule(nn.Module):
    def __init__(self):
        super().__init__()
        self.add_module("linear", nn.Linear(in_features=1, out_features=1, bias=True))

    def forward(self, x):
        return nn.functional.linear(x, self.linear.weight, self.linear.bias)


@in_linear_regression.alternative("an nn.Sequential with one named layer, and no forward")
class LinearRegressionOfASequential(nn.Sequential):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(1, 1)


@in_linear_regression.alternative("initial weights of its choice: a line through 0")
class LinearRegressionFromZero(LinearRegression):
    def __init__(self):
        super().__init__()
        nn.init.normal_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)


@in_linear_regression.alternative("w·x + b written out, from weights of 0, in evaluation mode")
class LinearRegressionWrittenOut(nn.Module):
    def __init__(self, inputs=1, outputs=1):
        super().__init__()
        self.linear = nn.Linear(inputs, outputs)
        nn.init.zeros_(self.linear.weight)
        self.eval()

    def forward(self, x):
        return x @ self.linear.weight.T + self.linear.bias


in_random_data = Part("2.5", "random_data")


def normal(n: int, generator: torch.Generator | None) -> Tensor:
    return torch.randn(n, 1, generator=generator)


@in_random_data.mistake(
    "a pair of x and y of shape (n,)",
    look="nn.Linear(1, 1) takes one column with a row for each example: shape (n, 1).",
)
def flat_data(n=64, *, slope, intercept, noise, generator=None):
    x = torch.randn(n, generator=generator)
    return x, slope * x + intercept + noise * torch.randn(n, generator=generator)


@in_random_data.mistake(
    "x of shape (n, 1) with y of shape (n,)",
    look="Predictions have the shape of x; subtracting a y of shape (n,) gives n × n errors.",
)
def flat_labels(n=64, *, slope, intercept, noise, generator=None):
    x = normal(n, generator)
    return x, (slope * x + intercept + noise * normal(n, generator)).squeeze(1)


@in_random_data.mistake(
    "one row of n columns for x and for y",
    look="Examples are rows: torch.randn(n, 1), not torch.randn(1, n).",
)
def data_in_a_row(n=64, *, slope, intercept, noise, generator=None):
    x = normal(n, generator)
    return x.T, (slope * x + intercept + noise * normal(n, generator)).T


@in_random_data.mistake(
    "data without noise",
    look="Add noise · torch.randn(n, 1) to y.",
)
def noise_forgotten(n=64, *, slope, intercept, noise, generator=None):
    x = normal(n, generator)
    return x, slope * x + intercept


@in_random_data.mistake(
    "data with noise that is never negative",
    look="torch.rand lies between 0 and 1 and lifts the whole line; torch.randn has mean 0.",
)
def noise_never_negative(n=64, *, slope, intercept, noise, generator=None):
    x = normal(n, generator)
    return x, slope * x + intercept + noise * torch.rand(n, 1, generator=generator)


@in_random_data.mistake(
    "data with the same noise for every example",
    look="torch.randn(1) is one number, and it moves the whole line: draw n of them, "
    "torch.randn(n, 1).",
)
def one_noise_for_all(n=64, *, slope, intercept, noise, generator=None):
    x = normal(n, generator)
    return x, slope * x + intercept + noise * normal(1, generator)


@in_random_data.mistake(
    "data whose noise is noise · x, so that they lie on a steeper line",
    look="The error has nothing to do with x: draw it with a torch.randn of its own.",
)
def noise_from_the_numbers_of_x(n=64, *, slope, intercept, noise, generator=None):
    x = normal(n, generator)
    return x, slope * x + intercept + noise * x


@in_random_data.mistake(
    "data whose errors have the variance noise, not the standard deviation",
    look="The standard deviation is the factor in noise · torch.randn(n, 1): take no square root.",
)
def noise_as_the_variance(n=64, *, slope, intercept, noise, generator=None):
    x = normal(n, generator)
    return x, slope * x + intercept + noise**0.5 * normal(n, generator)


@in_random_data.mistake(
    "data with the noise on x, where the slope multiplies it",
    look="The noise is the error of y: add it after slope · x + intercept.",
)
def noise_on_x(n=64, *, slope, intercept, noise, generator=None):
    x = normal(n, generator)
    return x, slope * (x + noise * normal(n, generator)) + intercept


@in_random_data.mistake(
    "data with slope and intercept exchanged",
    look="The slope multiplies x, the intercept is added: y = slope · x + intercept.",
)
def slope_and_intercept_exchanged(n=64, *, slope, intercept, noise, generator=None):
    x = normal(n, generator)
    return x, intercept * x + slope + noise * normal(n, generator)


@in_random_data.mistake(
    "data of a line through 0",
    look="Add the intercept: y = slope · x + intercept + noise.",
)
def intercept_forgotten(n=64, *, slope, intercept, noise, generator=None):
    x = normal(n, generator)
    return x, slope * x + noise * normal(n, generator)


@in_random_data.mistake(
    "data from PyTorch's global generator, whatever generator says",
    look="Pass generator=generator to each torch.randn, so that the caller can repeat the data.",
)
def generator_ignored(n=64, *, slope, intercept, noise, generator=None):
    x = normal(n, None)
    return x, slope * x + intercept + noise * normal(n, None)


@in_random_data.mistake(
    "data with x from the generator and noise from elsewhere",
    look="Both calls of torch.randn need generator=generator.",
)
def noise_from_elsewhere(n=64, *, slope, intercept, noise, generator=None):
    x = normal(n, generator)
    return x, slope * x + intercept + noise * normal(n, None)


@in_random_data.mistake(
    "the same data at every call",
    look="A seed inside the function makes it give the same numbers for ever: leave seeding to "
    "the caller.",
)
def seed_inside(n=64, *, slope, intercept, noise, generator=None):
    generator = torch.Generator().manual_seed(0)
    x = normal(n, generator)
    return x, slope * x + intercept + noise * normal(n, generator)


@in_random_data.mistake(
    "data that begin anew at the generator's seed each time",
    look="Hand the generator on as it is: it remembers where the last draw stopped.",
)
def data_from_the_seed_alone(n=64, *, slope, intercept, noise, generator=None):
    if generator is not None:
        generator = torch.Generator().manual_seed(generator.initial_seed())
    x = normal(n, generator)
    return x, slope * x + intercept + noise * normal(n, generator)


@in_random_data.mistake(
    "a set of 64 examples, whatever n says",
    look="Use n for the number of rows.",
)
def n_ignored(n=64, *, slope, intercept, noise, generator=None):
    x = normal(64, generator)
    return x, slope * x + intercept + noise * normal(64, generator)


@in_random_data.mistake(
    "data with the same x in every example",
    look="Through points above one x there is no telling the slope: draw every x at random.",
)
def x_constant(n=64, *, slope, intercept, noise, generator=None):
    x = torch.ones(n, 1)
    return x, slope * x + intercept + noise * normal(n, generator)


@in_random_data.alternative("x uniform from −1 to 1, and y from torch.normal")
def uniform_data(n=64, *, slope, intercept, noise, generator=None):
    x = torch.rand(n, 1, generator=generator) * 2 - 1
    return x, torch.normal(slope * x + intercept, float(noise), generator=generator)


@in_random_data.alternative("x evenly spaced, with uniform errors of deviation 1")
def data_evenly_spaced(n=64, *, slope, intercept, noise, generator=None):
    x = torch.linspace(-1, 1, n)[:, None]
    error = (2 * torch.rand(n, 1, generator=generator) - 1) * 3**0.5
    return x, slope * x + intercept + noise * error


@in_random_data.alternative("the noise drawn first and filled in place, y by F.linear")
def data_noise_first(n=64, *, slope, intercept, noise, generator=None):
    error = torch.empty(n, 1).normal_(generator=generator) * noise
    x = torch.empty(n, 1).normal_(generator=generator)
    W, b = torch.tensor([[float(slope)]]), torch.tensor([float(intercept)])
    return x, nn.functional.linear(x, W, b) + error


@in_random_data.alternative("x and errors as two columns of one draw")
def data_of_two_columns(n=64, *, slope, intercept, noise, generator=None):
    x, error = torch.randn(n, 2, generator=generator).split(1, dim=1)
    return x, intercept + slope * x + noise * error


@in_random_data.alternative("x in order, errors that are skewed, of an exponential distribution")
def data_with_skewed_errors(n=64, *, slope, intercept, noise, generator=None):
    x = torch.arange(n, dtype=torch.float32).unsqueeze(1) / n
    error = torch.empty(n, 1).exponential_(generator=generator) - 1
    return [x, x.mul(slope).add(intercept).add(error.mul(noise))]


in_train_epoch = Part("2.5", "train_epoch")


def sgd(model: nn.Module, lr: float, **options: Any) -> torch.optim.Optimizer:
    return torch.optim.SGD(model.parameters(), lr=lr, **options)


def epoch(
    model: nn.Module,
    x: Tensor,
    y: Tensor,
    optimizer: torch.optim.Optimizer,
    loss: Callable[[Tensor, Tensor], Tensor] = mse_loss,
) -> float:
    """The right step with this optimizer and this loss."""
    optimizer.zero_grad()
    E = loss(model(x), y)
    E.backward()
    optimizer.step()
    return E.item()


@in_train_epoch.mistake(
    "a step along the sum of this gradient and of what was in .grad before",
    look="backward() adds to .grad: call optimizer.zero_grad() before it.",
)
def epoch_without_zero_grad(model, x, y, *, lr=0.1):
    E = mse_loss(model(x), y)
    E.backward()
    sgd(model, lr).step()
    return E.item()


@in_train_epoch.mistake(
    "an epoch that leaves the weights as they were",
    look="backward() only computes the gradients: optimizer.step() applies them.",
)
def epoch_without_step(model, x, y, *, lr=0.1):
    optimizer = sgd(model, lr)
    optimizer.zero_grad()
    E = mse_loss(model(x), y)
    E.backward()
    return E.item()


@in_train_epoch.mistake(
    "an epoch of two steps along one gradient",
    look="Call optimizer.step() once.",
)
def epoch_of_two_steps(model, x, y, *, lr=0.1):
    optimizer = sgd(model, lr)
    E = epoch(model, x, y, optimizer)
    optimizer.step()
    return E


@in_train_epoch.mistake(
    "a run of ten epochs in one call",
    look="train_epoch is one pass over the data with one step: the caller has the loop.",
)
def ten_epochs(model, x, y, *, lr=0.1):
    optimizer = sgd(model, lr)
    first, *_ = [epoch(model, x, y, optimizer) for _ in range(10)]
    return first


@in_train_epoch.mistake(
    "a step for each example",
    look="Give the model all of x in one call: one mean over all examples, one step.",
)
def a_step_for_each_example(model, x, y, *, lr=0.1):
    optimizer = sgd(model, lr)
    E = mse_loss(model(x), y).item()
    for i in range(len(x)):
        epoch(model, x[i : i + 1], y[i : i + 1], optimizer)
    return E


@in_train_epoch.mistake(
    "a step along the gradient of the first example alone",
    look="Give the model all of x, not x[0] or x[:1].",
)
def first_example_alone(model, x, y, *, lr=0.1):
    return epoch(model, x[:1], y[:1], sgd(model, lr))


@in_train_epoch.mistake(
    "a step of Adam",
    look="The exercise asks for torch.optim.SGD.",
)
def epoch_with_adam(model, x, y, *, lr=0.1):
    return epoch(model, x, y, torch.optim.Adam(model.parameters(), lr=lr))


@in_train_epoch.mistake(
    "a step with weight decay",
    look="Plain SGD follows the gradient of the loss alone: leave weight_decay out.",
)
def epoch_with_weight_decay(model, x, y, *, lr=0.1):
    return epoch(model, x, y, sgd(model, lr, weight_decay=0.5))


@in_train_epoch.mistake(
    "a step on the mean absolute error",
    look="The loss of this exercise squares the errors: nn.functional.mse_loss, not l1_loss.",
)
def epoch_on_the_absolute_error(model, x, y, *, lr=0.1):
    return epoch(model, x, y, sgd(model, lr), l1_loss)


@in_train_epoch.mistake(
    "a step on the sum of the squared errors",
    look='The loss is the mean over the examples: leave reduction="sum" out.',
)
def epoch_on_the_sum(model, x, y, *, lr=0.1):
    return epoch(model, x, y, sgd(model, lr), nn.MSELoss(reduction="sum"))


@in_train_epoch.mistake(
    "a step on half the mean squared error",
    look="The mean squared error is mean((prediction − y)²), with no factor ½.",
)
def epoch_on_half_the_error(model, x, y, *, lr=0.1):
    return epoch(model, x, y, sgd(model, lr), lambda prediction, y: mse_loss(prediction, y) / 2)


@in_train_epoch.mistake(
    "a step on the root of the mean squared error",
    look="Leave the square root out: it changes the gradient, too.",
)
def epoch_on_the_root(model, x, y, *, lr=0.1):
    def loss(prediction, y):
        return mse_loss(prediction, y).sqrt()

    return epoch(model, x, y, sgd(model, lr), loss)


@in_train_epoch.mistake(
    "a step on n × n errors: each prediction is compared with every y",
    look="(n,) minus (n, 1) broadcasts to (n, n): leave prediction and y both in shape (n, 1).",
)
def epoch_on_all_pairs(model, x, y, *, lr=0.1):
    def loss(prediction, y):
        return (prediction.squeeze(1) - y).square().mean()

    return epoch(model, x, y, sgd(model, lr), loss)


@in_train_epoch.mistake(
    "the right step, with the loss after it as the result",
    look="Return the loss that backward() was called on: the one before the step.",
)
def loss_after_the_step(model, x, y, *, lr=0.1):
    epoch(model, x, y, sgd(model, lr))
    with torch.no_grad():
        return mse_loss(model(x), y).item()


@in_train_epoch.mistake(
    "the right step, with nothing as the result",
    look="Return the loss: return loss.item().",
)
def loss_not_returned(model, x, y, *, lr=0.1):
    epoch(model, x, y, sgd(model, lr))


@in_train_epoch.mistake(
    "a step with the learning rate 0.1, whatever lr says",
    look="Pass lr on to torch.optim.SGD.",
)
def epoch_with_a_fixed_lr(model, x, y, *, lr=0.1):
    return epoch(model, x, y, sgd(model, 0.1))


@in_train_epoch.mistake(
    "a step with the learning rate 0.01 where lr is left out",
    look="The default is lr=0.1 in the function's signature.",
)
def epoch_with_another_default_lr(model, x, y, *, lr=0.01):
    return epoch(model, x, y, sgd(model, lr))


@in_train_epoch.mistake(
    "a step with x and y exchanged: it predicts x from y",
    look="The model takes x and its result is compared with y: mse_loss(model(x), y).",
)
def x_and_y_exchanged(model, x, y, *, lr=0.1):
    return epoch(model, y, x, sgd(model, lr))


@in_train_epoch.mistake(
    "a step uphill: it raises the loss",
    look="A step is weight − lr · gradient, with a minus.",
)
def epoch_uphill(model, x, y, *, lr=0.1):
    return epoch(model, x, y, sgd(model, lr, maximize=True))


@in_train_epoch.mistake(
    "a step of the weight alone, while the bias stays",
    look="Give the optimizer all of model.parameters().",
)
def bias_left_as_it_was(model, x, y, *, lr=0.1):
    return epoch(model, x, y, torch.optim.SGD([model.linear.weight], lr=lr))


@in_train_epoch.mistake(
    "a step of at most a certain length: the gradient is clipped",
    look="Plain SGD takes the gradient as it is, however large: leave clip_grad_norm_ out.",
)
def epoch_with_a_clipped_gradient(model, x, y, *, lr=0.1):
    optimizer = sgd(model, lr)
    E = mse_loss(model(x), y)
    optimizer.zero_grad()
    E.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1e3)
    optimizer.step()
    return E.item()


@in_train_epoch.alternative("the step p − lr · p.grad written out, under no_grad")
def epoch_by_hand(model, x, y, *, lr=0.1):
    model.zero_grad()
    E = ((model(x) - y) ** 2).mean()
    E.backward()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.sub_(lr * parameter.grad)
    return float(E.detach())


@in_train_epoch.alternative("the gradient in closed form, with no backward()")
def epoch_in_closed_form(model, x, y, *, lr=0.1):
    weight, bias = model.linear.weight, model.linear.bias
    with torch.no_grad():
        error = x * weight + bias - y
        step_of_weight, step_of_bias = 2 * (error * x).mean(), 2 * error.mean()
        weight -= lr * step_of_weight
        bias -= lr * step_of_bias
    return error.square().mean().item()


@in_train_epoch.alternative("gradients set to zero and not to None, a sum divided by n")
def epoch_with_zeros_for_none(model, x, y, *, lr=0.1):
    optimizer = sgd(model, lr, foreach=False)
    E = (model(x) - y).pow(2).sum() / len(x)
    optimizer.zero_grad(set_to_none=False)
    E.backward()
    optimizer.step()
    return E.item()


@in_train_epoch.alternative("forward and backward in a closure that the optimizer calls")
def epoch_by_a_closure(model, x, y, *, lr=0.1):
    optimizer = sgd(model, lr)

    def closure():
        optimizer.zero_grad()
        E = nn.MSELoss()(model(x), y)
        E.backward()
        return E

    return optimizer.step(closure).item()


@in_train_epoch.alternative("functional_call and torch.func.grad, and load_state_dict for the step")
def epoch_by_functional_call(model, x, y, *, lr=0.1):
    def loss(parameters):
        return (torch.func.functional_call(model, parameters, (x,)) - y).square().mean()

    parameters = {name: parameter.detach() for name, parameter in model.named_parameters()}
    gradients, E = torch.func.grad_and_value(loss)(parameters)
    model.load_state_dict({name: p - lr * gradients[name] for name, p in parameters.items()})
    return E.item()


@in_train_epoch.alternative("a DataLoader of one batch, and a tensor as the result")
def epoch_by_a_loader(model, x, y, *, lr=0.1):
    data = torch.utils.data.TensorDataset(x, y)
    optimizer = sgd(model, lr)
    for images, labels in torch.utils.data.DataLoader(data, batch_size=len(x)):
        E = mse_loss(model(images), labels)
        optimizer.zero_grad()
        E.backward()
        optimizer.step()
    return E.detach()


in_save_weights = Part("2.5", "save_weights")


def write(state: Any, path: Any, **options: Any) -> None:
    """Write state to path: under another name first, so that path never holds half of it."""
    path = Path(path)
    beside = path.with_name(path.name + ".partial")
    try:
        with beside.open("wb") as file:
            torch.save(state, file, **options)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def read(path: Any) -> Any:
    """What the file holds if it is a state dict of the model, or an error that names the path."""
    try:
        state = torch.load(path, weights_only=True)
        LinearRegression().load_state_dict(state)
    except Exception as error:
        raise ValueError(f"{path} does not hold the weights of a line: {error}") from error
    return state


def loaded(state: Any) -> LinearRegression:
    model = LinearRegression()
    model.load_state_dict(state)
    return model


_memory: dict[Any, Any] = {}
"""Where some mistakes keep what belongs into the file, or nowhere."""


def load_from_memory(path):
    return loaded(_memory[str(path)])


@in_save_weights.mistake(
    "a variable of the program that keeps the weights, with no file",
    look="What is in memory is gone when the program ends: torch.save(model.state_dict(), path).",
    load_weights=load_from_memory,
    LinearRegression=LinearRegression,
)
def save_into_memory(model, path):
    _memory[str(path)] = model.state_dict()


@in_save_weights.mistake(
    "the whole model, pickled with its class",
    look="Save model.state_dict(): a pickled class opens only beside the code that wrote it, and "
    "weights_only=True refuses it.",
)
def save_the_whole_model(model, path):
    write(model, path)


@in_save_weights.mistake(
    "a file that is written in place, so that a crash leaves half of it and the old one is lost",
    look="Write to a new file beside path, then os.replace it: renaming happens at once or not "
    "at all.",
)
def save_in_place(model, path):
    torch.save(model.state_dict(), path)


@in_save_weights.mistake(
    "a file that replaces the old one after it was deleted, so that a crash may leave neither",
    look="os.replace takes the place of the old file by itself: do not delete it first.",
)
def save_after_deleting(model, path):
    Path(path).unlink(missing_ok=True)
    write(model.state_dict(), path)


@in_save_weights.mistake(
    "a new file that takes its place in two moves, so that a crash between them leaves none",
    look="os.replace takes the place of the old file in one move: do not delete it before.",
)
def save_in_two_moves(model, path):
    complete = Path(f"{path}.complete")
    write(model.state_dict(), complete)
    Path(path).unlink(missing_ok=True)
    complete.rename(path)


@in_save_weights.mistake(
    "a new file that is copied over the old one, so that a crash leaves half a copy",
    look="Copying writes byte by byte, like saving in place: rename the new file with os.replace.",
)
def save_by_copying_over(model, path):
    complete = Path(f"{path}.complete")
    write(model.state_dict(), complete)
    shutil.copyfile(complete, path)
    complete.unlink()


@in_save_weights.mistake(
    "a file under another name than path",
    look="Write to path as it is given, without adding .pt to it.",
)
def save_with_a_suffix_added(model, path):
    write(model.state_dict(), f"{path}.pt")


@in_save_weights.mistake(
    "the weight without the bias",
    look="Save all of model.state_dict(): linear.weight and linear.bias.",
)
def save_without_the_bias(model, path):
    write({"linear.weight": model.linear.weight.detach()}, path)


@in_save_weights.mistake(
    "a list of the parameters, without their names",
    look="Save model.state_dict(), in which each tensor has its name.",
)
def save_a_list_of_parameters(model, path):
    write([parameter.detach() for parameter in model.parameters()], path)


@in_save_weights.mistake(
    "a checkpoint with the state dict inside it",
    look="Save model.state_dict() itself, with no dictionary round it.",
)
def save_a_checkpoint(model, path):
    write({"model": model.state_dict(), "epoch": 1}, path)


@in_save_weights.mistake(
    "a file of gradients in place of weights",
    look="Save model.state_dict(): a gradient is no use to whoever loads the model.",
)
def save_the_gradients(model, path):
    gradients = {name: p.grad for name, p in model.named_parameters() if p.grad is not None}
    write(gradients, path)


@in_save_weights.mistake(
    "a file of weights rounded to half precision",
    look="Save the tensors as they are: float16 has three decimal digits only.",
)
def save_in_half_precision(model, path):
    write({name: weight.half() for name, weight in model.state_dict().items()}, path)


@in_save_weights.mistake(
    "a file that keeps the weights of the first save for ever",
    look="Save the state dict of the model that is given, at every call.",
)
def save_only_once(model, path):
    if not Path(path).exists():
        write(model.state_dict(), path)


@in_save_weights.mistake(
    "a save that says nothing where it fails",
    look="Let the error be raised: whoever saved the weights goes on as if they were there.",
)
def save_or_say_nothing(model, path):
    with suppress(OSError):
        write(model.state_dict(), path)


@in_save_weights.mistake(
    "a save that fails for a path without a folder",
    look="os.path.dirname of a bare name is empty, and no folder: Path(path).parent is one.",
)
def save_beside_a_folder_only(model, path):
    folder = os.path.dirname(path)
    beside = f"{folder}/.{os.path.basename(path)}.new"
    torch.save(model.state_dict(), beside)
    os.replace(beside, path)


@in_save_weights.alternative("a NamedTemporaryFile beside the path, then os.replace")
def save_by_a_named_temporary_file(model, path):
    path = Path(path)
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            torch.save(model.state_dict(), file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(file.name, path)
    except BaseException:
        os.unlink(file.name)
        raise


@in_save_weights.alternative("the older format of torch.save, without a zip file")
def save_in_the_older_format(model, path):
    write(model.state_dict(), path, _use_new_zipfile_serialization=False)


@in_save_weights.alternative("bytes made in memory, written and moved by pathlib")
def save_by_way_of_bytes(model, path):
    buffer = io.BytesIO()
    torch.save({name: p.detach().clone() for name, p in model.named_parameters()}, buffer)
    beside = Path(path).with_suffix(".new")
    beside.write_bytes(buffer.getvalue())
    beside.replace(path)


@in_save_weights.alternative("torch.save by name in a temporary folder, and a look at it")
def save_in_a_temporary_folder(model, path):
    with tempfile.TemporaryDirectory(dir=Path(path).parent) as folder:
        beside = os.path.join(folder, "weights")
        torch.save(dict(model.state_dict()), beside)
        torch.load(beside, weights_only=True)  # torch 2.6 says nothing if the disk was full
        os.replace(beside, path)


@in_save_weights.alternative("mkstemp in the folder of the path, and folders made where missing")
def save_by_mkstemp(model, path):
    folder = os.path.dirname(os.fspath(path)) or "."
    os.makedirs(folder, exist_ok=True)
    where, beside = tempfile.mkstemp(dir=folder)
    try:
        with os.fdopen(where, "wb") as file:
            torch.save(model.state_dict(), file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except BaseException:
        os.unlink(beside)
        raise
    return path


in_load_weights = Part("2.5", "load_weights", LinearRegression=LinearRegression)


@in_load_weights.mistake(
    "a new model with random weights: nothing was loaded into it",
    look="After torch.load comes model.load_state_dict(state).",
)
def load_nothing(path):
    read(path)
    return LinearRegression()


@in_load_weights.mistake(
    "a new model with the weights of a seed, as if they were the saved ones",
    look="The same seed gives the same initial weights, not the trained ones: "
    "model.load_state_dict(state).",
)
def load_by_seed(path):
    read(path)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return LinearRegression()


def version(path):
    found = os.stat(path)
    return found.st_ino, found.st_mtime_ns


def save_and_remember(model, path):
    write(model.state_dict(), path)
    _memory[version(path)] = model


@in_load_weights.mistake(
    "a model that shares its parameters with the one that was saved",
    look="Whoever trains one of them changes both: take the weights from the file.",
    save_weights=save_and_remember,
)
def load_the_saved_model_itself(path):
    model = loaded(read(path))
    if version(path) in _memory:
        model.linear = _memory[version(path)].linear
    return model


@in_load_weights.mistake(
    "one and the same model at every call",
    look="Make the new model inside the function: LinearRegression().",
)
def load_into_one_model_for_all(path):
    model = _memory.setdefault("the model", LinearRegression())
    model.load_state_dict(read(path))
    return model


@in_load_weights.mistake(
    "a model with the weights that the path held when it was first loaded",
    look="Read the file at every call: it may have been saved anew.",
)
def load_by_a_cache(path):
    seen = _memory.setdefault("cache", {})
    if str(path) not in seen:
        seen[str(path)] = read(path)
    return loaded(seen[str(path)])


@in_load_weights.mistake(
    "a model in float64",
    look="The weights were saved in float32, and data in float32 does not fit a model in float64: "
    "leave .double() out.",
)
def load_in_float64(path):
    return loaded(read(path)).double()


@in_load_weights.mistake(
    "a model with weight and bias exchanged",
    look="Go by the names in the state dict: linear.weight, linear.bias.",
)
def load_with_weight_and_bias_exchanged(path):
    state = read(path)
    weight, bias = state["linear.weight"], state["linear.bias"]
    return loaded({"linear.weight": bias.reshape(1, 1), "linear.bias": weight.reshape(1)})


@in_load_weights.mistake(
    "a model filled by the order of what the file holds, whatever it is called",
    look="Go by the names, with model.load_state_dict(state): it refuses what belongs to another "
    "model.",
)
def load_by_position(path):
    try:
        weight, bias, *_ = torch.load(path, weights_only=True).values()
        return loaded({"linear.weight": weight, "linear.bias": bias})
    except Exception as error:
        raise ValueError(f"{path} does not hold the weights of a line: {error}") from error


@in_load_weights.mistake(
    "a model with the saved weight, and 0 for the bias",
    look="Load all of the state dict: linear.weight and linear.bias.",
)
def load_without_the_bias(path):
    return loaded({**read(path), "linear.bias": torch.zeros(1)})


@in_load_weights.mistake(
    "the state dict in place of a model",
    look="Make a LinearRegression(), load the state dict into it, and return the model.",
)
def load_the_state_dict_alone(path):
    return read(path)


@in_load_weights.mistake(
    "a loader that runs whatever program the file holds",
    look="A pickle can hold any call, and weights_only=False makes it: torch.load(path, "
    "weights_only=True).",
)
def load_whatever_the_file_holds(path):
    try:
        return loaded(torch.load(path, weights_only=False))
    except Exception as error:
        raise ValueError(f"{path} does not hold the weights of a line: {error}") from error


@in_load_weights.mistake(
    "a new model with random weights where the file cannot be read",
    look="Nobody sees that the weights are missing: let the error be raised.",
)
def load_or_begin_anew(path):
    try:
        return loaded(read(path))
    except ValueError:
        return LinearRegression()


@in_load_weights.mistake(
    "None where there is no file",
    look="Raise an error that names the path: None breaks only later, where nobody knows of it.",
)
def load_or_none(path):
    return loaded(read(path)) if Path(path).exists() else None


@in_load_weights.mistake(
    "a model that cannot be trained on: its parameters are frozen",
    look="A loaded model is a model like others: leave out requires_grad_(False).",
)
def load_frozen(path):
    return loaded(read(path)).requires_grad_(False)


@in_load_weights.mistake(
    "a model with the digits behind the point cut off where the weights are in another dtype",
    look="Convert the tensors with .float(), or leave it to load_state_dict: int() rounds.",
)
def load_rounded_from_another_dtype(path):
    state = read(path)
    if any(weight.dtype != torch.float32 for weight in state.values()):
        state = {name: weight.int().float() for name, weight in state.items()}
    return loaded(state)


@in_load_weights.mistake(
    "a loader that takes the weights of other models for its own",
    look="strict=False leaves out each name that does not fit, and may load nothing at all.",
)
def load_what_fits(path):
    model = LinearRegression()
    try:
        model.load_state_dict(torch.load(path, weights_only=True), strict=False)
    except Exception as error:
        raise ValueError(f"{path} does not hold the weights of a line: {error}") from error
    return model


@in_load_weights.mistake(
    "an error that does not say which file it is about",
    look="Name the path and the reason in the error: nobody can look at a file without a name.",
)
def load_with_an_error_without_the_path(path):
    try:
        return loaded(read(path))
    except ValueError:
        raise ValueError("the weights cannot be loaded") from None


@in_load_weights.mistake(
    "an error that names the file and not what is wrong with it",
    look="Say the reason, too: one looks for a missing file, and saves a damaged one anew.",
)
def load_with_an_error_without_the_reason(path):
    try:
        return loaded(read(path))
    except ValueError:
        raise ValueError(path) from None


@in_load_weights.mistake(
    "a loader that deletes the file",
    look="Reading leaves the file where it is, for the next time.",
)
def load_and_delete(path):
    model = loaded(read(path))
    os.unlink(path)
    return model


@in_load_weights.alternative("copy_ into the parameters, under no_grad")
def load_by_copying(path):
    state, model = read(path), LinearRegression()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(state[name])
    return model


@in_load_weights.alternative("a RuntimeError for a file that does not fit")
def load_with_a_runtime_error(path):
    try:
        return loaded(read(path))
    except ValueError as error:
        raise RuntimeError(f"cannot load {path}: {error.__cause__}") from error


@in_load_weights.alternative(
    "the bytes read first, and the tensors assigned to a model without weights"
)
def load_by_assigning(path):
    read(path)
    state = torch.load(io.BytesIO(Path(path).read_bytes()), weights_only=True)
    with torch.device("meta"):
        model = LinearRegression()
    model.load_state_dict({name: w.float().clone() for name, w in state.items()}, assign=True)
    return model.eval()


# Near the laws that hold for every call: what may be drawn, and from where.


@in_random_data.alternative("errors of −1 and 1, drawn before x")
def random_data_of_coins(n=64, *, slope, intercept, noise, generator=None):
    errors = torch.randint(0, 2, (n, 1), generator=generator) * 2.0 - 1
    x = torch.rand(n, 1, generator=generator)
    return x, slope * x + intercept + noise * errors


@in_random_data.alternative("x and errors in one draw, taken apart into columns")
def random_data_in_one_draw(n=64, *, slope, intercept, noise, generator=None):
    x, errors = torch.randn(n, 2, generator=generator).split(1, dim=1)
    return x, slope * x + intercept + noise * errors


@in_random_data.alternative("keywords taken as they come, x in a random order")
def random_data_of_keywords(n=64, **how):
    generator = how.get("generator")
    x = torch.randperm(n, generator=generator)[:, None] / n
    errors = torch.empty(n, 1).normal_(generator=generator)
    return x, how["slope"] * x + how["intercept"] + how["noise"] * errors


@in_load_weights.alternative("each key, shape and dtype looked at, and another dtype refused")
def load_with_a_close_look(path):
    if not Path(path).exists():
        raise FileNotFoundError(f"there is no file {path}")
    try:
        state = torch.load(path, weights_only=True)
        forms = {name: (w.dtype, tuple(w.shape)) for name, w in state.items()}
    except Exception as error:
        raise ValueError(f"{path} cannot be read as weights: {error!r}") from error
    right = {"linear.weight": (1, 1), "linear.bias": (1,)}
    if forms != {name: (torch.float32, shape) for name, shape in right.items()}:
        raise ValueError(f"{path} holds {forms}, which are no weights of a line")
    model = LinearRegression()
    model.load_state_dict(state, assign=True)
    return model


@in_load_weights.alternative("an open file, and .data of each parameter in evaluation mode")
def load_into_data(path):
    state, model = read(path), LinearRegression().eval()
    with open(path, "rb") as file:
        state = torch.load(file, weights_only=True, map_location="cpu")
    model.linear.weight.data = state["linear.weight"].float()
    model.linear.bias.data = state["linear.bias"].float()
    return model
