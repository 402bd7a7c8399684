"""Choices and defaults of `prepare` and `join`; light, so that the command line can show them."""

SOURCE_LANG, TARGET_LANG = "en", "de"
#: Entries of the joint vocabulary, special symbols included, and kinds of sentencepiece models.
VOCAB_SIZE = 8000
VOCAB_TYPES = ("unigram", "bpe", "char")
VOCAB_TYPE = "unigram"
#: Of filterbanks; the rate is in Hz.
NUM_MEL_BINS = 80
SAMPLE_RATE = 16000
#: What mean and variance of features are normalised over.
CMVN_TYPES = ("utterance", "global", "none")
CMVN = "utterance"
#: Of SpecAugment, see `folder.settings`.
POLICIES = ("lb", "ld", "sm", "ss", "none")
POLICY = "lb"
#: fairseq's recipes train on no more than 3000 frames of 10 ms.
LONGEST_TRAINING_SECONDS = 30.0
#: Of the manifests of fairseq's recipes: ``train_asr.tsv`` holds transcripts, ``train_st.tsv`` translations.
ASR_SUFFIX, ST_SUFFIX = "asr", "st"
