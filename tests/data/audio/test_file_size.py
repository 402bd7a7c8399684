"""Ogg files that were cut off, or hold several recordings."""

import numpy as np
import pytest
import soundfile

from interactive_st.data.audio.file_size import require_whole
from interactive_st.data.audio.waveform import load_audio
from interactive_st.errors import DataError
from interactive_st.inference.sources import open_file

RATE = 16000


def noise(seconds):
    return np.random.default_rng(0).normal(0, 0.1, round(seconds * RATE)).astype(np.float32)


@pytest.mark.parametrize(("kind", "subtype"), [("ogg", "VORBIS"), ("opus", "OPUS")])
def test_an_ogg_file_cut_off_is_refused(tmp_path, kind, subtype):
    path = tmp_path / f"a.{kind}"
    soundfile.write(path, noise(3.0), RATE, format="OGG", subtype=subtype)
    content = path.read_bytes()
    last = content.rfind(b"OggS")
    for size in (len(content) // 2, last + 10, last + 28, len(content) - 1):
        path.write_bytes(content[:size])
        for read in (load_audio, open_file):
            with pytest.raises(DataError, match=rf"a\.{kind}: damaged or cut off, {size} of \d+ bytes"):
                read(path)
    path.write_bytes(content + b"TAG" + bytes(125))  # as some programs put behind
    require_whole(path)


def test_of_recordings_one_behind_the_other_in_an_ogg_file_not_the_first_alone_is_read(tmp_path):
    """As a radio programme is saved, each piece of music a stream of its own."""
    path = tmp_path / "a.ogg"
    soundfile.write(path, noise(3.0), RATE)
    content = path.read_bytes()
    other = content.replace(content[14:18], bytes(byte ^ 1 for byte in content[14:18]))
    path.write_bytes(content + other)
    for read in (load_audio, open_file):
        with pytest.raises(DataError, match=r"a\.ogg: holds several recordings, one behind the other"):
            read(path)
    first_page = content.index(b"OggS", 1)
    path.write_bytes(content[:first_page] + other[:first_page] + content[first_page:] + other[first_page:])
    require_whole(path)  # side by side, as sound and pictures are
