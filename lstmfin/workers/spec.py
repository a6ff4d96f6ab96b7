"""What ``--workers`` may say, and the workers it stands for."""

import re

from lstmfin.errors import UsageError
from lstmfin.workers.tasks import Workers

MOST_LOCAL = 256


def open_workers(spec: str) -> Workers:
    """Return the workers of a specification, reached and ready.

    Parameters
    ----------
    spec : str
        ``serial``, ``local:N`` or ``dask:tcp://HOST:PORT``; see ``check_spec``.

    Raises
    ------
    UsageError
        When it is none of these, or dask is not installed.
    WorkersError
        When a scheduler does not answer within 10 seconds, has no workers, or other versions.
    """
    check_spec(spec)
    kind, _, rest = spec.partition(":")
    if kind == "local":
        from lstmfin.workers.local import LocalWorkers

        return LocalWorkers(int(rest))
    if kind == "dask":
        from lstmfin.workers.dask import DaskWorkers

        return DaskWorkers(rest)
    return Workers()


def check_spec(spec: str) -> str:
    """Return a specification of workers as it is, or refuse it with what is allowed."""
    local = re.fullmatch(r"local:(\d{1,4})", spec)
    known = (
        spec == "serial"
        or (local is not None and 1 <= int(local[1]) <= MOST_LOCAL)
        or re.fullmatch(r"dask:(tcp|tls)://(\[[0-9A-Fa-f:]+\]|[\w.-]+):\d{1,5}", spec)
    )
    if not known:
        raise UsageError(
            f"--workers is '{spec}'; it must be serial, local:N with N from 1 to {MOST_LOCAL}, or "
            "dask:tcp://HOST:PORT of a dask scheduler"
        )
    return spec
