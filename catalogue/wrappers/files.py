"""Files: where they are, what lies beside them, and what becomes of an error."""

import shutil
from pathlib import Path

from judging.matrix import wrapper

OF_WEIGHTS = ("save_weights", "load_weights")
FILES = (*OF_WEIGHTS, "mnist")
NO_FILES = "it reads and writes no file"
NO_WEIGHTS = "it reads and writes no file of weights"


def elsewhere(right, move):
    """The right function, at another place than the path says."""

    def wrong(*args):
        *before, path = args
        return right(*before, move(Path(path)))

    return wrong


@wrapper(
    "a file with a suffix that nobody asked for",
    look="Use the path as it is given: a name without .pt is a name, too.",
    on=OF_WEIGHTS,
    elsewhere=NO_WEIGHTS,
)
def adds_a_suffix(right):
    return elsewhere(right, lambda path: path if path.suffix else path.with_suffix(".pt"))


@wrapper(
    "a file with the suffix .pt, whatever the path says",
    look="Use the path as it is given.",
    on=OF_WEIGHTS,
    elsewhere=NO_WEIGHTS,
)
def changes_the_suffix(right):
    return elsewhere(right, lambda path: path.with_suffix(".pt"))


@wrapper(
    "a file in a folder of its own beside the path",
    look="Use the path as it is given, folder and all.",
    on=OF_WEIGHTS,
    elsewhere=NO_WEIGHTS,
)
def uses_another_folder(right):
    def move(path):
        folder = path.parent / "weights"
        folder.mkdir(exist_ok=True)
        return folder / path.name

    return elsewhere(right, move)


@wrapper(
    "a second file beside the first one",
    look="One file, where the path says: remove what you write on the way.",
    on=OF_WEIGHTS,
    elsewhere=NO_WEIGHTS,
)
def writes_a_second_file(right):
    def wrong(*args):
        result = right(*args)
        shutil.copyfile(args[-1], f"{args[-1]}.copy")
        return result

    return wrong


@wrapper(
    "a function that takes a str alone for its path",
    look="A path may be a str or a pathlib.Path: Path(path) takes both.",
    on=FILES,
    elsewhere=NO_FILES,
)
def takes_texts_alone(right):
    def wrong(*args, **kwargs):
        path = args[-1] if args else kwargs["root"]
        return (path + "", right(*args, **kwargs))[1]

    return wrong


@wrapper(
    "a function that takes a pathlib.Path alone",
    look="A path may be a str or a pathlib.Path: Path(path) takes both.",
    on=FILES,
    elsewhere=NO_FILES,
)
def takes_paths_alone(right):
    def wrong(*args, **kwargs):
        path = args[-1] if args else kwargs["root"]
        return (path.parent, right(*args, **kwargs))[1]

    return wrong


@wrapper(
    "a function that says nothing where it fails",
    look="Let the error be raised: whoever calls must know.",
    on=FILES,
    elsewhere=NO_FILES,
)
def swallows_its_errors(right):
    def wrong(*args, **kwargs):
        try:
            return right(*args, **kwargs)
        except Exception:
            return None

    return wrong


@wrapper(
    "a function that changes the file which it reads",
    look="Reading leaves a file as it is.",
    on=("load_weights",),
    elsewhere="it does not read one file that can be looked at",
)
def changes_the_file_it_reads(right):
    def wrong(path):
        result = right(path)
        with open(path, "ab") as file:
            file.write(b"read")
        return result

    return wrong
