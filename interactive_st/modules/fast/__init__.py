"""Faster forms of what torch and fairseq have: linear layers, convolution, dropout, calls of modules.

Results are the same up to rounding, and up to which elements a dropout drops. Nothing here belongs to the
method, and nothing here imports another part of the package.
"""
