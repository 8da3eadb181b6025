"""Exercise 2.5: a linear model is built, trained for one epoch, saved, loaded and applied."""

import os
import re
from pathlib import Path
from textwrap import shorten

import torch
from torch import Tensor, nn

from solutions import arguments


class LinearRegression(nn.Module):
    """One ``nn.Linear(1, 1)``, named linear: y = w·x + b, of shape (n, 1) like x."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(1, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x)


def random_data(
    n: int = 64,
    *,
    slope: float,
    intercept: float,
    noise: float,
    generator: torch.Generator | None = None,
) -> tuple[Tensor, Tensor]:
    """x standard normal and y = slope·x + intercept + noise·ε with ε standard normal.

    Args: n examples; noise ≥ 0, the standard deviation of the error, in units of y; the generator
        to draw from, torch's own if None.
    Returns: x and y, both of shape (n, 1) and dtype float32.
    Raises: TypeError or ValueError, naming the argument that does not fit.
    """
    arguments.count(n=n)
    arguments.number(slope=slope, intercept=intercept, noise=noise)
    arguments.generator(generator=generator)
    if noise < 0:
        raise ValueError(f"noise must not be negative, but is {noise}")
    x = torch.randn(n, 1, generator=generator)
    y = slope * x + intercept + noise * torch.randn(n, 1, generator=generator)
    return x, y


def train_epoch(model: nn.Module, x: Tensor, y: Tensor, *, lr: float = 0.1) -> float:
    """One epoch of gradient descent: forward, mean squared error, backward, one SGD step.

    For E = mean((w·x + b − y)²) the step is w ← w − lr·2·mean((w·x + b − y)·x) and
    b ← b − lr·2·mean(w·x + b − y).

    Args: model, whose gradients from earlier calls are discarded; x and y of shape (n, 1), one
        floating-point dtype, that of the model; lr, the learning rate.
    Returns: the loss E before the step.
    Raises: TypeError or ValueError, naming the argument that does not fit.
    """
    arguments.trainable(model=model)
    arguments.matrix(x=x, y=y)
    arguments.floating(x=x, y=y)
    if x.shape[1] != 1:
        raise ValueError(f"x must have shape (n, 1), but has shape {tuple(x.shape)}")
    arguments.alike(x=x, y=y)
    arguments.suited(model, x=x)
    arguments.positive(lr=lr)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    prediction = model(x)
    arguments.alike(**{"y": y, "model(x)": prediction})
    loss = nn.functional.mse_loss(prediction, y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def save_weights(model: nn.Module, path: str | os.PathLike[str]) -> None:
    """Write the model's state dict to path; a crash leaves the old file there, or the new one.

    The bytes go to a new file beside path, which takes its name only when it is complete and on
    disk. Renaming is atomic, so whoever opens path finds the old weights or the new ones.

    Raises: TypeError or ValueError, naming the argument that does not fit, OSError if the file
        cannot be written.
    """
    arguments.module(model=model)
    arguments.path(path=path)
    path = Path(path)
    if path.exists() and not path.is_file():
        raise OSError(f"weights cannot be written to {path}: it is a folder, or no plain file")
    beside = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with open(beside, "wb") as file:
            torch.save(model.state_dict(), file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def load_weights(path: str | os.PathLike[str]) -> LinearRegression:
    """A new model with the weights that save_weights wrote to path.

    ``weights_only=True`` keeps the file from running code: a weight file is data.

    Args: path of the file. Whatever is in it, none of it is run.
    Raises: FileNotFoundError if there is no such file, ValueError if it does not hold the weights
        of a LinearRegression; both name the path and the reason.
    """
    arguments.path(path=path)
    path = Path(path)
    if not path.is_file():
        what = "it is a folder" if path.is_dir() else "there is no such file"
        raise FileNotFoundError(f"no weights at {path}: {what}")
    model = LinearRegression()
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        model.load_state_dict(state)
        arguments.floating(**state)
    except Exception as error:  # of any kind: that depends on which byte is damaged
        raise ValueError(
            f"{path} does not hold the weights of a LinearRegression: {_reason(error)}"
        ) from error
    return model


def _reason(error: Exception) -> str:
    # The first sentence of what torch says: the next ones advise to trust the file.
    words = str(error).rpartition("WeightsUnpickler error: ")[-1].strip()
    sentence = re.split(r"[.]\s|\n\n", words)[0]
    return f"{type(error).__name__}: {shorten(sentence, 300)}"


def main(path: str = "report/linear_regression.pt") -> None:
    """Generate data, train one epoch, save, load into a new model, and apply it."""
    x, y = random_data(slope=2.0, intercept=-1.0, noise=0.1)
    model = LinearRegression()
    before = train_epoch(model, x, y)
    with torch.no_grad():
        after = nn.functional.mse_loss(model(x), y).item()
    print(f"Mean squared error before the epoch {before:.4f}, after it {after:.4f}")

    save_weights(model, path)
    reloaded = load_weights(path)
    print(f"Weights saved to {path} and loaded into a new model:")
    for name, weight in reloaded.named_parameters():
        print(f"  {name} = {weight.item():+.4f}")

    x = torch.tensor([[-1.0], [0.0], [1.0]])
    with torch.no_grad():
        print(f"Applied to x = {x.flatten().tolist()}:")
        print(f"  the trained model  {model(x).flatten().tolist()}")
        print(f"  the loaded model   {reloaded(x).flatten().tolist()}")


if __name__ == "__main__":
    main()
