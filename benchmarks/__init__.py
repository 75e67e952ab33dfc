"""Measure what the design promises, and print it beside the promise."""
