"""What comes back, to the letter of the contract: numbers, names, order, and nothing besides."""

from collections.abc import Callable

from judging.matrix import wrapper

BY_LAYER = ("layer_gradients", "train", "compare")
NUMBERS = ("train", "compare", "train_epoch")
NO_LAYERS = "its result has no layers"
NO_NUMBERS = "its result is not made of measured numbers"


def each_by_layer(right, change: Callable[[dict], object]):
    """The right function, with a change in each dict that has an entry for each layer."""

    def wrong(*args, **kwargs):
        result = right(*args, **kwargs)
        if right.part == "train":
            return [change(entry) for entry in result]
        if right.part == "compare":
            return {name: change(entry) for name, entry in result.items()}
        return change(result)

    return wrong


def each_number(right, change: Callable[[float], object]):
    """The right function, with a change in each number."""
    if right.part == "train_epoch":
        return lambda *args, **kwargs: change(right(*args, **kwargs))
    return each_by_layer(
        right, lambda entry: {name: change(value) for name, value in entry.items()}
    )


@wrapper(
    "a tuple of the result and something more",
    look="Return the result alone.",
    but={"nobody looks at what it returns": ["save_weights"]},
)
def returns_something_more(right):
    return lambda *args, **kwargs: (right(*args, **kwargs), "done")


@wrapper(
    "None where a result is expected",
    look="End with a return.",
    but={"it returns nothing": ["save_weights"]},
)
def returns_nothing(right):
    def wrong(*args, **kwargs):
        right(*args, **kwargs)

    return wrong


@wrapper(
    "a text where a number is expected",
    look="Return the number itself; how it is printed is for the caller to choose.",
    on=NUMBERS,
    elsewhere=NO_NUMBERS,
)
def returns_texts_for_numbers(right):
    return each_number(right, str)


@wrapper(
    "a number rounded to four digits behind the point",
    look="Return the number as it is: a vanishing gradient would be told as 0.",
    on=NUMBERS,
    elsewhere=NO_NUMBERS,
)
def rounds_its_numbers(right):
    return each_number(right, lambda value: round(value, 4))


@wrapper(
    "a list with one number where a number is expected",
    look="Return the number itself, with .item().",
    on=NUMBERS,
    elsewhere=NO_NUMBERS,
)
def returns_lists_for_numbers(right):
    return each_number(right, lambda value: [value])


@wrapper(
    "a dict whose keys are numbers in place of names",
    look="Each layer stands under its name, a str.",
    on=BY_LAYER,
    elsewhere=NO_LAYERS,
)
def numbers_its_layers(right):
    return each_by_layer(right, lambda entry: dict(enumerate(entry.values())))


@wrapper(
    "a dict from the last layer to the first",
    look="Forward order: from the input to the output.",
    on=BY_LAYER,
    elsewhere=NO_LAYERS,
)
def reverses_its_layers(right):
    return each_by_layer(right, lambda entry: dict(reversed(entry.items())))


@wrapper(
    "a list of pairs where a dict is expected",
    look="Return a dict from the name of each layer.",
    on=BY_LAYER,
    elsewhere=NO_LAYERS,
)
def returns_pairs_for_a_dict(right):
    return each_by_layer(right, lambda entry: [*entry.items()])


@wrapper(
    "a dict with one entry more than there are layers",
    look="One entry for each linear layer, and none for the whole.",
    on=BY_LAYER,
    elsewhere=NO_LAYERS,
)
def adds_an_entry(right):
    return each_by_layer(right, lambda entry: {**entry, "all": [*entry.values()][-1]})


@wrapper(
    "a dict with the names of the variants in small letters",
    look="Use the name of a variant as it is: two may differ in a capital alone.",
    on=("compare",),
    elsewhere="it is given no names",
)
def changes_the_names_of_variants(right):
    def wrong(*args, **kwargs):
        return {name.lower(): value for name, value in right(*args, **kwargs).items()}

    return wrong


@wrapper(
    "a dict with spaces cut from the names of the variants",
    look="Use the name of a variant as it is.",
    on=("compare",),
    elsewhere="it is given no names",
)
def strips_the_names_of_variants(right):
    def wrong(*args, **kwargs):
        return {name.strip(): value for name, value in right(*args, **kwargs).items()}

    return wrong
