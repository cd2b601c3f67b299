"""Answers install commands inside the sandbox.

A notebook's install cells run unmodified, but there is no network and the environment is already
what the lock says. So an install command looks whether its packages are there, says so in the words
that people know, writes a line for the proof, and fails when one is missing.
"""
