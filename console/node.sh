#!/bin/sh
# Prints the directory of a Node.js that can build the console: the machine's, else one from PyPI, put into .venv.
fits() {
    "$1/node" -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 22 || (a === 22 && b >= 12) || (a === 20 && b >= 19) ? 0 : 1)' 2>/dev/null && [ -x "$1/npm" ]
}
cd "$(dirname "$0")/.." || exit 1
here=$(dirname "$(command -v node 2>/dev/null || echo /none/node)")
if fits "$here"; then echo "$here"; exit 0; fi
if ! fits .venv/bin; then
    echo '==> no Node.js 20.19 or newer on this machine: taking the one from PyPI' >&2
    UV_PROJECT_ENVIRONMENT=.venv .venv/bin/uv sync --frozen --quiet --inexact --group node >&2 || exit 1
fi
if fits .venv/bin; then echo "$PWD/.venv/bin"; exit 0; fi
echo 'the console is built with Node.js 20.19, 22.12 or newer' >&2
exit 1
