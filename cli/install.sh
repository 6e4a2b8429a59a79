# What `gatehouse` needs before Python can take over: an interpreter, the locked packages, and
# the programs that are no Python packages. Read by `gatehouse`, whose working directory is the
# project's root. Everything goes to .venv and .runtime; only root installs system packages.
# shellcheck shell=sh

UV=0.13.8
LOCK=.runtime/install.lock

say() { printf 'gatehouse: %s\n' "$*" >&2; }

fail() {
    say "$*"
    exit 1
}

# --- The system's packages

has() { command -v "$1" >/dev/null 2>&1; }

root_with_apt() { [ "$(id -u)" = 0 ] && has apt-get; }

# apt_install PACKAGE...  (root only)
apt_install() {
    say "installing $* (apt-get)"
    # One broken foreign source must not be in the way: the installation itself decides.
    apt-get -qq update </dev/null >/dev/null 2>&1 || true
    DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends \
        -o DPkg::Lock::Timeout=300 install "$@" </dev/null >.runtime/apt.log 2>&1 9>&- || {
        tail -n 5 .runtime/apt.log >&2
        return 1
    }
}

# --- One installation at a time: two first runs in one checkout must not meet

lock() {
    mkdir -p .runtime
    if has flock; then
        exec 9>"$LOCK"
        flock -n 9 || {
            say "waiting for another installation in this folder"
            flock 9
        }
        return
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

# Sets PYTHON. 3.11 first: the version the lock file was made and tested with.
find_python() {
    for PYTHON in python3.11 python3.12 python3.13 python3; do
        if has "$PYTHON" && recent_enough "$PYTHON"; then return; fi
    done
    if root_with_apt; then
        mkdir -p .runtime
        apt_install python3 python3-venv ca-certificates || true
        PYTHON=python3
        if has python3 && recent_enough python3; then return; fi
    fi
    fail "Python 3.11 or newer is needed: install it (Debian, Ubuntu: sudo apt-get install python3 python3-venv)."
}

# Sets PIP to a command that runs pip, wherever one can be had.
find_pip() {
    if "$PYTHON" -m pip --version >/dev/null 2>&1; then
        PIP="$PYTHON -m pip"
        return
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

# --- Locked packages

is_installed() { cmp -s requirements.lock .venv/installed.lock && .venv/bin/python -c '' 2>/dev/null; }

install_packages() {
    if is_installed; then return; fi
    lock
    if ! is_installed; then
        find_python
        find_pip
        install_uv || say "uv could not be installed; pip takes over (slower)"
        install_locked || fail "The packages of requirements.lock could not be installed; see above."
    fi
    unlock
}

install_uv() {
    if [ "$(.runtime/uv/bin/uv --version 2>/dev/null | cut -d ' ' -f 2)" = "$UV" ]; then return; fi
    say "fetching the package installer (uv $UV)"
    rm -rf .runtime/uv .runtime/uv.unfinished
    pip install -q --target .runtime/uv.unfinished "uv==$UV" &&
        mv .runtime/uv.unfinished .runtime/uv
}

# .venv/installed.lock, a copy of the lock file, is written last. Where it is missing an installation
# was interrupted and nobody knows which packages are whole: then .venv is made anew.
install_locked() {
    say "installing Python packages ($(grep -c '^[a-zA-Z0-9]' requirements.lock), hashes checked)"
    fill_venv_with_uv || {
        say "trying once more with pip"
        fill_venv_with_pip
    } || return 1
    cp requirements.lock .venv/installed.lock.new
    mv .venv/installed.lock.new .venv/installed.lock
}

# Made by the interpreter itself and without pip, so that no python3-venv is needed.
renew_venv() {
    rm -rf .venv
    "$PYTHON" -m venv --without-pip .venv
}

fill_venv_with_uv() {
    [ -x .runtime/uv/bin/uv ] || return 1
    if [ -e .venv/installed.lock ] && .venv/bin/python -c '' 2>/dev/null; then
        rm .venv/installed.lock
    else
        renew_venv
    fi
    # UV_SYSTEM_CERTS: trust what the machine trusts (a company's proxy), as pip does.
    # The cache is ours where there is no home to keep it in.
    if ! [ -w "${HOME:-/nonexistent}" ]; then export UV_CACHE_DIR="$PWD/.runtime/uv-cache"; fi
    UV_SYSTEM_CERTS=1 UV_PYTHON_DOWNLOADS=never .runtime/uv/bin/uv pip sync -q --no-config \
        --python .venv/bin/python --require-hashes requirements.lock </dev/null
}

fill_venv_with_pip() {
    renew_venv
    pip --python .venv/bin/python install -q --require-hashes -r requirements.lock
}

# --- Programs that are no Python packages

find_wkhtmltopdf() {
    if [ -z "${WKHTMLTOPDF:-}" ]; then
        if has wkhtmltopdf; then
            WKHTMLTOPDF=$(command -v wkhtmltopdf)
        elif [ -x .runtime/wkhtmltopdf/wkhtmltopdf ]; then
            WKHTMLTOPDF=$PWD/.runtime/wkhtmltopdf/wkhtmltopdf
        else
            return
        fi
    fi
    export WKHTMLTOPDF
}

FALLBACK_FONT=usr/share/fonts/truetype/wqy/wqy-microhei.ttc

is_there() {
    case $1 in
    wkhtmltopdf) [ -n "${WKHTMLTOPDF:-}" ] || has wkhtmltopdf || [ -x .runtime/wkhtmltopdf/wkhtmltopdf ] ;;
    # Chinese, Japanese and Korean on invoices; Latin, Greek, Cyrillic, Arabic and Hebrew come with wkhtmltopdf (DejaVu).
    fonts-wqy-microhei)
        [ -e "/$FALLBACK_FONT" ] || [ -e ".runtime/wkhtmltopdf/root/$FALLBACK_FONT" ]
        ;;
    # What WeasyPrint draws with, for `bench documents`.
    libpangoft2-1.0-0) has_library libpangoft2-1.0 ;;
    libharfbuzz-subset0) has_library libharfbuzz-subset ;;
    *) has "$1" ;;
    esac
}

has_library() {
    for file in /usr/lib/*/"$1".so* /usr/lib/"$1".so*; do
        if [ -e "$file" ]; then return; fi
    done
    return 1
}

package_of() {
    case $1 in
    pdftotext | pdftoppm) echo poppler-utils ;;
    *) echo "$1" ;;
    esac
}

# install_programs NAME...  Does what it can and says what is missing then. Under CI that is fatal,
# so that no test is skipped for a missing program.
install_programs() {
    missing=
    for name in "$@"; do
        is_there "$name" || missing="$missing $name"
    done
    [ -n "$missing" ] || return 0
    lock
    still=
    for name in $missing; do
        is_there "$name" || install_program "$name" || still="$still $(package_of "$name")"
    done
    unlock
    [ -n "$still" ] || return 0
    say "could not install:$still. Install with: sudo apt-get install$still"
    case $still in
    *wkhtmltopdf*) say "or set WKHTMLTOPDF to the program's path; without it no invoice becomes a PDF" ;;
    esac
    if [ "${CI:-}" ]; then exit 1; fi
}

# The fonts are unpacked beside the program, also where an earlier version unpacked it without them.
is_unpacked() { [ "$1" = wkhtmltopdf ] || { [ "$1" = fonts-wqy-microhei ] && [ -d .runtime/wkhtmltopdf ]; }; }

install_program() {
    if root_with_apt; then
        apt_install "$(package_of "$1")"
    elif is_unpacked "$1" && has apt-get && has dpkg-deb; then
        say "unpacking wkhtmltopdf and its fonts into .runtime (no root needed)"
        sh cli/install_wkhtmltopdf.sh .runtime/wkhtmltopdf </dev/null
    else
        return 1
    fi
}
