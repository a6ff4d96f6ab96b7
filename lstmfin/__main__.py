"""``python -m lstmfin`` is ``lstmfin``."""

from lstmfin.cli.main import main

if __name__ == "__main__":
    main()
