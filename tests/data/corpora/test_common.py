"""What the readers of corpora have in common."""

import tracemalloc

from interactive_st.data.corpora.common import Request, collect
from interactive_st.data.manifest import Line


def test_segments_are_kept_once(tmp_path):
    request = Request(tmp_path, "en", ("de",), None, 30.0, False)
    text, count = "w" * 800, 1000

    def lines():
        for i in range(count):
            texts = {"src_text": f"{i} {text}", "tgt_text": f"{text} {i}"}
            yield Line(i, {"id": str(i), "audio": "a.wav", **texts, "duration": "40" if i % 10 == 0 else "3"})

    tracemalloc.start()
    split = collect(request, "train", "de", tmp_path / "train.yaml", lines())
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(split.utterances) == 0.9 * count
    assert split.notes == ("train: 100 segments of more than 30 s left out (--max-seconds)",)
    assert most < 1.6 * count * 2 * len(text)
