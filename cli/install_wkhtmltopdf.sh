#!/bin/sh
# Unpacks the system's wkhtmltopdf package into FOLDER without root: apt resolves, verifies and
# downloads into folders of ours, dpkg-deb unpacks, nothing is installed or configured.
#
#   sh cli/install_wkhtmltopdf.sh .runtime/wkhtmltopdf     leaves .runtime/wkhtmltopdf/wkhtmltopdf
set -eu

final=$1
work=$final.unfinished
rm -rf "$work"
mkdir -p "$work/root" "$work/apt/state/lists/partial" "$work/apt/cache/archives/partial"
work=$(cd "$work" && pwd)
final=$(dirname "$work")/$(basename "$final")

apt() {
    apt-get -qq -o Dir::State="$work/apt/state" -o Dir::State::status=/var/lib/dpkg/status \
        -o Dir::Cache="$work/apt/cache" -o Debug::NoLocking=1 -o APT::Sandbox::User= "$@"
}
apt update || true # one broken foreign source must not be in the way; the next line decides
apt -y --no-install-recommends --download-only install wkhtmltopdf fonts-dejavu-core fonts-wqy-microhei >/dev/null
for package in "$work"/apt/cache/archives/*.deb; do
    dpkg-deb -x "$package" "$work/root"
done
rm -rf "$work/apt"

# /usr/lib/<machine's name>, for example x86_64-linux-gnu
libraries=$(dirname "$(find "$work/root/usr/lib" -name 'libQt5WebKit.so.5' | head -n 1)")
machine=$(basename "$libraries")
at=$final/root

cat >"$work/fonts.conf" <<END
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>$at/usr/share/fonts</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir>$final/fonts-cache</cachedir>
</fontconfig>
END
cat >"$work/wkhtmltopdf" <<END
#!/bin/sh
libraries="$at/usr/lib/$machine"
export LD_LIBRARY_PATH="\$libraries:$at/lib/$machine:\$libraries/pulseaudio"
export QT_PLUGIN_PATH="\$libraries/qt5/plugins" QT_QPA_PLATFORM=offscreen
export FONTCONFIG_FILE="$final/fonts.conf"
exec "$at/usr/bin/wkhtmltopdf" "\$@"
END
chmod +x "$work/wkhtmltopdf"

rm -rf "$final"
mv "$work" "$final"
"$final/wkhtmltopdf" --version >/dev/null
