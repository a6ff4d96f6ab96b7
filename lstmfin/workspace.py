"""Where things lie, and how they are written: whole or not at all."""

import contextlib
import errno
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from lstmfin.config import CONFIG_NAME
from lstmfin.errors import WriteError

ENVIRONMENT_VARIABLE = "LSTMFIN_HOME"


@dataclass(frozen=True)
class Workspace:
    """A folder that holds the store, the models and what was made of them.

    Parameters
    ----------
    root : Path
        The folder; it need not exist yet.
    """

    root: Path

    @property
    def config(self) -> Path:
        """The configuration, ``lstmfin.toml``."""
        return self.root / CONFIG_NAME

    @property
    def database(self) -> Path:
        """The SQLite store of prices."""
        return self.root / "lstmfin.db"

    @property
    def cache(self) -> Path:
        """Private folder for what sources keep between runs."""
        return self.root / "cache"

    @property
    def logs(self) -> Path:
        """Folder of log files."""
        return self.root / "logs"

    @property
    def reports(self) -> Path:
        """Folder of pictures, pages and results of backtests."""
        return self.root / "reports"

    def models(self, symbol: str) -> Path:
        """Folder of the models of one symbol."""
        return self.root / "models" / safe_name(symbol)

    @property
    def panel(self) -> Path:
        """Folder of the models of many symbols; the name of no symbol's folder is this."""
        return self.root / "models" / "panel"

    def prepare(self) -> None:
        """Make the folder, or raise WriteError."""
        make_folder(self.root)


def find_workspace(chosen: Path | None, *, here: Path, default: Path) -> Workspace:
    """Return the workspace: the one chosen, else of the environment, else the nearest upward.

    Parameters
    ----------
    chosen : Path, optional
        What ``-C`` said.
    here : Path
        Where the search for ``lstmfin.toml`` begins.
    default : Path
        The user's data folder, when nothing else is found.
    """
    if chosen is not None:
        return Workspace(absolute(chosen))
    if from_environment := os.environ.get(ENVIRONMENT_VARIABLE):
        return Workspace(absolute(Path(from_environment)))
    for folder in (here, *here.parents):
        if (folder / CONFIG_NAME).is_file():
            return Workspace(folder)
    return Workspace(default)


def usual_workspace(chosen: Path | None = None) -> Workspace:
    """Return the workspace that was chosen, else that of all who name none."""
    return find_workspace(chosen, here=Path.cwd(), default=data_folder())


def data_folder() -> Path:
    """Return where things lie when nothing else is said: in the user's data folder."""
    import platformdirs

    return Path(platformdirs.user_data_dir("lstmfin", appauthor=False))


def safe_name(symbol: str) -> str:
    """Return a file name for a symbol; no two symbols share one, and none is reserved.

    Small letters are encoded, too: some file systems take them for capitals.

    Examples
    --------
    >>> safe_name("^GSPC")
    'm_%5EGSPC'
    """
    return "m_" + re.sub("[a-z]", lambda one: f"%{ord(one[0]):02X}", quote(symbol, safe=""))


def absolute(path: Path) -> Path:
    """Return a path from the root, without ``..``; links are followed where there was one."""
    return path.resolve() if ".." in path.parts else path.absolute()


def make_folder(path: Path, *, mode: int = 0o777, flag: str = "-C") -> None:
    """Make a folder and its parents; WriteError when that cannot be."""
    with writing(path, flag=flag):
        path.mkdir(parents=True, exist_ok=True, mode=mode)


@contextlib.contextmanager
def writing(path: Path, *, flag: str = "-C") -> Iterator[None]:
    """Turn whatever goes wrong with a file inside the block into a WriteError that names it.

    ``flag`` is the option by which another place is chosen.
    """
    try:
        yield
    except OSError as error:
        if isinstance(error, WriteError):
            raise
        reason = error.strerror or str(error)
        full = error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
        advice = "free some space, or choose" if full else "choose"
        place = "folder" if flag == "-C" else "place"
        raise WriteError(
            f"cannot write {path}: {reason}; {advice} another {place} with {flag}"
        ) from error


def write_atomically(path: Path, content: bytes, *, flag: str = "-C") -> None:
    """Write a file whole or not at all: temporary file, fsync, rename, fsync of the folder."""
    make_folder(path.parent, flag=flag)
    with writing(path, flag=flag):
        handle, name = tempfile.mkstemp(prefix=".tmp-", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(0o644)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)


def write_folder_atomically(path: Path, files: dict[str, bytes]) -> None:
    """Write a folder of files that its name stands for: whole or not at all.

    One that is there already with the same content is left alone; a damaged one is set right.
    """
    make_folder(path.parent)
    if path.exists() and all(_holds(path / name, content) for name, content in files.items()):
        return
    with writing(path):
        temporary = Path(tempfile.mkdtemp(prefix=".tmp-", dir=path.parent))
        try:
            for name, content in files.items():
                write_atomically(temporary / name, content)
            temporary.chmod(0o755)
            if path.exists():
                shutil.rmtree(path)
            temporary.rename(path)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise
        _sync_folder(path.parent)


def _holds(path: Path, content: bytes) -> bool:
    return path.is_file() and path.read_bytes() == content


def _sync_folder(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
