#!/bin/sh
# Starts ferdesk; where no window can open, does the same job on the built-in sample without one.
set -eu

cd "$(dirname "$0")/.."
python=${VENV:-.venv}/bin/python

if [ "$(uname -s)" != Linux ] || [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
    exec "$python" -m ferdesk
fi
printf '%s\n' "There is no display here, so ferdesk analyses its built-in sample without a window."
mkdir -p out
"$python" -m ferdesk analyze sample --out out/readings.csv --picture out/annotated.png --overwrite
