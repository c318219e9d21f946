"""Finds the packages of the four rooms, so that a new folder is never forgotten; everything else stands in pyproject.toml."""

from setuptools import find_packages, setup

ROOMS = ["corpus", "annotation", "models", "pipeline"]
setup(
    packages=[f"feint.{name}" for room in ROOMS for name in [room, *(f"{room}.{sub}" for sub in find_packages(room))]]
)
