"""Removes from a sentencepiece model what it says of the machine that trained it.

A model file is a protocol buffer, ``ModelProto`` of sentencepiece_model.proto; its field 2, the
trainer's options, names the files it was trained from (field 1) and written to (field 2). They mean
nothing to whoever uses the model. Wire format: protobuf.dev/programming-guides/encoding.
"""

from collections.abc import Iterator

from interactive_st.errors import DataError

TRAINER_OPTIONS = 2
#: ``input`` and ``model_prefix`` of the trainer's options.
FILE_NAMES = {1, 2}
VARINT, FIXED64, LENGTH_DELIMITED, FIXED32 = 0, 1, 2, 5


def without_file_names(model: bytes) -> bytes:
    """Return the same subword model without the names of the trainer's files.

    Raises:
        DataError: these bytes are not a sentencepiece model.
    """
    cleaned = b""
    for number, start, content, end in _fields(model):
        if number != TRAINER_OPTIONS:
            cleaned += model[start:end]
            continue
        options = b"".join(
            model[content:end][first:last]
            for name, first, _, last in _fields(model[content:end])
            if name not in FILE_NAMES
        )
        key = TRAINER_OPTIONS << 3 | LENGTH_DELIMITED
        cleaned += _varint_bytes(key) + _varint_bytes(len(options)) + options
    return cleaned


def _fields(message: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Yield each field's number, where it begins, where its content begins, and where it ends."""
    position = 0
    while position < len(message):
        start = position
        key, position = _varint(message, position)
        number, kind = key >> 3, key & 7
        content = position
        if kind == VARINT:
            _, position = _varint(message, position)
        elif kind == LENGTH_DELIMITED:
            length, content = _varint(message, position)
            position = content + length
        elif kind in (FIXED64, FIXED32):
            position += 8 if kind == FIXED64 else 4
        else:
            raise DataError("not a sentencepiece model: unknown kind of field")
        if position > len(message):
            raise DataError("not a sentencepiece model: it ends too early")
        yield number, start, content, position


def _varint(message: bytes, position: int) -> tuple[int, int]:
    """Return the number that begins at `position`, and where it ends."""
    value = shift = 0
    while position < len(message):
        byte = message[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
    raise DataError("not a sentencepiece model: it ends too early")


def _varint_bytes(value: int) -> bytes:
    encoded = bytearray()
    while value >= 0x80:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*encoded, value])
