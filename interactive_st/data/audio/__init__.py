"""Recordings: what they hold, how long they are, and their samples."""
