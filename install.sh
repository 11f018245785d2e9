#!/usr/bin/env bash
# Sets the kiosk up on Debian, Ubuntu or Raspberry Pi OS.
#
#   ./install.sh try [--headless] [--walk] [--json FILE] [--config DIR]
#   ./install.sh test [--quick]
#
# Nothing but apt and PyPI is asked for, and only for what is missing; run again, it changes nothing.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"

say() { printf '%s\n' "$*" >&2; }
die() { say "install.sh: $*"; exit 2; }

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else
        command -v sudo >/dev/null || die "this needs root once, for: $*. Run that as root, then this again."
        sudo "$@"
    fi
}

# need PROGRAM=PACKAGE...: what is missing is installed by apt, in one go.
need() {
    local pair missing=()
    for pair in "$@"; do
        command -v "${pair%%=*}" >/dev/null || [ -e "${pair%%=*}" ] || missing+=("${pair#*=}")
    done
    [ ${#missing[@]} = 0 ] && return
    command -v apt-get >/dev/null || die "needs ${missing[*]}, and this system has no apt-get to install them with."
    say "Installing ${missing[*]}"
    as_root apt-get update -q >&2
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >&2
}

# Where the kiosk's own Python lives: readable by the screen's and the browser's users when we are root.
home() {
    if [ "$(id -u)" = 0 ]; then echo /opt/supervised-kiosk; else
        echo "${XDG_DATA_HOME:-$HOME/.local/share}/supervised-kiosk"
    fi
}

# The users as whom screen and browser run when the guardian is root; they own nothing and cannot log in.
users() {
    [ "$(id -u)" = 0 ] || return 0
    local user
    need useradd=passwd
    for user in kiosk-screen kiosk-browser; do
        id "$user" >/dev/null 2>&1 ||
            useradd --system --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin "$user"
    done
}

# venv NAME EXTRA: an environment from the system's own python3 with the package in it, made anew only when
# something of the source has changed.
venv() {
    local at extra=$2 stamp
    at="$(home)/$1"
    stamp=$(find pyproject.toml install.sh allowlist assets hardware kiosk -type f ! -name '*.pyc' -print0 |
        sort -z | xargs -0 sha256sum | sha256sum)
    if [ "$(cat "$at/.stamp" 2>/dev/null)" != "$stamp" ]; then
        say "Setting up Python packages in $at"
        mkdir -p "$(home)"
        [ -x "$at/bin/python" ] || /usr/bin/python3 -m venv "$at" || die "could not make $at."
        rm -rf build
        "$at/bin/pip" install --quiet --disable-pip-version-check --upgrade ".[$extra]" >&2
        "$at/bin/pip" install --quiet --disable-pip-version-check --force-reinstall --no-deps . >&2
        rm -rf build ./*.egg-info
        echo "$stamp" >"$at/.stamp"
    fi
    echo "$at"
}

base() {
    need /usr/bin/python3=python3 sway=sway chromium=chromium bwrap=bubblewrap setpriv=util-linux Xvfb=xvfb xdotool=xdotool
    /usr/bin/python3 -c 'import ensurepip, venv' 2>/dev/null || need /nonexistent/venv=python3-venv
    /usr/bin/python3 -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' ||
        die "needs Python 3.11 to 3.13 as /usr/bin/python3, and this system has $(/usr/bin/python3 -V)."
    users
}

case "${1:-}" in
try)
    shift
    base
    exec "$(venv try try)/bin/kiosk" try "$@"
    ;;
test)
    shift
    base
    need grim=grim shellcheck=shellcheck foot=foot /usr/sbin/nft=nftables ip=iproute2 tinyproxy=tinyproxy-bin \
        mmdebstrap=mmdebstrap qemu-system-x86_64=qemu-system-x86 pdftotext=poppler-utils
    exec tests/run "$(venv test test)" "$@"
    ;;
*)
    die "say what to do: try (the whole kiosk here, with simulated hardware) or test (every test)."
    ;;
esac
