"""``ferdesk`` and ``python -m ferdesk``."""

import sys


def main() -> int:
    """Prepare the process, then hand over to the command line."""
    from ferdesk.bootstrap import prepare_environment

    prepare_environment()
    from ferdesk.cli import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
