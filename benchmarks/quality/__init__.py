"""The systems trained and compared under equal conditions: ``python -m benchmarks.quality --help``."""
