"""Sentences, and the same with errors in them."""

import numpy as np

WORDS = ("eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht")


def sentences(count, seed=0):
    random = np.random.default_rng(seed)
    return [" ".join(random.choice(WORDS, 6)) for _ in range(count)]


def with_errors(texts, every, seed=0):
    """The texts, one word in `every` replaced by one that is in none."""
    random = np.random.default_rng(seed)
    return [" ".join("falsch" if random.random() < 1 / every else w for w in t.split()) for t in texts]
