"""A mark for tests that speak by espeak-ng."""

import importlib.util

import pytest

needs_espeak = pytest.mark.skipif(
    importlib.util.find_spec("espeakng_loader") is None,
    reason="espeak-ng is not installed (pip install espeakng-loader)",
)
