"""Campaigns of faults, too long for every test run: `make torture`. The tests run a short form of each."""
