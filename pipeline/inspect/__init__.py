"""Inspect and Scout: the detector where their users already work; needs the extra `inspect`, or `scout`."""
