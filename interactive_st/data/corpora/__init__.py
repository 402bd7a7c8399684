"""Readers of published corpora: from their own file layout to the splits that `prepare` takes.

Every reader returns a `Split` for each split and target language. With one target language the
splits have the names of the corpus (``train``, ``tst-COMMON``); with several, fairseq's names of
subsets (``train_de``, ``train_fr``), whose features share the archive ``train.zip``.
"""
