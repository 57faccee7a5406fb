#!/usr/bin/env bash
# Style, types, tests: all of them run, also after one failed; any failure fails the whole.
#
#     packaging/check.sh [--lint | words for pytest]
set -uo pipefail
cd "$(dirname "$0")/.."
bin=.venv/bin
failed=()

step() {
    local name=$1
    shift
    "$@" || failed+=("$name")
}

step "ruff check" "$bin/ruff" check --quiet --output-format concise .
step "ruff format" "$bin/ruff" format --check --quiet --output-format concise .
step "mypy" "$bin/mypy" --no-error-summary -p meshloom.graph_runtime
if [[ ${1:-} != --lint ]]; then
    step "pytest" "$bin/python" -m pytest "$@"
fi

if ((${#failed[@]})); then
    printf 'failed: %s\n' "${failed[@]}" >&2
    exit 1
fi
