"""Speech in, transcript and translation out: model folders, long recordings, subtitles.

`hub.InteractiveST` is the way in, offered as ``interactive_st.InteractiveST`` as well.
"""
