"""The error tree and its exit codes."""

import inspect

import pytest

from lstmfin import errors
from lstmfin.errors import EXIT_CODE_MEANINGS, ExitCode, LstmfinError, WriteError

CODES = {
    "LstmfinError": 70,
    "UsageError": 2,
    "PartialFailure": 3,
    "DataError": 65,
    "ModelFileError": 65,
    "SourceError": 69,
    "UnknownSymbolError": 69,
    "WorkersError": 69,
    "WriteError": 74,
    "TryLaterError": 75,
    "ConfigError": 78,
}
CLASSES = {
    name: one
    for name, one in inspect.getmembers(errors, inspect.isclass)
    if issubclass(one, LstmfinError)
}


def test_the_table_is_complete():
    """Every error of the tree has its line in the table of this test, and in the docstring."""
    assert CLASSES.keys() == CODES.keys()
    for name, code in CODES.items():
        assert any(name in line and f"{code} " in line for line in errors.__doc__.splitlines())


@pytest.mark.parametrize("name", CODES)
def test_exit_codes(name):
    """Each error ends the process with the code that is documented for it."""
    assert CLASSES[name].exit_code == CODES[name]


def test_every_code_has_a_meaning():
    """The help lists all exit codes."""
    assert set(EXIT_CODE_MEANINGS) == set(ExitCode)


def test_messages_are_sentences():
    """An error that is also an OSError still prints its sentence, and nothing else."""
    assert str(WriteError("cannot write x")) == "cannot write x"
