"""Run the campaigns that are asked for at their full length, or all: `make torture ONLY=api`."""

import sys
from importlib import import_module

ALL = (
    "checkpoints programs records forged mutated api report monitor "
    "coverage leakage slices promotion surfaces pages merges pipelines mutants"
).split()
asked, *words = sys.argv[1:] or [""]  # a module, and words that the names of its campaigns hold
total = 0
for module in [asked] if asked else ALL:
    print("| campaign | faults | failures |\n|---|---|---|")
    for name, campaign in import_module(f"torture.{module}").CAMPAIGNS.items():
        if all(word in name for word in words):
            faults, failures, *said = campaign()
            total += failures
            print(f"| {': '.join([name, *said])} | {faults} | {failures} |", flush=True)
sys.exit(1 if total else 0)
