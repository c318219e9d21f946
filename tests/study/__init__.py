"""The simulation study of the measures: bias, coverage, false alarms and power where the truth is known."""
