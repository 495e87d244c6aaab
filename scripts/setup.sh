#!/bin/sh
# Prepares this clone: system packages (Debian and its kin, when root) and .venv (always, for this clone alone).
#
#   scripts/setup.sh run     what the app needs: Python with Tk, and the packages it imports
#   scripts/setup.sh package what building the packaged app needs
#   scripts/setup.sh test    that, and all that building the firmware, checking and testing need
#
# PYTHON=/path/to/python chooses the interpreter. A second run with nothing to do takes no network and under a second.
set -eu
cd "$(dirname "$0")/.."

python_packages="python3 python3-venv python3-tk"
test_packages="make gcc libc6-dev clang libclang-rt-dev
    gcc-avr binutils-avr avr-libc arduino-core-avr
    libsimavr-dev libelf-dev avrdude
    tshark xvfb xauth xdotool
    mosquitto influxdb
    appstream desktop-file-utils shared-mime-info"

fail() {
    printf 'setup: %s\n' "$*" >&2
    exit 1
}

case ${1:-} in
run) extras=desktop packages= commands= ;;
package) extras=desktop,package packages=binutils commands=objcopy ;;
test) extras=desktop,dev,package packages=$test_packages commands="cc clang avr-gcc tshark mosquitto influxd" ;;
*)
    echo "usage: scripts/setup.sh run|package|test" >&2
    exit 2
    ;;
esac

# Says which Python this is ("3.11 /usr/bin/python3.11"), or fails if Treering cannot use it.
# Debian splits tkinter and ensurepip off into packages of their own, so both are tried.
identify() {
    "$1" -c '
import ensurepip, os, sys, tkinter, venv
if sys.version_info < (3, 11):
    sys.exit(1)
print("%d.%d" % sys.version_info[:2], os.path.realpath(sys._base_executable))' 2>/dev/null
}

# Sets python and identity. The system's own comes before what is first on PATH: its Tk is the one that the system
# packages provide.
find_python() {
    set -- /usr/bin/python3 python3 python3.13 python3.12 python3.11
    [ -z "${PYTHON:-}" ] || set -- "$PYTHON"
    for python; do
        if identity=$(identify "$python"); then
            return 0
        fi
    done
    return 1
}

missing_packages() {
    for package; do
        dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || printf '%s ' "$package"
    done
}

missing_commands() {
    for command; do
        command -v "$command" >/dev/null 2>&1 || printf '%s ' "$command"
    done
}

install_system_packages() {
    if ! command -v dpkg-query >/dev/null 2>&1; then
        [ "$(uname -s)" != Linux ] || [ -z "$commands" ] || commands="$commands Xvfb"
        # shellcheck disable=SC2086
        missing=$(missing_commands $commands)
        [ -z "$missing" ] || fail "not found: ${missing% }; install them with your system's packages and try again"
        return
    fi
    find_python || [ -n "${PYTHON:-}" ] || packages="$python_packages $packages"
    # shellcheck disable=SC2086
    missing=$(missing_packages $packages)
    [ -n "$missing" ] || return 0
    [ "$(id -u)" -eq 0 ] ||
        fail "Debian packages are missing; run: sudo apt-get install --no-install-recommends ${missing% }"
    echo "setup: installing $missing"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq </dev/null
    # shellcheck disable=SC2086
    apt-get install -qq -y --no-install-recommends $missing </dev/null >/dev/null
}

# Done once for each content of pyproject.toml and constraints.txt, and done anew when the folder was moved,
# the interpreter changed, or an earlier attempt broke off.
make_venv() {
    find_python || fail "${PYTHON:-no Python} is not a Python >= 3.11 with tkinter and venv;" \
        "install one (macOS: brew install python-tk, Fedora: dnf install python3-tkinter) or name it: PYTHON=/path/to/python"
    place="$identity in $(pwd -P)"
    requirements="[$extras] $(cat pyproject.toml constraints.txt | cksum)"
    stamp=.venv/treering-setup
    made_place=$(sed -n 1p "$stamp" 2>/dev/null || true)
    made_requirements=$(sed -n 2p "$stamp" 2>/dev/null || true)
    if [ "$made_place" = "$place" ]; then
        # What serves the tests serves the app and its package too, and what serves that serves the app.
        sources=${requirements#* }
        case "$extras $made_requirements" in
        *" $requirements" | *" [desktop,dev,package] $sources" | "desktop [desktop,package] $sources") return 0 ;;
        esac
    fi

    echo "setup: making .venv with Python $identity, extras [$extras]"
    rm -f "$stamp"
    [ "$made_place" = "$place" ] || "$python" -m venv --clear .venv
    # A person's own pip settings may name an index or a certificate, but must not send packages elsewhere.
    unset PYTHONHOME PYTHONPATH PIP_TARGET PIP_PREFIX PIP_ROOT PIP_NO_DEPS PIP_DRY_RUN
    # The environment reaches the isolated builds too (hatchling, setuptools); newer pips use the second name there.
    # Relative, since pip splits these at blanks and the clone may lie in "My Projects".
    export PIP_USER=0 PIP_CONSTRAINT=constraints.txt PIP_BUILD_CONSTRAINT=constraints.txt
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input --editable ".[$extras]" ||
        fail "pip could not fill .venv (its message is above); mend that and run the same command again"
    printf '%s\n%s\n' "$place" "$requirements" >"$stamp"
}

install_system_packages
make_venv
