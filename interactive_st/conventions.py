"""Names and numbers that all parts share; light, so that the command line can import them."""

#: The streams by number, everywhere.
TEXTS = ("transcript", "translation")
#: What a model writes that has both.
BOTH = (0, 1)
#: How two beams are kept, see `interactive_st.search`.
SEARCHES = ("rank", "joint")
#: Of Kaldi's filterbanks, see `interactive_st.data.features`.
FRAMES_PER_SECOND = 100
