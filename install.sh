#!/usr/bin/env bash
# Sets the kiosk up on Debian, Ubuntu or Raspberry Pi OS.
#
#   ./install.sh try [--headless] [--walk] [--json FILE] [--config DIR]
#   ./install.sh test [--quick]
#
# Nothing but apt and PyPI is asked for, and only for what is missing; run again, it changes nothing.
set -euo pipefail
umask 022                          # the screen's and the browser's users read what is made here
export PATH="$PATH:/usr/sbin:/sbin" # a plain `su` leaves these out
cd "$(dirname "$(readlink -f "$0")")"

say() { printf '%s\n' "$*" >&2; }
die() { say "install.sh: $*"; exit 2; }

# need PROGRAM=PACKAGE...: what is missing is installed by apt, in one go.
need() {
    local pair package missing=() root=()
    for pair in "$@"; do
        command -v "${pair%%=*}" >/dev/null || [ -e "${pair%%=*}" ] || missing+=("${pair#*=}")
    done
    [ ${#missing[@]} = 0 ] && return
    command -v apt-get >/dev/null || die "needs ${missing[*]}, and this system has no apt-get to install them with."
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null ||
            die "needs ${missing[*]}. Ask root to run: apt-get update && apt-get install ${missing[*]}. Then run this again."
        root=(sudo)
    fi
    say "Installing ${missing[*]}"
    "${root[@]}" apt-get update -q >&2
    for package in "${missing[@]}"; do
        [ -n "$(apt-cache madison "$package")" ] || unavailable "$package"
    done
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >&2
}

unavailable() {
    local why="this system's apt has no package $1."
    [ "$1" = chromium ] && why+=" Ubuntu has Chromium as a snap only, which cannot run behind the kiosk's door."
    die "$why The kiosk stays closed here. Use Debian or Raspberry Pi OS."
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

# venv NAME EXTRA: an environment from the system's own python3 with the package in it, brought up to date only
# when something of the source has changed, and made anew when it does not work under today's python3.
venv() {
    local at extra=$2 stamp
    at="$(home)/$1"
    stamp="$(/usr/bin/python3 -V) $(find pyproject.toml install.sh allowlist assets hardware kiosk -type f \
        ! -name '*.pyc' -print0 | sort -z | xargs -0 sha256sum | sha256sum)"
    if [ "$(cat "$at/.stamp" 2>/dev/null)" != "$stamp" ]; then
        say "Setting up Python packages in $at"
        mkdir -p "$(home)"
        "$at/bin/python" -m pip --version >/dev/null 2>&1 || /usr/bin/python3 -m venv --clear "$at" ||
            die "could not make $at."
        rm -rf build
        "$at/bin/python" -m pip install --quiet --disable-pip-version-check --upgrade ".[$extra]" >&2
        "$at/bin/python" -m pip install --quiet --disable-pip-version-check --force-reinstall --no-deps . >&2
        rm -rf build ./*.egg-info
        echo "$stamp" >"$at/.stamp"
    fi
    echo "$at"
}

base() {
    local chromium=/usr/bin/chromium
    [ -e "$chromium" ] || chromium=/usr/bin/chromium-browser # as Raspberry Pi OS may have it
    need /usr/bin/python3=python3 sway=sway "$chromium=chromium" bwrap=bubblewrap setpriv=util-linux Xvfb=xvfb \
        xdotool=xdotool
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
    need git=git grim=grim shellcheck=shellcheck foot=foot nft=nftables ip=iproute2 tinyproxy=tinyproxy-bin \
        pdftotext=poppler-utils
    [ "$(uname -m)" != x86_64 ] || need mmdebstrap=mmdebstrap qemu-system-x86_64=qemu-system-x86
    exec tests/run "$(venv test test)" "$@"
    ;;
*)
    die "say what to do: try (the whole kiosk here, with simulated hardware) or test (every test)."
    ;;
esac
