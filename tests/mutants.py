"""Is every line of the backward passes held by a test? Break each in turn, and see.

    make mutants            # all of them
    make mutants SAMPLE=20  # a sample, the same every time

Each statement of each function that carries gradients back is broken in a copy of the package: its
sign flipped, the statement dropped, each term or factor left out. A mutant that no test of the
engine notices has survived: the exit code is 1, and each survivor is printed.

The tests that are named after the cell run first, the others only if those notice nothing. ``make
test`` does not collect this file.
"""

import argparse
import ast
import importlib.util
import io
import multiprocessing
import os
import random
import re
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ENGINE = Path("lstmfin/engine")
FILES = (
    *(f"{name}.py" for name in ("buffers", "cell", "directed", "network", "products", "recurrent")),
    "remedies.py",
    "cells/*.py",
)
CARRIES_BACK = re.compile(
    r"(backward|own_gradients|slopes?|_arrived|_peep|fold|_masked|state_gradients|parted|rejoin"
    r"|squares|penalise|signal_penalty|^take|^down|^add|transpose_into|_columns|_joined)$"
)
"""Names of the functions whose statements are broken."""

EQUIVALENT: dict[tuple[str, str], str] = {
    (
        "recurrent.py:backward",
        "omega = np.zeros(s.sizes.lead) -> omega = -(np.zeros(s.sizes.lead))",
    ): "a sum that starts from minus zero is the same sum",
    (
        "recurrent.py:backward",
        (
            "has_own = bool(cell.vectors(self.n_hidden)) -> "
            "has_own = -(bool(cell.vectors(self.n_hidden)))"
        ),
    ): "minus one is as true as one",
}
"""Mutants that compute the same numbers, by (place, change), each with the reason."""

SUITE = tuple(
    f"tests/engine/test_{name}.py"
    for name in (
        *("cells", "network", "recurrent", "references", "golden"),
        *("every_step", "signal_penalty", "together"),
    )
)
"""The tests that prove gradients; the others take their time."""

WITHOUT = (
    "unraisableexception",  # a run that stops at once leaves pytest's own iterators open
    "cacheprovider",
    "hypothesispytest",
    "xdist",
)  # what a run of a second need not load
OPTIONS = ("-x", "--assert=plain", "-m", "not slow", *(f"-pno:{plugin}" for plugin in WITHOUT))


@dataclass(frozen=True)
class Mutant:
    """One change of one file."""

    file: Path
    line: int
    function: str
    old: str
    new: str
    source: bytes

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.function}: {self.change}"

    @property
    def change(self) -> str:
        return " ".join(f"{self.old}  ->  {self.new}".split())


def mutants(root: Path, file: Path) -> Iterator[Mutant]:
    """Yield every mutant of one file of the package."""
    source = (root / file).read_bytes()
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))

    def cut(node: ast.stmt | ast.expr) -> slice:
        """Columns of the syntax tree count bytes."""
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        first = starts[node.lineno - 1] + node.col_offset
        return slice(first, starts[node.end_lineno - 1] + node.end_col_offset)

    def text(node: ast.stmt | ast.expr) -> str:
        return source[cut(node)].decode()

    for function in ast.walk(ast.parse(source)):
        if not (isinstance(function, ast.FunctionDef) and CARRIES_BACK.search(function.name)):
            continue
        for statement in _simple_statements(function):
            for node, new in _changes(statement, text):
                at = cut(node)
                changed = source[: at.start] + new.encode() + source[at.stop :]
                whole = cut(statement)
                new_statement = changed[whole.start : whole.stop + len(changed) - len(source)]
                yield Mutant(
                    file,
                    statement.lineno,
                    function.name,
                    text(statement),
                    new_statement.decode(),
                    changed,
                )


def _simple_statements(function: ast.FunctionDef) -> Iterator[ast.stmt]:
    kinds = (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Expr, ast.Return, ast.Break)
    for node in ast.walk(function):
        is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if isinstance(node, kinds) and not is_docstring:
            yield node


def _changes(statement: ast.stmt, text) -> Iterator[tuple[ast.stmt | ast.expr, str]]:
    """Yield nodes and what to put in their place."""
    if not isinstance(statement, ast.Return):
        yield statement, "pass"
    value = getattr(statement, "value", None)
    if isinstance(value, ast.Constant) and value.value == 0:
        yield value, "1"
    elif isinstance(statement, ast.AugAssign):
        target, by = text(statement.target), text(value)
        flipped = {ast.Add: f"-= {by}", ast.Sub: f"+= {by}", ast.Mult: f"*= -({by})"}
        yield statement, f"{target} {flipped[type(statement.op)]}"
    elif isinstance(statement, ast.Expr):
        for keyword in value.keywords if isinstance(value, ast.Call) else ():
            if keyword.arg == "out":
                out = text(keyword.value)
                yield statement, f"{text(statement)}; np.negative({out}, out={out})"
    elif value is not None and not _is_tuple(statement):
        yield value, f"-({text(value)})"
    for node in ast.walk(value) if value is not None else ():
        yield from ((node, new) for new in _without_a_term(node, text))


def _is_tuple(statement: ast.stmt) -> bool:
    """Whether several names are given at once, mostly to views: that has no sign."""
    parts = (*getattr(statement, "targets", ()), getattr(statement, "value", None))
    return any(isinstance(part, ast.Tuple) for part in parts)


def _without_a_term(node: ast.AST, text) -> Iterator[str]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub | ast.Mult):
        yield f"({text(node.left)})"
        yield (
            f"(-({text(node.right)}))" if isinstance(node.op, ast.Sub) else f"({text(node.right)})"
        )
    if isinstance(node, ast.Call) and text(node.func) in {"np.multiply", "np.subtract"}:
        name, (left, right) = text(node.func), map(text, node.args)
        nothing = "1" if name == "np.multiply" else "0"
        rest = "".join(f", {keyword.arg}={text(keyword.value)}" for keyword in node.keywords)
        yield f"{name}({left}, {nothing}{rest})"
        yield f"{name}({nothing}, {right}{rest})"


def cells_of(root: Path, file: Path) -> list[str]:
    """Return the cells whose equations stand in a file; none if all rest on it."""
    if file.parent.name != "cells":
        return []
    if not file.name.startswith("_"):
        return [file.stem.replace("_", "-")]
    users = (root / file).parent.glob("[!_]*.py")
    return sorted(user.stem.replace("_", "-") for user in users if file.stem in user.read_text())


def near(root: Path, file: Path) -> list[str]:
    """Return the arguments of pytest for the tests that should notice."""
    own = Path(f"tests/engine/test_{file.stem}.py")
    named = cells_of(root, file)
    files = [str(own)] if (root / own).exists() else []
    return [*files, "tests/engine/test_cells.py", *(["-k", " or ".join(named)] if named else [])]


class Watcher:
    """A plug-in of pytest that notes how the first test that fails does so."""

    end = "crashed"

    def pytest_exception_interact(self, call) -> None:
        self.end = "noticed" if call.excinfo.errisinstance(AssertionError) else "crashed"


def verdict(root: Path, mutant: Mutant | None) -> str:
    """Return how a mutant, or the package as it is, ended: "noticed", "crashed" or "survived".

    Runs in a process of its own, in which nothing of the package has been imported yet.
    """
    os.chdir(root)
    sys.path.insert(0, str(root))
    sys.dont_write_bytecode = True
    if mutant is None:
        return _run(SUITE)
    _import_broken(root, mutant)
    end = _run(near(root, mutant.file))
    return _run(SUITE) if end == "survived" else end


def _import_broken(root: Path, mutant: Mutant) -> None:
    """Put the broken module where the package's other modules will find it."""
    name = ".".join(mutant.file.with_suffix("").parts)
    parent, _, stem = name.rpartition(".")
    package = importlib.import_module(parent)
    assert Path(str(package.__file__)).is_relative_to(root), package.__file__
    assert name not in sys.modules
    spec = importlib.util.spec_from_file_location(name, root / mutant.file)
    assert spec is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    exec(compile(mutant.source, mutant.file, "exec"), vars(module))
    setattr(package, stem, module)


def _run(tests: Iterable[str]) -> str:
    watcher = Watcher()
    with redirect_stdout(io.StringIO()) as told, redirect_stderr(told):
        code = pytest.main([*OPTIONS, *tests], plugins=[watcher])
    if code > 2:  # 1 is a test that failed, 2 one that could not be read
        raise RuntimeError(f"pytest {' '.join(tests)}: {told.getvalue()}")
    return "survived" if code == 0 else watcher.end


def main() -> int:
    """Break, run, and tell."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sample", type=int, default=0, help="how many; all if 0")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--list", action="store_true", help="print the mutants, run nothing")
    parser.add_argument("only", nargs="*", help="parts of the names of files to break")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = _copied(ROOT, Path(folder).resolve())
        files = sorted(file for name in FILES for file in (root / ENGINE).glob(name))
        found = [m for file in files for m in mutants(root, file.relative_to(root))]
        found = [m for m in found if not chosen.only or any(part in str(m) for part in chosen.only)]
        found = [m for m in found if (f"{m.file.name}:{m.function}", m.change) not in EQUIVALENT]
        if chosen.sample:
            found = random.Random(chosen.seed).sample(found, min(chosen.sample, len(found)))
        if chosen.list:
            print(*found, sep="\n")
            return 0
        return tell(found, root, chosen.workers)


def tell(found: list[Mutant], root: Path, workers: int) -> int:
    """Run all mutants, each in a process of its own, and return the exit code."""
    began, ends = time.monotonic(), Counter[str]()
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["numpy", "pytest", "hypothesis.strategies", "click"])
    with context.Pool(workers, maxtasksperchild=1) as pool:
        run = partial(verdict, root)
        if pool.apply(run, [None]) != "survived":
            print("the tests fail with the package as it is; nothing can be said of mutants")
            return 2
        for mutant, end in zip(found, pool.imap(run, found, chunksize=1), strict=True):
            ends[end] += 1
            if end == "survived":
                print(f"SURVIVED {mutant}", flush=True)
            elif sys.stderr.isatty():
                print(f"{ends.total()} of {len(found)}", end="\r", file=sys.stderr)
    told = ", ".join(f"{n} {end}" for end, n in sorted(ends.items()))
    print(f"{len(found)} mutants in {time.monotonic() - began:.0f} s: {told}")
    return 1 if ends["survived"] else 0


def _copied(root: Path, to: Path) -> Path:
    forget = shutil.ignore_patterns("__pycache__")
    for name in ("lstmfin", "tests"):
        shutil.copytree(root / name, to / name, ignore=forget)
    shutil.copy(root / "pyproject.toml", to)
    return to


if __name__ == "__main__":
    sys.exit(main())
