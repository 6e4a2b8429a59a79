#!/bin/sh
# Unpacks Debian packages, with what they depend on and the system lacks, into FOLDER without root: apt resolves,
# verifies and downloads into folders of ours, dpkg-deb unpacks, nothing is installed or configured.
#
#   sh cli/unpack_packages.sh FOLDER PACKAGE...
#
# Leaves FOLDER/root, FOLDER/libraries (its folders of libraries, separated by colons), FOLDER/fonts.conf, and where
# wkhtmltopdf was among the packages FOLDER/wkhtmltopdf, which runs it. Ends with status 1 where apt has no such package.
set -eu

final=$1
shift
work=$final.unfinished
rm -rf "$work"
mkdir -p "$work/root" "$work/apt/state/lists/partial" "$work/apt/cache/archives/partial"
work=$(cd "$work" && pwd)
final=$(dirname "$work")/$(basename "$final")
log=$(dirname "$work")/apt.log

apt() {
    apt-get -qq -o Dir::State="$work/apt/state" -o Dir::State::status=/var/lib/dpkg/status \
        -o Dir::Cache="$work/apt/cache" -o Debug::NoLocking=1 -o APT::Sandbox::User= "$@"
}
apt update >"$log" 2>&1 || true # one broken foreign source must not be in the way; the next line decides
if ! apt -y --no-install-recommends --download-only install "$@" >>"$log" 2>&1; then
    rm -rf "$work"
    echo "gatehouse: apt has no package for one of: $* (see $log)" >&2
    exit 1
fi
for package in "$work"/apt/cache/archives/*.deb; do
    if [ -e "$package" ]; then dpkg-deb -x "$package" "$work/root"; fi
done
rm -rf "$work/apt"

at=$final/root
# /usr/lib/<machine's name>, for example x86_64-linux-gnu
machine=$(basename "$(dirname "$(find "$work/root" /usr/lib -name 'libc.so.6' -o -name 'libpango-1.0.so.0' -o \
    -name 'libQt5WebKit.so.5' 2>/dev/null | head -n 1)")")
printf '%s\n' "$at/usr/lib/$machine:$at/lib/$machine" >"$work/libraries"

cat >"$work/fonts.conf" <<END
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>$at/usr/share/fonts</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir>$final/fonts-cache</cachedir>
</fontconfig>
END
if [ -e "$work/root/usr/bin/wkhtmltopdf" ]; then
    cat >"$work/wkhtmltopdf" <<END
#!/bin/sh
libraries="$at/usr/lib/$machine"
export LD_LIBRARY_PATH="\$libraries:$at/lib/$machine:\$libraries/pulseaudio"
export QT_PLUGIN_PATH="\$libraries/qt5/plugins" QT_QPA_PLATFORM=offscreen
export FONTCONFIG_FILE="$final/fonts.conf"
exec "$at/usr/bin/wkhtmltopdf" "\$@"
END
    chmod +x "$work/wkhtmltopdf"
fi

rm -rf "$final"
mv "$work" "$final"
if [ -e "$final/wkhtmltopdf" ] && ! "$final/wkhtmltopdf" --version >/dev/null 2>&1; then
    echo "gatehouse: the unpacked wkhtmltopdf does not start; see: $final/wkhtmltopdf --version" >&2
    exit 1
fi
