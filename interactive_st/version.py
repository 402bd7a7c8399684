"""The version of the package; `setup.py` reads it here, without importing."""

__version__ = "0.1.0"
