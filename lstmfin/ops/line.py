"""How an evening went for each symbol, and for all of them together."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from lstmfin.errors import ExitCode
from lstmfin.redaction import one_line

NOTHING_NEW, DONE, FAILED = "nothing new", "done", "failed"


@dataclass
class Line:
    """What an evening did for one symbol.

    Attributes
    ----------
    state : str
        ``nothing new``, ``done`` or ``failed``.
    last : str
        Last session that is over, of those stored.
    new, changed : int
        Sessions that were added, and stored ones that were changed.
    scored : int
        Published forecasts whose truth was filled in or corrected.
    trained : str
        Why the model was trained anew; empty when it was not.
    model : str
        Identity of the model that forecast.
    origin : str
        Session that was forecast from.
    published, late : int
        Rows that are new in the journal, and those whose sessions are over.
    not_seen : tuple of str
        Other series of the panel that were not up to the origin.
    step, error : str
        What failed, and why.
    code : int
        The exit code that the error stands for.
    """

    symbol: str
    state: str = NOTHING_NEW
    last: str = ""
    new: int = 0
    changed: int = 0
    scored: int = 0
    trained: str = ""
    model: str = ""
    origin: str = ""
    published: int = 0
    late: int = 0
    not_seen: tuple[str, ...] = ()
    step: str = ""
    error: str = ""
    code: int = ExitCode.OK
    seconds: dict[str, float] = field(default_factory=dict)

    def fail(self, step: str, error: BaseException, code: int) -> None:
        """Note what failed; the first failure is the one that is told."""
        if self.state != FAILED:
            self.state, self.step, self.code = FAILED, step, code
            self.error = one_line(str(error)) or type(error).__name__

    def row(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


def exit_code_of(lines: Sequence[Line]) -> int:
    """Return 0 when no symbol failed, 75 when a rerun may mend it, 70 after a bug, else 3.

    When all failed for one and the same reason it is that one's code.
    """
    codes = {line.code for line in lines if line.state == FAILED}
    if not codes:
        return ExitCode.OK
    for code in (ExitCode.BUG, ExitCode.TRY_LATER):
        if code in codes:
            return code
    if len(codes) == 1 and all(line.state == FAILED for line in lines):
        return codes.pop()
    return ExitCode.PARTIAL


def summary_of(lines: Sequence[Line], alarms: Sequence[str]) -> str:
    """Return one line that says it all, for whoever reads no other."""
    failed = [line for line in lines if line.state == FAILED]
    n_done = sum(line.state == DONE for line in lines)
    n_rows = sum(line.published for line in lines)
    n_trained = sum(bool(line.trained) for line in lines)
    if not failed and not n_done:
        text = f"nothing new for {len(lines)} symbol{'s' * (len(lines) != 1)}"
    else:
        text = (
            f"{n_done} of {len(lines)} symbols done, {n_trained} trained, {n_rows} forecasts "
            "published"
        )
    late = [line for line in lines if line.late]
    if late:
        text += f"; {sum(line.late for line in late)} of sessions that are over were not published"
    if failed:
        first, more = failed[0], f" and {len(failed) - 1} more" if len(failed) > 1 else ""
        text += f"; failed: {first.symbol} ({first.step}: {first.error}){more}"
    if alarms:
        text += f"; alarm: {alarms[0]}" + (f" and {len(alarms) - 1} more" if alarms[1:] else "")
    return text
