"""Twins: the architecture of a published model, shrunk to a few megabytes of random weights.

A twin has the real configuration class, tokenizer, processor, vocabulary, image sizes and labels; only depth,
width and experts are smaller. `make.main` is the entry point; `spec` holds the shared types.
"""
