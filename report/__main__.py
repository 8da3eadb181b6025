"""Puts the results of several runs on one class together: python -m report --merge FOLDER …"""

import argparse
from pathlib import Path

from report import classroom
from report.marked import Undecidable, decisions, read_all


def main() -> None:
    """Read the records in the folders, and write scores.csv, the class's page and the students'."""
    parser = argparse.ArgumentParser(prog="python -m report", description=__doc__)
    parser.add_argument("--merge", metavar="FOLDER", type=Path, nargs="+", required=True)
    parser.add_argument("--results", metavar="FOLDER", type=Path, default=Path("report/class"))
    parser.add_argument("--decisions", metavar="PATH", type=Path)
    given = parser.parse_args()
    try:
        students = [one.student for folder in given.merge for one in read_all(folder)]
        by_hand = decisions(given.decisions, students) if given.decisions else {}
        lines, of_class = classroom.merge(given.merge, given.results, by_hand)
    except (Undecidable, classroom.Unmergeable) as error:
        parser.error(str(error))
    print(f"{len(lines)} submissions: {given.results / classroom.SCORES}")
    if left := of_class - len(lines):
        parser.exit(1, f"{left} of the class are not there: a share is missing, or did not end\n")


if __name__ == "__main__":
    main()
