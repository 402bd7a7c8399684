"""Recipes that run the whole of `interactive_st`, one folder each."""
