"""What a command says."""

import sys


def to_stdout(text: str) -> None:
    """Write to standard output, wherever it leads at that moment."""
    sys.stdout.write(text)
