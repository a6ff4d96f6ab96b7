"""Parquet files as lines of CSV, unpacked in a process of its own.

What a Parquet file says of its size is its writer's word, and some bytes can stand for gigabytes.
So this file runs as a script, too, with a limit to its memory and its time: what unpacks beyond
them, or breaks the reader, ends that process and not ours.
"""

import errno
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TextIO

MAX_MEMORY = 600_000_000
"""Bytes that unpacking may take; six million cells of prices take a tenth of them."""

MAX_TEXT = 200_000_000
"""Bytes that it may write."""

MAX_SECONDS = 60
"""Of the processor's time."""


class UnpackError(Exception):
    """Why a file was not unpacked, in some words."""


def unpacked(path: Path) -> TextIO:
    """Return an open temporary file that holds a Parquet file as CSV.

    Its index is there, too, if it is named or of dates.

    Raises
    ------
    UnpackError
        When the file cannot be read, or takes more than it may.
    """
    text = tempfile.TemporaryFile("w+", encoding="utf-8", newline="")  # noqa: SIM115 - handed on
    ended = subprocess.run(  # noqa: S603 - our own script; -P: it imports from no folder of ours
        [sys.executable, "-P", __file__, str(path)],
        stdin=subprocess.DEVNULL,
        stdout=text,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if ended.returncode != 0:
        text.close()
        last = ended.stderr.strip().rpartition("\n")[2]
        raise UnpackError(
            last if ended.returncode == 1 and last else f"its reader ended with {ended.returncode}"
        )
    text.seek(0)
    return text


def _unpack(path: str) -> None:
    """Write a file to stdout as CSV."""
    import resource

    resource.setrlimit(resource.RLIMIT_DATA, (MAX_MEMORY, MAX_MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (MAX_TEXT, MAX_TEXT))
    resource.setrlimit(resource.RLIMIT_CPU, (MAX_SECONDS, MAX_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        from pyarrow import parquet

        frame = parquet.ParquetFile(path).read(use_threads=False).to_pandas()
        has_index = any(name is not None for name in frame.index.names)
        if not has_index and frame.index.dtype.kind == "M" and "date" not in frame:
            frame.index.name, has_index = "date", True
        with open(1, "w", encoding="utf-8", newline="") as out:
            frame.to_csv(out, index=has_index, lineterminator="\n")
    except MemoryError:
        sys.exit(f"it takes more than {MAX_MEMORY / 1e6:.0f} MB to unpack; export less of it")
    except OSError as error:
        if error.errno != errno.EFBIG:
            sys.exit(str(error))
        sys.exit(f"it is more than {MAX_TEXT / 1e6:.0f} MB of text; export less of it")
    except Exception as error:  # noqa: BLE001 - whatever a hostile file brings the reader to
        sys.exit(" ".join(str(error).split())[:300] or type(error).__name__)


if __name__ == "__main__":
    _unpack(sys.argv[1])
