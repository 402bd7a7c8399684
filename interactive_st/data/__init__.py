"""Corpora, from files of sound and text to batches; nothing here knows of models.

``audio``: recordings to samples. ``features``: samples to filterbanks, and the archives that hold them.
``folder``: what is in a data folder. ``corpora``: readers of published corpora. ``preparation``:
`interactive-st prepare`. ``joining``: `interactive-st join`. ``datasets``: what training and decoding read,
fairseq's classes with a second text. The tables, utterances and languages that all of these need are beside
them.
"""
