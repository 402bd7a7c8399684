"""Corpora: audio, features, manifests, vocabularies and datasets; it knows nothing of models."""
