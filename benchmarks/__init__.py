"""What is measured against whom, one command each: ``python -m benchmarks.NAME --help``."""
