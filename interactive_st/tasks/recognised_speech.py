"""A source "dictionary" that renders speech as what was recognised in it.

``fairseq-generate`` and ``fairseq-interactive`` print ``S-<id>`` when the task has a source
dictionary: after `inference_step` they pass its `string` the source of each utterance, for speech
the features of its row without what equals the padding index. So the transcript stands beside
``T- H- D- P-`` in both tools, unpatched.
"""

import hashlib
from collections import OrderedDict, deque

import torch

#: Utterances remembered that were not asked for yet, and those that were. An entry takes some
#: 300 bytes; `fairseq-interactive` asks for a whole --buffer-size at once.
PENDING = 200_000
ANSWERED = 1_000


class RecognisedSpeech:
    """Remembers the transcript of each utterance by the content of its features.

    Utterances with the same features (one-to-many translation) queue up: each question takes the
    next transcript, and the last one keeps answering.
    """

    def __init__(self) -> None:
        self._pending: OrderedDict[bytes, deque[str]] = OrderedDict()
        self._answered: OrderedDict[bytes, str] = OrderedDict()

    def record(self, features: torch.Tensor, transcript: str) -> None:
        """Remember what was recognised.

        Args:
            features: exactly the tensor that `string` will be given, or one equal to it.
            transcript: its text.
        """
        self._pending.setdefault(_digest(features), deque()).append(transcript)
        while len(self._pending) > PENDING:
            self._pending.popitem(last=False)

    def string(self, tensor: torch.Tensor, bpe_symbol: str | None = None, **_: object) -> str:
        """Return the transcript of these features, empty if nothing was recorded for them.

        Args:
            tensor: features, on any device, of any shape and type.
            bpe_symbol: fairseq's ``--post-process``; the transcript is text already.
        """
        digest = _digest(tensor)
        waiting = self._pending.get(digest)
        if waiting is None:
            return self._answered.get(digest, "")
        transcript = waiting.popleft()
        if not waiting:
            del self._pending[digest]
        self._answered[digest] = transcript
        self._answered.move_to_end(digest)
        while len(self._answered) > ANSWERED:
            self._answered.popitem(last=False)
        return transcript


def _digest(features: torch.Tensor) -> bytes:
    # as bytes, since numpy has no bfloat16
    content = features.detach().flatten().contiguous().view(torch.uint8).cpu().numpy()
    return hashlib.blake2b(content, digest_size=16).digest()
