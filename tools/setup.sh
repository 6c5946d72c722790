#!/bin/sh
# Sets up .venv and the system libraries that the wheels need. Called by the Makefile.
#   tools/setup.sh system        install what is missing of the system libraries (Debian, Ubuntu)
#   tools/setup.sh venv          create .venv and install ferdesk into it
#   tools/setup.sh venv dev      the same with what training, tests and linters need
set -eu

cd "$(dirname "$0")/.."
venv=${VENV:-.venv}

say() { printf '%s\n' "$*"; }
fail() { printf 'ferdesk setup: %s\n' "$*" >&2; exit 1; }

# --- system libraries ---------------------------------------------------------------------------

# soname and Debian package: what cv2, MediaPipe and Qt load even without a screen …
HEADLESS="libGL.so.1:libgl1 libEGL.so.1:libegl1 libGLESv2.so.2:libgles2
libglib-2.0.so.0:libglib2.0-0 libxcb.so.1:libxcb1 libxkbcommon.so.0:libxkbcommon0
libfontconfig.so.1:libfontconfig1 libfreetype.so.6:libfreetype6 libdbus-1.so.3:libdbus-1-3"
# … and what Qt's X11 and Wayland plugins load besides.
X11="libxkbcommon-x11.so.0:libxkbcommon-x11-0 libxcb-cursor.so.0:libxcb-cursor0
libxcb-icccm.so.4:libxcb-icccm4 libxcb-keysyms.so.1:libxcb-keysyms1 libxcb-shape.so.0:libxcb-shape0
libX11-xcb.so.1:libx11-xcb1 libxcb-randr.so.0:libxcb-randr0 libxcb-sync.so.1:libxcb-sync1
libxcb-xfixes.so.0:libxcb-xfixes0"
WAYLAND="libwayland-client.so.0:libwayland-client0 libwayland-cursor.so.0:libwayland-cursor0
libwayland-egl.so.1:libwayland-egl1"

missing_packages() {
    known=$(PATH="$PATH:/sbin:/usr/sbin" ldconfig -p) || return 0
    wanted=$HEADLESS
    [ -z "${DISPLAY:-}" ] || wanted="$wanted $X11"
    [ -z "${WAYLAND_DISPLAY:-}" ] || wanted="$wanted $WAYLAND"
    for pair in $wanted; do
        case $known in
            *"${pair%%:*} "*) ;;
            *) printf ' %s' "${pair##*:}" ;;
        esac
    done
}

setup_system() {
    [ "$(uname -s)" = Linux ] || return 0
    PATH="$PATH:/sbin:/usr/sbin" command -v ldconfig >/dev/null 2>&1 || return 0
    packages=$(missing_packages)
    [ -n "$packages" ] || return 0
    if ! command -v apt-get >/dev/null 2>&1; then
        fail "system libraries are missing; install what your distribution calls these Debian packages:$packages"
    fi
    if [ "$(id -u)" -eq 0 ]; then
        as_root=""
    elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
        as_root="sudo -n"
    else
        fail "system libraries are missing; run this line, then make again:
  sudo apt-get update && sudo apt-get install -y --no-install-recommends$packages"
    fi
    say "Installing the missing system libraries:$packages"
    $as_root apt-get -qq update
    # shellcheck disable=SC2086  # one word a package
    $as_root env DEBIAN_FRONTEND=noninteractive DEBCONF_NOWARNINGS=yes apt-get -qq install -y --no-install-recommends \
        -o Dpkg::Use-Pty=0 $packages >/dev/null
    packages=$(missing_packages)
    [ -z "$packages" ] || fail "these system libraries are still missing:$packages"
}

# --- virtual environment ------------------------------------------------------------------------

usable() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null
}

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        usable "$PYTHON" || fail "PYTHON=$PYTHON is not a Python 3.11 to 3.14."
        printf '%s' "$PYTHON"
        return 0
    fi
    for name in python3 python3.13 python3.12 python3.11 python3.14; do
        if command -v "$name" >/dev/null 2>&1 && usable "$name"; then
            command -v "$name"
            return 0
        fi
    done
    found=$(python3 --version 2>/dev/null || printf 'no python3')
    fail "Python 3.11 to 3.14 is needed and $found was found; install one, or name it: make PYTHON=/path/to/python3.11"
}

setup_venv() {
    extras=${1:-}
    if ! usable "$venv/bin/python"; then
        python=$(find_python)
        "$python" -c 'import ensurepip, venv' 2>/dev/null ||
            fail "$python has no venv module; on Debian and Ubuntu: apt-get install python3-venv"
        rm -rf "$venv"
        "$python" -m venv "$venv"
    fi
    say "Installing ferdesk and its libraries into $venv; the first time this takes some minutes."
    # pip, not a faster installer: it is the one that also looks where this machine's pip
    # configuration says local wheels are.
    quiet=-qq # errors only
    [ ! -t 1 ] || quiet=
    # shellcheck disable=SC2086  # no word at all on a terminal, where pip's progress bars help
    "$venv/bin/python" -m pip install $quiet --disable-pip-version-check --no-input \
        -e ".${extras:+[train,dev]}" </dev/null ||
        fail "pip could not install what ferdesk needs; what it said is above, and all it does is shown by
  $venv/bin/python -m pip install -e '.${extras:+[train,dev]}'"
    # Once, so that the first start does not have to; it would do it by itself.
    say "Compiling the built-in network for this computer."
    "$venv/bin/python" -c '
from ferdesk.bootstrap import prepare_environment
prepare_environment()
from ferdesk.pipeline.loader import load_predictor
from ferdesk.resources import DEFAULT_CHECKPOINT, asset
load_predictor(asset(DEFAULT_CHECKPOINT), "auto")' >/dev/null 2>&1 ||
        say "That did not work; the first start tries again."
    touch "$venv/.ferdesk-app"
    [ -z "$extras" ] || touch "$venv/.ferdesk-dev"
}

case "${1:-}" in
    system) setup_system ;;
    venv) setup_venv "${2:-}" ;;
    *) fail "usage: tools/setup.sh system | venv [dev]" ;;
esac
