"""Run the campaigns that are asked for, or all: `make torture ONLY=api`."""

import sys
from importlib import import_module

ASKED = sys.argv[1:2] or ["checkpoints", "api"]
failed = 0
for name in ASKED:
    sys.argv = [name, *sys.argv[2:]]
    try:
        import_module(f"torture.{name}").main()
    except SystemExit as end:
        failed += bool(end.code)
sys.exit(bool(failed))
