"""A backtest on disk: what the table, the verdict and the picture need, as JSON."""

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from lstmfin.advice import advised
from lstmfin.backtest.scores import Scores, score
from lstmfin.backtest.seeds import Seeds, seeds_of
from lstmfin.backtest.skill import Skill, skills
from lstmfin.backtest.verdict import Finding, verdict
from lstmfin.backtest.walkforward import BUY_AND_HOLD, Backtest, Floats
from lstmfin.errors import DataError
from lstmfin.metrics.returns import equity_curve
from lstmfin.workspace import Workspace, safe_name, write_atomically

FILE_NAME = "backtest.json"


@dataclass(frozen=True)
class Record:
    """What is kept of a backtest.

    Attributes
    ----------
    scores : list of Scores
        One for each model, the network first, buy-and-hold last.
    findings : list of Finding
        The verdict.
    folds : list of dict
        First and last sessions of each fold's blocks.
    sessions, equity, gross, benchmark, position : list
        One entry a tested origin: the session by which its position has earned, the worth of 1
        then, after costs, before costs and of buy-and-hold, and the position taken.
    settings : dict
        What was asked for, by command.
    skills : list of Skill
        Of the network against each baseline; empty in a record of before they were kept.
    seeds : Seeds, optional
        How well each member of the network does alone, where there are many.
    """

    symbol: str
    model: str
    source: str
    digest: str
    cost_bps: float
    settings: dict[str, Any]
    scores: list[Scores]
    findings: list[Finding]
    folds: list[dict[str, Any]]
    sessions: list[str]
    equity: list[float]
    gross: list[float]
    benchmark: list[float]
    position: list[float]
    skills: list[Skill] = field(default_factory=list)
    seeds: Seeds | None = None


def make_record(
    result: Backtest,
    *,
    source: str,
    digest: str,
    settings: dict[str, Any],
    findings: list[Finding] | None = None,
    market: Floats | None = None,
) -> Record:
    """Return the record of a backtest, scored and judged; alone if no findings are given."""
    return Record(
        symbol=result.symbol,
        model=result.model,
        source=source,
        digest=digest,
        cost_bps=result.costs.turn_bps,
        settings=settings,
        scores=score(result, market),
        findings=verdict(result) if findings is None else findings,
        folds=[asdict(fold) for fold in result.folds],
        sessions=[str(session) for session in result.earned_on],
        equity=equity_curve(result.net(result.model)).tolist(),
        gross=equity_curve(result.gross(result.model)).tolist(),
        benchmark=equity_curve(result.net(BUY_AND_HOLD)).tolist(),
        position=result.positions[result.model].tolist(),
        skills=skills(result),
        seeds=seeds_of(result),
    )


def save_record(workspace: Workspace, record: Record) -> None:
    """Keep the record of a symbol's last backtest."""
    path = workspace.reports / safe_name(record.symbol) / FILE_NAME
    write_atomically(path, json.dumps(asdict(record), sort_keys=True).encode())


def has_record(workspace: Workspace, symbol: str) -> bool:
    """Tell whether a symbol was backtested."""
    return (workspace.reports / safe_name(symbol) / FILE_NAME).is_file()


def load_record(workspace: Workspace, symbol: str) -> Record:
    """Return the record of a symbol's last backtest.

    Raises
    ------
    DataError
        When there is none, or it cannot be read.
    """
    path = workspace.reports / safe_name(symbol) / FILE_NAME
    try:
        table = json.loads(path.read_bytes())
        table["scores"] = [Scores(**one) for one in table["scores"]]
        table["findings"] = [Finding(**one) for one in table["findings"]]
        table["skills"] = [Skill(**one) for one in table.get("skills", [])]
        seeds = table.pop("seeds")
        return Record(**table, seeds=seeds and Seeds(**seeds))
    except FileNotFoundError as error:
        raise DataError(
            f"there is no backtest of {symbol} in {workspace.root}; make one: "
            f"{advised('backtest', symbol)}"
        ) from error
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise DataError(
            f"{path} is damaged ({error}); make it anew: {advised('backtest', symbol)}"
        ) from error
