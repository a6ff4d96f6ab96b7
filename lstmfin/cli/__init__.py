"""The command line: parse, call, print. click lives here and nowhere else."""
