"""Names and numbers that all parts share; light, so that the command line can import them."""

#: Stream 0 is the transcript, stream 1 the translation, everywhere.
TEXTS = ("transcript", "translation")
#: The streams of a model that writes both texts.
BOTH = (0, 1)
#: How two beams are kept, see `interactive_st.search`.
SEARCHES = ("rank", "joint")
#: Of Kaldi's filterbanks, see `interactive_st.data.features`.
FRAMES_PER_SECOND = 100
