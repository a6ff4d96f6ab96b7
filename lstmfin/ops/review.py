"""What may be wrong with a journal, as ``lstmfin doctor`` tells it."""

from collections.abc import Iterator

from lstmfin.ops.journal import Journal

GUARDS = ("journal_is_not_rewritten", "journal_is_not_shortened")

UNSCORED = (
    "SELECT {what} FROM journal AS j LEFT JOIN truths AS t USING (symbol, origin, horizon)"
    " WHERE t.outcome IS NULL"
    " AND EXISTS (SELECT 1 FROM bars AS b WHERE b.symbol = j.symbol AND b.session = j.origin)"
    " AND j.horizon <="
    " (SELECT count(*) FROM bars AS b WHERE b.symbol = j.symbol AND b.session > j.origin AND final)"
)
"""Published forecasts that have no truth, though as many sessions are stored as they look ahead."""

HOW_TO_PUBLISH = (
    "a forecast is published as long as a session that it is about is not over, so fetch prices "
    "up to now (lstmfin fetch SYMBOL --source yahoo --replace), then: lstmfin train SYMBOL forecast"
)
"""What to do where nothing is published."""


def is_unscored(journal: Journal, symbol: str) -> bool:
    """Tell whether a forecast of a stored session has no truth yet, as after a crash."""
    query = UNSCORED.format(what="1") + " AND j.symbol = ? LIMIT 1"
    return bool(journal.read(query, symbol))


def review(journal: Journal) -> Iterator[tuple[str, str]]:
    """Yield what is ``bad`` or ``odd``, with why in words; nothing when all is as it should be."""
    triggers = {row[0] for row in journal.read("SELECT name FROM sqlite_master")}
    if not triggers.issuperset(GUARDS):
        yield "bad", "what keeps its rows from being rewritten was taken away"
    for symbol, origin, horizon, moment in journal.read(
        # A day's slack: where it is not yet midnight, the date of UTC may be the next one.
        "SELECT symbol, origin, horizon, published_at FROM journal"
        " WHERE session < date(published_at, '-1 day') LIMIT 1"
    ):
        text = f"{symbol} from {origin}, {horizon} ahead, was published at {moment}: back-dated"
        yield "bad", text
    for (n_strays,) in journal.read(
        "SELECT count(*) FROM truths LEFT JOIN journal USING (symbol, origin, horizon)"
        " WHERE model IS NULL HAVING count(*) > 0"
    ):
        yield "bad", f"{n_strays} truths are of no published forecast"
    for n_rows, symbol in journal.read(UNSCORED.format(what="count(*), min(j.symbol)")):
        if n_rows:
            text = f"{n_rows} forecasts of {symbol} and maybe others lack a truth that is known"
            yield "odd", f"{text}; fill it in: lstmfin score"
