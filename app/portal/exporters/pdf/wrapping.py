"""Text into lines of a width: at blanks, and inside a word only where it fits no line."""

from __future__ import annotations

from portal.exporters.pdf.fonts import Face


class Wrapper:
    """Wraps for one face and size. Texts of up to 40 characters are remembered: groups and kinds repeat."""

    def __init__(self, face: Face, size: float) -> None:
        self._face = face
        self._scale = 1000 / size
        self._blank = face.width(" ")
        self._known: dict[tuple[str, float], tuple[str, ...]] = {}

    def __call__(self, text: str, limit: float) -> tuple[str, ...]:
        """Lines no wider than `limit` points; () for an empty text."""
        if not text:
            return ()
        if len(text) > 40:
            return self._wrap(text, limit * self._scale)
        key = (text, limit)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._wrap(text, limit * self._scale)
        return known

    def _wrap(self, text: str, limit: float) -> tuple[str, ...]:
        width, blank = self._face.width, self._blank
        lines: list[str] = []
        line: list[str] = []
        used = 0.0
        for word in text.split(" "):
            wide = width(word)
            if line and used + blank + wide <= limit:
                line.append(word)
                used += blank + wide
                continue
            if line:
                lines.append(" ".join(line))
            if wide > limit:
                *whole, word = self._break(word, limit)
                lines.extend(whole)
                wide = width(word)
            line, used = [word], wide
        lines.append(" ".join(line))
        return tuple(lines)

    def _break(self, word: str, limit: float) -> list[str]:
        """A word that fits no line, in pieces that do (one character at least, however narrow the column)."""
        pieces: list[str] = []
        start, used = 0, 0.0
        for index, char in enumerate(word):
            wide = self._face.advance(char)
            if used + wide > limit and index > start:
                pieces.append(word[start:index])
                start, used = index, 0.0
            used += wide
        return [*pieces, word[start:]]
