"""Figures of answers, epochs and runs."""
