"""Quickstart: a small English–German world, spoken by synthetic voices, learned in minutes."""
