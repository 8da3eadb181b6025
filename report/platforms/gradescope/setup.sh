#!/usr/bin/env bash
# Prepares Gradescope's image, once, when a teacher uploads the autograder: a zip of the suite as it
# was committed. So what judges a course stays the same, and no repository has to be reached. In the
# suite's folder it is made by
#
#   git archive --output autograder.zip \
#       --add-file report/platforms/gradescope/setup.sh \
#       --add-file report/platforms/gradescope/run_autograder HEAD
#
# and uploaded in "Configure Autograder", with an Ubuntu whose Python is 3.10 or later: 22.04.
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
