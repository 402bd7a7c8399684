"""Searches for the best pair of transcript and translation."""
