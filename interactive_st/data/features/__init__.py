"""Filterbanks of samples, their normalisation, and the archives that hold them."""
