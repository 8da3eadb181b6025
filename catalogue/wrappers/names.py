"""Arguments under other names, in other places, with other defaults than the contract says."""

from inspect import Parameter, Signature

from judging.matrix import PLACES, Right, wrapper

WITH_TWO = [part for part in PLACES if len(Right(part).parameters) >= 2]
WITH_DEFAULT = [part for part in PLACES if any(Right(part).parameters.values())]


def under(names, right):
    """The right function with parameters of these names, in the contract's order."""
    promised = right.promise
    kinds = [
        Parameter.POSITIONAL_OR_KEYWORD if place < promised.by_position else Parameter.KEYWORD_ONLY
        for place, _ in enumerate(promised.parameters)
    ]
    pairs = [*zip(names, promised.parameters.items(), kinds, strict=True)]
    signature = Signature(
        [
            Parameter(name, kind, default=LEFT_OUT if default else Parameter.empty)
            for name, (_, default), kind in pairs
        ]
    )
    told = dict(zip(names, promised.parameters, strict=True))

    def wrong(*args, **kwargs):
        given = signature.bind(*args, **kwargs).arguments
        return right(**{told[name]: value for name, value in given.items()})

    wrong.__signature__ = signature
    return wrong


LEFT_OUT = object()


@wrapper(
    "right for arguments by place, but its first two parameters have each other's names",
    look="Compare the names with the contract's: who passes them by name gets another result.",
    on=WITH_TWO,
    elsewhere="has fewer than two parameters",
)
def exchanges_two_names(right):
    first, second, *others = right.parameters
    return under([second, first, *others], right)


@wrapper(
    "right for arguments by name, but takes none by place",
    look="Leave out the star: the contract lets the first parameters be passed by place.",
    on=[part for part in PLACES if Right(part).promise.by_position],
    elsewhere="takes no argument by place",
)
def takes_names_only(right):
    def wrong(**kwargs):
        return right(**kwargs)

    return wrong


@wrapper(
    "right as long as every argument is given: none may be left out",
    look="The contract has a default: write it into the signature.",
    on=WITH_DEFAULT,
    elsewhere="has no parameter with a default",
)
def has_no_defaults(right):
    def wrong(*args, **kwargs):
        if len(args) + len(kwargs) < len(right.parameters):
            raise TypeError("missing an argument")
        return right(*args, **kwargs)

    return wrong
