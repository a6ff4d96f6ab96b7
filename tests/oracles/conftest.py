"""The session tells how near each oracle was."""

import pytest

FARTHEST = {}


@pytest.fixture
def agreement():
    """Note a difference; the largest of each name is printed at the end."""

    def note(name, difference):
        FARTHEST[name] = max(FARTHEST.get(name, 0.0), float(difference))

    return note


def pytest_terminal_summary(terminalreporter):
    terminalreporter.section("largest differences")
    for name, difference in sorted(FARTHEST.items()):
        terminalreporter.write_line(f"{difference:.1e}  {name}")
