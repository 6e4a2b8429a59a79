# What the parts of the installer share: messages, apt, the lock and the interpreter. Read by `gatehouse`, whose
# working directory is the project's root. Everything goes to .venv and .runtime; only root installs system packages.
#
# All of it runs under `set -e`: a function that is no test ends with status 0, or `fail` has said why not.
# shellcheck shell=sh

LOCK=.runtime/install.lock

say() { printf 'gatehouse: %s\n' "$*" >&2; }

fail() {
    say "$*"
    exit 1
}

has() { command -v "$1" >/dev/null 2>&1; }

make_runtime() {
    if mkdir -p .runtime 2>/dev/null && [ -w .runtime ]; then return 0; fi
    fail "$PWD/.runtime cannot be written. Give this folder to the user who runs the command, or set" \
        "GATEHOUSE_INSTALLED to a virtual environment that has the packages."
}

# --- The system's packages

root_with_apt() { [ "$(id -u)" = 0 ] && has apt-get; }

# One broken foreign source must not be in the way: what follows decides. Once a run is enough.
apt_update() {
    if [ -n "${APT_UPDATED:-}" ]; then return 0; fi
    apt-get -qq update </dev/null >/dev/null 2>&1 || true
    APT_UPDATED=1
}

# apt_install PACKAGE...  (root only) Returns 1 where apt-get failed; its last lines are shown.
apt_install() {
    say "installing $* (apt-get)"
    apt_update
    DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends \
        -o DPkg::Lock::Timeout=300 install "$@" </dev/null >.runtime/apt.log 2>&1 9>&- || {
        tail -n 5 .runtime/apt.log >&2
        return 1
    }
}

# --- One installation at a time: two first runs in one checkout must not meet

lock() {
    make_runtime
    if has flock; then
        exec 9>"$LOCK"
        if ! flock -n 9; then
            say "waiting for another installation in this folder"
            flock 9 || fail "$LOCK cannot be locked on this file system."
        fi
        return 0
    fi
    until mkdir "$LOCK.d" 2>/dev/null; do
        holder=$(cat "$LOCK.d/pid" 2>/dev/null || echo)
        if [ -n "$holder" ] && ! kill -0 "$holder" 2>/dev/null; then
            rm -rf "$LOCK.d" # its holder was killed
        fi
        sleep 1
    done
    echo $$ >"$LOCK.d/pid"
    trap 'rm -rf "$LOCK.d"' EXIT
}

unlock() {
    if has flock; then
        exec 9>&- # or everything we start would hold it
    else
        rm -rf "$LOCK.d"
        trap - EXIT
    fi
}

# --- Python

recent_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

# Sets PYTHON. 3.11 first: the version the lock files were made and tested with.
find_python() {
    for PYTHON in python3.11 python3.12 python3.13 python3; do
        if has "$PYTHON" && recent_enough "$PYTHON"; then return 0; fi
    done
    if root_with_apt; then
        make_runtime
        apt_install python3 python3-venv ca-certificates || true
        PYTHON=python3
        if has python3 && recent_enough python3; then return 0; fi
    fi
    fail "Python 3.11 or newer is needed: install it (Debian, Ubuntu: sudo apt-get install python3 python3-venv)."
}

# Sets PIP to a command that runs pip, wherever one can be had.
find_pip() {
    if "$PYTHON" -m pip --version >/dev/null 2>&1; then
        PIP="$PYTHON -m pip"
        return 0
    fi
    if ! [ -x .runtime/boot/bin/pip ]; then
        package=$("$PYTHON" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
        if ! "$PYTHON" -c 'import ensurepip' 2>/dev/null; then
            if ! { root_with_apt && apt_install "$package" ca-certificates; }; then
                fail "Python has neither pip nor venv. Install them: sudo apt-get install $package"
            fi
        fi
        rm -rf .runtime/boot
        "$PYTHON" -m venv .runtime/boot || fail "$PYTHON -m venv failed: sudo apt-get install $package"
    fi
    PIP=".runtime/boot/bin/python -m pip"
}

pip() { PIP_ROOT_USER_ACTION=ignore $PIP --disable-pip-version-check --no-input "$@" </dev/null; }
