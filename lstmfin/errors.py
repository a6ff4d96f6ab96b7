"""The error tree, and the exit code of each branch.

::

    LstmfinError                 70  a bug, unless a leaf below says otherwise
    ├── UsageError                2  the command line asks for something that is not there
    ├── PartialFailure            3  the work was finished, but some symbols failed
    ├── DataError                65  prices that cannot be used, or are not there
    │   └── ModelFileError       65  a model file that does not fit or is damaged
    ├── SourceError              69  a source of prices has nothing to give
    │   └── UnknownSymbolError   69  it answered, and does not know the symbol
    ├── WorkersError             69  workers that tasks are to run on do not answer, or died
    ├── WriteError               74  the workspace cannot be written
    ├── TryLaterError            75  locked or rate-limited: the same command may work later
    └── ConfigError              78  ``lstmfin.toml`` says something that cannot be
"""

from enum import IntEnum


class ExitCode(IntEnum):
    """What the process says to cron when it ends."""

    OK = 0
    USAGE = 2
    PARTIAL = 3
    ALARM = 4
    DATA = 65
    UNAVAILABLE = 69
    BUG = 70
    WRITE = 74
    TRY_LATER = 75
    CONFIG = 78
    INTERRUPTED = 130
    TERMINATED = 143


EXIT_CODE_MEANINGS = {
    ExitCode.OK: "done, or nothing new",
    ExitCode.USAGE: "usage: a command, option or symbol that cannot be",
    ExitCode.PARTIAL: "finished, but some symbols failed",
    ExitCode.ALARM: "an alarm that was asked for",
    ExitCode.DATA: "bad or missing data or model file",
    ExitCode.UNAVAILABLE: "source or workers unavailable, or a symbol unknown",
    ExitCode.BUG: "a bug: the traceback is in a log file",
    ExitCode.WRITE: "the workspace cannot be written",
    ExitCode.TRY_LATER: "locked or rate-limited: try again later",
    ExitCode.CONFIG: "configuration",
    ExitCode.INTERRUPTED: "interrupted (Ctrl-C)",
    ExitCode.TERMINATED: "terminated",
}


class LstmfinError(Exception):
    """Root of all errors that lstmfin raises on purpose."""

    exit_code = ExitCode.BUG


class UsageError(LstmfinError, ValueError):
    """Raised when a command, option or argument is outside what is allowed."""

    exit_code = ExitCode.USAGE


class PartialFailure(LstmfinError):  # noqa: N818 - it is an outcome, and the outcome is its name
    """Raised at the end of a command that worked for some symbols and failed for others."""

    exit_code = ExitCode.PARTIAL


class DataError(LstmfinError, ValueError):
    """Raised when prices are malformed, missing, or cannot carry what is asked of them."""

    exit_code = ExitCode.DATA


class ModelFileError(DataError):
    """Raised when a model file is absent, damaged, or of another shape than it claims."""


class SourceError(LstmfinError, ConnectionError):
    """Raised when a source of prices does not answer, or answers with something else."""

    exit_code = ExitCode.UNAVAILABLE


class UnknownSymbolError(SourceError):
    """Raised when a source answered and has no prices for the symbol."""


class WorkersError(LstmfinError, ConnectionError):
    """Raised when workers cannot be reached, do not fit, or did not end a task."""

    exit_code = ExitCode.UNAVAILABLE


class WriteError(LstmfinError, OSError):
    """Raised when the workspace cannot be written: read-only, full, or not a folder."""

    exit_code = ExitCode.WRITE

    def __str__(self) -> str:
        return str(self.args[0])


class TryLaterError(LstmfinError):
    """Raised when the same command may work later: a lock is held, a source limits the rate."""

    exit_code = ExitCode.TRY_LATER


class ConfigError(LstmfinError, ValueError):
    """Raised when ``lstmfin.toml`` or the environment holds a value that cannot be."""

    exit_code = ExitCode.CONFIG
