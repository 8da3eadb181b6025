"""`python -m solutions` lists the reference answers; `--starter DIR` makes a folder for yours."""

import argparse
import ast
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from homework import MODULES, starter


def main(arguments: Sequence[str] | None = None) -> int:
    """Say what there is, or make the starter folder; 1 and one sentence if that fails."""
    parser = argparse.ArgumentParser(prog="python -m solutions", description=__doc__)
    parser.add_argument(
        "--starter",
        metavar="DIR",
        type=Path,
        help="write the signatures and what they ask for into a new or empty folder",
    )
    folder = parser.parse_args(arguments).starter
    if folder is None:
        print(listing())
        return 0
    try:
        files = starter.write(folder)
    except (starter.StarterError, OSError) as error:
        print(f"No starter folder was made: {error}", file=sys.stderr)
        return 1
    print(f"{len(files) - 1} files to fill are in {folder}, and a README.md to begin with.")
    print(f"Check them with: pytest --solutions {shlex.quote(str(folder))}")
    return 0


def listing() -> str:
    """What each module of the reference answers, and how to run it."""
    lines = [
        "The reference answers. Each file is to be read, and prints what the homework asks:",
        "",
    ]
    for module in MODULES:
        source = Path(__file__).with_name(f"{module}.py").read_text(encoding="utf-8")
        title = (ast.get_docstring(ast.parse(source)) or "").splitlines()[0]
        lines += [f"python -m solutions.{module}", f"    {title}"]
    return "\n".join(
        [*lines, "", "A folder for answers of your own: python -m solutions --starter DIR"]
    )


if __name__ == "__main__":
    sys.exit(main())
