"""The kinds of faults, by subject. harness.py says what a kind is."""
