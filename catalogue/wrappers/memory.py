"""Calls that remember: what an earlier call was given, or gave, is in the result of a later one."""

from judging.matrix import wrapper


@wrapper(
    "the result of the first call, given again whatever is asked",
    look="Compute each result from the arguments of its own call.",
    but={
        "it is asked one question, which has one answer": ["answers"],
        "it makes a model of any weights": ["LinearRegression"],
    },
)
def remembers_the_first_result(right):
    first = []

    def wrong(*args, **kwargs):
        if not first:
            first.append(right(*args, **kwargs))
        return first[0]

    return wrong
