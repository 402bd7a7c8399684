"""A data folder: what is in it, written, read and replaced."""
