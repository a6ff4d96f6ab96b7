"""``lstmfin``, and ``python -m lstmfin``."""

import sys

from lstmfin.ops.lock import take_early


def main() -> None:
    """Run the command line; a run that meets another leaves before the program is even imported."""
    take_early(sys.argv[1:])
    from lstmfin.cli.main import main as whole

    whole()


if __name__ == "__main__":
    main()
