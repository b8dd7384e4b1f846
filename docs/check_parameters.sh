#!/bin/sh
# Is docs/parameters.md what the library says? Usage: check_parameters.sh PYTHON MLSD GENERATOR PAGE
set -eu
kinds=$("$2" kinds --json)
made=$(printf '%s' "$kinds" | "$1" "$3")
if [ -z "$made" ] || [ "$made" != "$(cat "$4")" ]; then
    echo "docs/parameters.md is out of date: mlsd kinds --json | python3 docs/generate_parameters.py > docs/parameters.md"
    exit 1
fi
