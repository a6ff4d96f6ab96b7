"""The evening job: journal, scores, alarms, run, schedule, logs."""
