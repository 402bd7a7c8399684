"""Scores of transcripts and translations."""
