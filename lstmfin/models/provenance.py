"""What a model was trained on."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lstmfin.data.prices import Prices


@dataclass(frozen=True)
class Provenance:
    """What a model was trained on; of a panel, ``symbol`` is "panel" and the rest is of all.

    ``validated_from`` is the first session of the validation block: no weight was trained on it or
    on any later one.
    """

    symbol: str
    source: str
    digest: str
    first: str
    last: str
    validated_from: str
    n_sessions: int
    symbols: tuple[str, ...] = ()


def provenance_of(
    label: str, series: Sequence[Prices], validated_from: np.datetime64
) -> Provenance:
    """Return the provenance of a model of some series, under a name for all of them."""
    digests = [one.digest() for one in series]
    every = hashlib.sha256(" ".join(digests).encode()).hexdigest()
    return Provenance(
        symbol=label,
        source=", ".join(sorted({one.source for one in series})),
        digest=digests[0] if len(series) == 1 else every,
        first=str(min(one.sessions[0] for one in series)),
        last=str(max(one.sessions[-1] for one in series)),
        validated_from=str(validated_from),
        n_sessions=sum(len(one) for one in series),
        symbols=tuple(one.symbol for one in series),
    )
