#!/bin/sh
# Start T3 Code. A new volume is empty, and without a home neither git nor T3 can keep anything.
set -eu
mkdir -p "$HOME" "$T3CODE_HOME"
exec t3 "$@"
