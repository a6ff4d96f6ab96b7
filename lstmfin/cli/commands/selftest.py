"""Prove the engine's gradients on this machine."""

from typing import Any

import click

from lstmfin.cli.instruments import SelftestConfig
from lstmfin.cli.job import Job
from lstmfin.cli.options import section_options
from lstmfin.errors import ExitCode

TONES = {"ok": "good", "WRONG": "bad"}


@click.command("selftest")
@section_options(SelftestConfig)
@click.pass_obj
def selftest(job: Job, /, **options: Any) -> None:
    """Prove on this machine that every gradient is right, by finite differences.

    Each cell with each of its options, and each loss: the derivative that training uses beside the
    difference of two values, along random directions, in double precision. Ends with 70 if one is
    wrong.
    """
    from lstmfin.cli.output import Column, Result
    from lstmfin.engine.selftest import TOLERANCE, everything, proofs_of

    config = SelftestConfig().evolve(**options)
    proofs = proofs_of(config.cell, ()) if config.cell else everything()
    found = []
    with job.progress("Checking gradients") as move:
        for number, proof in enumerate(proofs, start=1):
            found.append(proof())
            move(number, len(proofs))
    rows = [
        {
            "kind": one.kind,
            "name": one.name,
            "checks": one.n_checks,
            "largest_error": one.error,
            "where": one.where,
            "ok": one.ok,
        }
        for one in found
    ]
    columns = (
        Column("kind", "what", right=False),
        Column("name", "name", right=False),
        Column("checks", "checks"),
        Column(
            "largest_error", "largest error", lambda value: f"{value:.1e}" if value else "rounding"
        ),
        Column("ok", "", lambda ok: "ok" if ok else "WRONG", right=False, tones=TONES),
    )
    wrong = [one for one in found if not one.ok]
    verdict = f"{len(wrong)} of {len(found)} are wrong" if wrong else f"All {len(found)} are right"
    job.emit(
        Result(
            "selftest",
            columns,
            rows,
            title="Gradients beside finite differences",
            notes=[
                f"{verdict}: relative errors below {TOLERANCE:.0e} pass.",
                "Rounding is what finite differences themselves cannot tell from none.",
            ],
        )
    )
    if wrong:
        job.exit_code = ExitCode.BUG
        names = ", ".join(f"{one.name} ({one.where})" for one in wrong)
        job.tell(f"the gradients of {names} are wrong on this machine", always=True)


COMMAND = selftest
