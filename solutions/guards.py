"""What the functions of this package accept: the types in their signatures, and what no type says.

A signature gives shapes and dtypes, as in ``X: Float[Tensor, "m k"]``: a matrix in floating point
of m rows and k columns. Wherever the signature names m or k again, it is the same number.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import TypeVar

from beartype import BeartypeConf, FrozenDict, beartype
from jaxtyping import jaxtyped
from torch import Tensor

F = TypeVar("F", bound=Callable)

# In a sequence beartype looks at one item, which it picks with Python's random numbers. Those are
# the caller's, so it is told to look at the first item, as it does in a collection. The batches of
# a loader are looked at when they are used.
_DRAWING_NOTHING: FrozenDict = FrozenDict(
    {
        Sequence[int]: Collection[int],
        list[dict[str, float]]: Collection[dict[str, float]],
        Iterable[tuple[Tensor, Tensor]]: Iterable,
    }
)
_CONF = BeartypeConf(is_pep484_tower=True, hint_overrides=_DRAWING_NOTHING)


def checked(function: F) -> F:
    """Hold a function to its signature: a TypeError names the argument, what it is and what fits.

    An int is accepted for a float, as usual. Under ``python -O`` nothing is checked.
    """
    return jaxtyped(function, typechecker=beartype(conf=_CONF))  # type: ignore[return-value]


def require(fits: object, otherwise: str) -> None:
    """Raise a ValueError with these words, unless it fits: for what a type cannot say."""
    if not fits:
        raise ValueError(otherwise)
