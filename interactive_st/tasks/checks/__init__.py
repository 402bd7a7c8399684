"""Catches wrong options and data early, before fairseq fails obscurely or gives wrong scores."""
