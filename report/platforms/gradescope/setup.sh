#!/usr/bin/env bash
# Prepares Gradescope's image, once, when the teacher uploads the autograder. The zip holds the
# suite as it was committed, so that what judges a course does not change in its midst and needs no
# repository to be reached. In the suite's folder it is made, and checked in by "Configure
# Autograder" with an Ubuntu whose Python is 3.10 or later (22.04), by:
#
#   git archive --output autograder.zip \
#       --add-file report/platforms/gradescope/setup.sh \
#       --add-file report/platforms/gradescope/run_autograder HEAD
set -euo pipefail

root=${AUTOGRADER_ROOT:-/autograder}

# pip reads this from the environment. pytorch.org says where there are builds of torch without
# CUDA, gigabytes smaller:
# export PIP_EXTRA_INDEX_URL=

# Ubuntu's Python comes without what a virtual environment needs.
if ! python3 -c 'import ensurepip, venv'; then
    apt-get update
    apt-get install -y python3-venv
fi

# An environment of its own: Gradescope itself runs with the system's Python.
python3 -m venv "$root/venv"
cd "$root/source"
"$root/venv/bin/python" -m pip install --no-cache-dir -r requirements.txt

# Drawn here, the digits of exercise 2.4 need not be drawn for each submission.
"$root/venv/bin/python" -m data
