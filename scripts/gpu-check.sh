#!/usr/bin/env bash
# On a machine with a GPU and perhaps nothing else: Bun from .gpu/, where `bun scripts/gpu-check.ts --pack` left it, then the check.
set -euo pipefail
cd "$(dirname "$0")/.."
if ! command -v bun >/dev/null; then
  tools=$(mktemp -d)
  trap 'rm -rf "$tools"' EXIT
  gunzip -c .gpu/bun.gz >"$tools/bun"
  chmod +x "$tools/bun"
  export PATH="$tools:$PATH"
fi
bun scripts/gpu-check.ts "$@"
