"""Spoken Tatoeba: real English and German sentences of all sorts, spoken by synthetic voices."""
