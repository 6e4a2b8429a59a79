# Programs and libraries that are no Python packages: from the system's packages as root, else unpacked into .runtime.
#
#   renderer    what turns documents into PDFs: wkhtmltopdf where the system has it, else Pango for WeasyPrint
#   pango       Pango for WeasyPrint, also beside wkhtmltopdf
#   libatomic1  what the Node.js of Playwright and pyright is linked with
#   any other   a program
#
# A missing program stops no verb: documents wait until a renderer is there, and `test` looks itself.
# shellcheck shell=sh

FONTS='fonts-dejavu-core fonts-wqy-microhei' # Latin, Greek, Cyrillic, Arabic, Hebrew; Chinese, Japanese, Korean
PANGO='libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0'
FALLBACK_FONT=usr/share/fonts/truetype/wqy/wqy-microhei.ttc

has_library() {
    for file in /usr/lib/*/"$1".so* /usr/lib64/"$1".so* /usr/lib/"$1".so* /lib/*/"$1".so*; do
        if [ -e "$file" ]; then return 0; fi
    done
    return 1
}

has_system_pango() { has_library libpango-1.0 && has_library libpangoft2-1.0 && has_library libharfbuzz-subset; }

has_font() {
    for file in / .runtime/wkhtmltopdf/root/ .runtime/pango/root/; do
        if [ -e "$file$FALLBACK_FONT" ]; then return 0; fi
    done
    return 1
}

has_wkhtmltopdf() { [ -n "${WKHTMLTOPDF:-}" ] || has wkhtmltopdf || [ -x .runtime/wkhtmltopdf/wkhtmltopdf ]; }

is_there() {
    case $1 in
    renderer) has_font && { has_wkhtmltopdf || is_there pango; } ;;
    pango) has_system_pango || [ -e .runtime/pango/libraries ] ;;
    libatomic1) has_library libatomic ;;
    *) has "$1" ;;
    esac
}

# missing_of NAME...  Prints those that are not there.
missing_of() {
    for name in "$@"; do
        is_there "$name" || printf ' %s' "$name"
    done
}

# packages_of NAME  The Debian and Ubuntu packages. For `renderer`, apt is asked.
packages_of() {
    case $1 in
    renderer) if has_apt_package wkhtmltopdf; then echo "wkhtmltopdf $FONTS"; else echo "$PANGO $FONTS"; fi ;;
    pango) echo "$PANGO $FONTS" ;;
    pdftotext | pdftoppm) echo poppler-utils ;;
    *) echo "$1" ;;
    esac
}

has_apt_package() {
    has apt-cache && LC_ALL=C apt-cache policy "$1" 2>/dev/null | grep -q 'Candidate: [^(]'
}

# Megabytes with all that they depend on, measured on Debian 12 and 13 with nothing else installed.
program_megabytes() {
    case $1 in
    renderer) if has_apt_package wkhtmltopdf; then echo 380; else echo 70; fi ;;
    pango) echo 70 ;;
    chromium) echo 520 ;;
    *) echo 40 ;;
    esac
}

# announce GROUP PROGRAMS  Says what will be fetched and how much room it takes, before anything is done.
announce() {
    sentence=
    if ! is_installed "$1"; then
        choose_group "$1"
        sentence="$(grep -c '^[a-zA-Z0-9]' "$(lock_of "$GROUP")") Python packages ($(megabytes_of "$GROUP") MB in .venv)"
    fi
    # shellcheck disable=SC2086 # a list
    for name in $(missing_of $2); do
        if root_with_apt || { has apt-get && has dpkg-deb; }; then
            [ "$name" != renderer ] || ! root_with_apt || apt_update
            sentence="${sentence:+$sentence, }$name (about $(program_megabytes "$name") MB)"
        fi
    done
    [ -z "$sentence" ] || say "fetching what is missing, with its room on disk: $sentence"
}

# install_programs NAMES  Does what it can and says what is missing then.
install_programs() {
    # shellcheck disable=SC2086 # a list
    missing=$(missing_of $1)
    [ -n "$missing" ] || return 0
    lock
    still=
    for name in $missing; do
        is_there "$name" || install_program "$name" || still="$still $name"
    done
    unlock
    for name in $still; do say_how_to_install "$name"; done
}

# Returns 1 where it is not there afterwards.
install_program() {
    if root_with_apt; then
        apt_update
        # shellcheck disable=SC2046 # a list
        apt_install $(packages_of "$1") || return 1
    elif has apt-get && has dpkg-deb; then
        unpack "$1" || return 1
    else
        return 1
    fi
    is_there "$1"
}

# Without root: only what documents need, which runs from any folder.
# shellcheck disable=SC2086 # lists
unpack() {
    case $1 in
    renderer)
        say "unpacking a PDF renderer and fonts into .runtime (no root needed)"
        sh cli/unpack_packages.sh .runtime/wkhtmltopdf wkhtmltopdf $FONTS </dev/null ||
            sh cli/unpack_packages.sh .runtime/pango $PANGO $FONTS </dev/null
        ;;
    pango)
        say "unpacking Pango and fonts into .runtime (no root needed)"
        sh cli/unpack_packages.sh .runtime/pango $PANGO $FONTS </dev/null
        ;;
    *) return 1 ;;
    esac
}

say_how_to_install() {
    case $1 in
    renderer | pango)
        say "no PDF renderer: documents wait until there is one. Install it:" \
            "sudo apt-get install $PANGO $FONTS (Debian, Ubuntu)," \
            "sudo dnf install pango harfbuzz dejavu-sans-fonts wqy-microhei-fonts (Fedora)," \
            "sudo apk add pango harfbuzz-subset font-dejavu font-wqy-zenhei (Alpine)"
        ;;
    *) say "$1 is missing. Install it: sudo apt-get install $(packages_of "$1")" ;;
    esac
}

# Exports what the renderers run with, each empty or unset where the system's own serves:
#   WKHTMLTOPDF         the program
#   DOCUMENT_LIBRARIES  folders for LD_LIBRARY_PATH of WeasyPrint's process, separated by colons
#   DOCUMENT_FONTS      a fontconfig file
find_renderers() {
    if [ -z "${WKHTMLTOPDF:-}" ]; then
        if has wkhtmltopdf; then
            WKHTMLTOPDF=$(command -v wkhtmltopdf)
        elif [ -x .runtime/wkhtmltopdf/wkhtmltopdf ]; then
            WKHTMLTOPDF=$PWD/.runtime/wkhtmltopdf/wkhtmltopdf
        fi
    fi
    if [ -n "${WKHTMLTOPDF:-}" ]; then export WKHTMLTOPDF; fi
    if [ -z "${DOCUMENT_LIBRARIES:-}" ] && ! has_system_pango && [ -e .runtime/pango/libraries ]; then
        DOCUMENT_LIBRARIES=$(cat .runtime/pango/libraries)
    fi
    for file in .runtime/pango/fonts.conf .runtime/wkhtmltopdf/fonts.conf; do
        if [ -z "${DOCUMENT_FONTS:-}" ] && [ -e "$file" ]; then DOCUMENT_FONTS=$PWD/$file; fi
    done
    export DOCUMENT_LIBRARIES="${DOCUMENT_LIBRARIES:-}" DOCUMENT_FONTS="${DOCUMENT_FONTS:-}"
}
