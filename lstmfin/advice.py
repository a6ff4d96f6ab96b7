"""Command lines as messages and pages advise them."""

import shlex


def advised(command: str, *words: str) -> str:
    """Return a line that a shell takes as it is, whatever a file calls its symbols.

    Examples
    --------
    >>> advised("train", "AAPL", "--members", "5")
    'lstmfin train AAPL --members 5'
    >>> advised("train", "^GSPC")
    "lstmfin train '^GSPC'"
    """
    return shlex.join(["lstmfin", command, *words])
