"""Exercise 2.5: a linear model is built, trained for one epoch, saved, loaded and applied."""

import os
import re
from pathlib import Path
from textwrap import shorten

import torch
from jaxtyping import Float
from torch import Tensor, nn

from solutions.guards import checked, require


class LinearRegression(nn.Module):
    """One linear layer: y = w·x + b."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(1, 1)

    @checked
    def forward(self, x: Float[Tensor, "n 1"]) -> Float[Tensor, "n 1"]:
        return self.linear(x)


@checked
def random_data(
    n: int = 64,
    *,
    slope: float,
    intercept: float,
    noise: float,
    generator: torch.Generator | None = None,
) -> tuple[Float[Tensor, "{n} 1"], Float[Tensor, "{n} 1"]]:
    """x, and y = slope·x + intercept + noise·ε, where x and ε are standard normal.

    So noise ≥ 0 is the standard deviation of the error that y has.
    """
    require(noise >= 0, f"noise must not be negative, but is {noise}")
    x = torch.randn(n, 1, generator=generator)
    y = slope * x + intercept + noise * torch.randn(n, 1, generator=generator)
    return x, y


@checked
def train_epoch(
    model: nn.Module, x: Float[Tensor, "n 1"], y: Float[Tensor, "n 1"], *, lr: float = 0.1
) -> float:
    """One epoch: forward, mean squared error E, backward, one SGD step. Returns the E before it.

    For E = mean((w·x + b − y)²) the step is w ← w − lr·∂E/∂w with ∂E/∂w = 2·mean((w·x + b − y)·x),
    and b ← b − lr·∂E/∂b with ∂E/∂b = 2·mean(w·x + b − y).
    """
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    E = nn.functional.mse_loss(model(x), y)
    optimizer.zero_grad()
    E.backward()
    optimizer.step()
    return E.item()


@checked
def save_weights(model: nn.Module, path: str | os.PathLike[str]) -> None:
    """Write the state dict of the model to path; a crash leaves the old file there, or the new one.

    The bytes go to a new file beside path. When all of them are on the disk, that file takes the
    name of the old one. This is a single step, so whoever opens path finds the old weights or the
    new ones. A file that cannot be written is an OSError.
    """
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


@checked
def load_weights(path: str | os.PathLike[str]) -> LinearRegression:
    """A new model with the weights that save_weights wrote to path.

    Such a file could hold a program, too, but with ``weights_only=True`` none is run. A missing
    file is a FileNotFoundError, and one that holds something else is a ValueError; both name the
    path and the reason.
    """
    path = Path(path)
    if not path.is_file():
        what = "it is a folder" if path.is_dir() else "there is no such file"
        raise FileNotFoundError(f"no weights at {path}: {what}")
    model = LinearRegression()
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        model.load_state_dict(state)
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
