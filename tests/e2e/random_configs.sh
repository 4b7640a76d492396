#!/usr/bin/env bash
# Random configurations of both architectures: lazy against strict, checks on (random_configs.py).
# shellcheck source=tests/e2e/lib.sh
source "$(dirname "$0")/lib.sh"

expect 0 python3 "$NESTWALK_HOME/tests/e2e/random_configs.py" 40
says out ' 0 failed'
