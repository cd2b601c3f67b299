"""Stands where pip stands: the environment is locked, so there is nothing to install."""

__version__ = "0"
