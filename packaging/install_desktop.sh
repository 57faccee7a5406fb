#!/usr/bin/env bash
# Adds Meshloom to the applications menu of this user (Linux and other systems that follow freedesktop.org).
#
#     packaging/install_desktop.sh [PROGRAM | --remove]
#
# PROGRAM: what to start; without it the set-up's own, .venv/bin/meshloom.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
data=${XDG_DATA_HOME:-$HOME/.local/share}
entry=$data/applications/meshloom.desktop
icon=$data/icons/hicolor/scalable/apps/meshloom.svg

refresh() { # menus that read a cache notice; others watch the folder
    if command -v update-desktop-database >/dev/null; then
        update-desktop-database -q "$data/applications" || true
    fi
}

if [[ ${1:-} == --remove ]]; then
    rm -f "$entry" "$icon"
    refresh
    echo "Meshloom is no longer in the applications menu"
    exit
fi

program=${1:-$here/../.venv/bin/meshloom}
if [[ ! -x $program || -d $program ]]; then
    echo "install_desktop.sh: $program is not a program; expected the path of meshloom" >&2
    exit 2
fi
program=$(cd "$(dirname "$program")" && pwd)/$(basename "$program")
# Quoted as the entry's format wants it: the path may hold spaces.
quoted=$(printf '%s' "$program" | sed -e 's/\\/\\\\\\\\/g' -e 's/["`$]/\\\\&/g' -e 's/%/%%/g')

mkdir -p "$(dirname "$entry")" "$(dirname "$icon")"
cp "$here/../ui/icons/meshloom.svg" "$icon"
while IFS= read -r line; do
    if [[ $line == Exec=* ]]; then
        line="Exec=\"$quoted\" open %F"
    fi
    printf '%s\n' "$line"
done <"$here/meshloom.desktop" >"$entry.new"
mv "$entry.new" "$entry"
refresh
echo "Meshloom is in the applications menu: $entry"
