"""Bytes as text, in whichever encoding a stranger has saved them; nothing of theirs is run."""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple


class Decoded(NamedTuple):
    """A text, the codec by which it was read, and that codec's name for a reader ("GBK")."""

    text: str
    encoding: str
    name: str

    @property
    def is_utf_8(self) -> bool:
        return self.encoding in ("utf-8", "utf-8-sig")


NAMES = {
    **{"utf-8": "UTF-8", "utf-8-sig": "UTF-8", "utf-16": "UTF-16", "utf-32": "UTF-32"},
    **{"utf-16-le": "UTF-16", "utf-16-be": "UTF-16", "gb18030": "GBK", "gbk": "GBK"},
    **{"cp1252": "Windows-1252", "iso8859-1": "Latin-1", "cp437": "cp437"},
}

MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",  # before UTF-16, whose mark it begins with
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}

# As Python has it, section 2.1.4 of its reference (PEP 263).
CODING = re.compile(rb"[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
NO_CODE = re.compile(rb"[ \t\f]*(#.*)?\r?")

NO_SOURCE = {"idna", "punycode", "undefined", "mbcs", "oem", "unicode-escape", "raw-unicode-escape"}
"""Codecs that no source is written in: some take quadratic time, some are one system's."""


def decoded(raw: bytes, *, otherwise: str = "cp1252") -> Decoded:
    """The text, by its byte order mark, as UTF-8, or else as what it most looks like.

    Args:
        otherwise: what a text is in that is neither UTF-8, UTF-16 nor Chinese.
    """
    for mark, encoding in MARKS.items():
        if raw.startswith(mark) and (text := _tried(raw, encoding)) is not None:
            return _found(text, encoding)
    candidates = ["utf-8"]
    if b"\0" in raw and len(raw) % 2 == 0:
        # In UTF-16 every second byte of what is ASCII is 0.
        little = raw[1::2].count(0) > raw[::2].count(0)
        candidates = ["utf-16-le" if little else "utf-16-be", "utf-8"]
    for encoding in candidates:
        if (text := _tried(raw, encoding)) is not None:
            return _found(text, encoding)
    if _looks_chinese(raw):
        for encoding in ("gbk", "gb18030"):
            if (text := _tried(raw, encoding)) is not None:
                return _found(text, encoding)
    text = _tried(raw, otherwise)
    return _found(raw.decode("latin-1"), "iso8859-1") if text is None else _found(text, otherwise)


def source(raw: bytes) -> Decoded:
    """The source of a script: as ``decoded``, but the coding line counts where it is true."""
    declared = _declared(raw)
    if declared and not raw.startswith(tuple(MARKS)):
        text = _tried(raw, declared)
        if text is not None:
            return _found(text, declared)
    return decoded(raw)


def declared_in(raw: bytes) -> str:
    """The codec of a PEP 263 coding line by which the bytes can be read; "" if there is none."""
    declared = _declared(raw)
    return declared if declared and _tried(raw, declared) is not None else ""


def _declared(raw: bytes) -> str:
    for line in raw[:2000].split(b"\n")[:2]:
        if found := CODING.match(line):
            try:
                codec = codecs.lookup(found[1].decode("ascii"))
            except (LookupError, ValueError):
                return ""
            known = getattr(codec, "_is_text_encoding", False) and codec.name not in NO_SOURCE
            return codec.name if known else ""
        if not NO_CODE.fullmatch(line):
            return ""
    return ""


def _found(text: str, encoding: str) -> Decoded:
    return Decoded(text.removeprefix("\ufeff"), encoding, NAMES.get(encoding, encoding))


def _tried(raw: bytes, encoding: str) -> str | None:
    try:
        return raw.decode(encoding)
    except ValueError:
        return None


PAIR = re.compile(rb"[\x81-\xfe][\x40-\x7e\x80-\xfe]|[\x80-\xff]")
COMMON = re.compile(rb"[\xa1-\xa3\xb0-\xd7][\xa1-\xfe]")


def _looks_chinese(raw: bytes) -> bool:
    """Whether most of what is not ASCII is common in GBK: GB 2312's signs and its level 1.

    Level 1, the 3,755 most frequent characters, has lead bytes from B0 to D7. In a Western text
    these are capitals with accents, which seldom stand before another accent; its small letters
    are E0 to FF, and most stand alone before an ASCII letter.
    """
    pairs = PAIR.findall(raw)
    common = sum(bool(COMMON.fullmatch(pair)) for pair in pairs)
    return 2 * common > len(pairs)
