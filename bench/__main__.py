"""Answer the questions that are asked, or all."""

import sys

from . import batch, compiled, decisions, digests, exploration, processes, records, rows, steps, tables, wire

QUESTIONS = {
    "processes": processes.compare,
    "slow": lambda: processes.compare(loading=10, rounds=1),
    "steps": steps.compare,
    "digests": digests.compare,
    "exploration": exploration.compare,
    "records": records.compare,
    "batch": batch.compare,
    "rows": rows.compare,
    "compiled": compiled.compare,
    "wire": wire.compare,
    "million": wire.grow,
    "decisions": decisions.compare,
    "tables": tables.compare,
}

for name in sys.argv[1:] or QUESTIONS.keys() - {"decisions", "tables"}:
    if name not in QUESTIONS:
        raise SystemExit(f"there is no question {name!r}; there are: {', '.join(QUESTIONS)}")
    QUESTIONS[name]()
