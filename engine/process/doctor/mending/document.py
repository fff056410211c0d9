"""An XML text as pieces that keep every byte: what nobody touches is written back exactly as it came.

Only well-formed texts without DOCTYPE are given here; `loading` has seen them before.
"""

import re
from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr, unescape

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
_TOKEN = re.compile(
    r"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>|<(?:[^<>\"']|\"[^\"]*\"|'[^']*')*>|[^<]+", re.DOTALL
)
_NAME = re.compile(r"<\s*/?\s*((?:[\w.\-]+:)?[\w.\-]+)")
_ATTRIBUTE = re.compile(r"(\s+)([\w:.\-]+)(\s*=\s*)(\"[^\"]*\"|'[^']*')")
_ENCODING = re.compile(r"(<\?xml[^>]*?encoding\s*=\s*[\"'])([\w.\-]+)([\"'])")
_ENTITIES = {"&quot;": '"', "&apos;": "'"}
_SIGNS = re.compile(r"&#(x[0-9a-fA-F]+|\d+);")


class Piece:
    """One element: its start tag as written, what is inside, its end tag ('' where it closes itself)."""

    def __init__(self, head: str, parent: "Piece | None") -> None:
        self.head, self.tail = head, ""
        self.parent = parent
        self.parts: list[str | Piece] = []

    def __str__(self) -> str:
        found: list[str] = []
        todo: list[str | Piece] = [self]
        while todo:
            part = todo.pop()
            if isinstance(part, str):
                found.append(part)
            else:
                found.append(part.head)
                todo += [part.tail, *reversed(part.parts)]
        return "".join(found)

    @property
    def name(self) -> str:
        """The name as written, with its prefix."""
        found = _NAME.match(self.head)
        return found[1] if found else ""

    @property
    def local(self) -> str:
        """The name without its prefix."""
        return self.name.rpartition(":")[2]

    @property
    def attributes(self) -> dict[str, str]:
        """What the start tag says."""
        return {found[2]: _plain(found[4][1:-1]) for found in _ATTRIBUTE.finditer(self.head)}

    def get(self, name: str) -> str:
        """An attribute, '' where it is not said."""
        return self.attributes.get(name, "")

    def set(self, name: str, value: str | None) -> None:
        """Say an attribute, or leave it out."""
        said = f" {name}={quoteattr(value)}" if value is not None else ""
        for found in _ATTRIBUTE.finditer(self.head):
            if found[2] == name:
                self.head = self.head[: found.start()] + said + self.head[found.end() :]
                return
        end = "/>" if self.head.endswith("/>") else ">"
        self.head = self.head[: -len(end)].rstrip() + said + end

    def rename(self, local: str) -> None:
        """Another element name under the same prefix."""
        old = self.name
        new = f"{old.rpartition(':')[0]}:{local}" if ":" in old else local
        self.head = self.head.replace(old, new, 1)
        self.tail = self.tail.replace(old, new, 1)

    def children(self, *names: str) -> list["Piece"]:
        """The elements just inside, of these names where some are given."""
        return [each for each in self.parts if isinstance(each, Piece) and (not names or each.local in names)]

    def everything(self) -> Iterator["Piece"]:
        """This element and all inside, in the order of the file."""
        todo = [self]
        while todo:
            piece = todo.pop()
            yield piece
            todo += reversed(piece.children())

    def text(self) -> str:
        """The text just inside."""
        return _plain("".join(each for each in self.parts if isinstance(each, str))).strip()

    def write(self, text: str) -> None:
        """Text instead of everything inside."""
        self._open()
        self.parts = [escape(text)]

    def space(self, prefix: str) -> str | None:
        """The namespace a prefix stands for at this place."""
        wanted = f"xmlns:{prefix}" if prefix else "xmlns"
        piece: Piece | None = self
        while piece is not None:
            if wanted in piece.head and wanted in piece.attributes:
                return piece.attributes[wanted]
            piece = piece.parent
        return None

    def add(self, raw: str, *, before: "Piece | None" = None, after: "Piece | None" = None) -> "Piece":
        """Put an element, given as text, inside: last, or beside another."""
        self._open()
        made = parsed(raw)
        made.parent = self
        indent = self._indent()
        if before is not None:
            place = self.parts.index(before)
            self.parts[place:place] = [made, indent]
        elif after is not None:
            place = self.parts.index(after) + 1
            self.parts[place:place] = [indent, made]
        else:
            last = self.parts[-1] if self.parts else None
            place = len(self.parts) - (isinstance(last, str) and not last.strip() and bool(self.children()))
            closing = [] if place < len(self.parts) or not indent else [indent.removesuffix("  ")]
            self.parts[place:place] = [indent, made, *closing]
        return made

    def remove(self) -> None:
        """Take the element out, with the blanks before it."""
        if self.parent is None:
            return
        parts = self.parent.parts
        place = next(index for index, each in enumerate(parts) if each is self)
        before = parts[place - 1] if place else None
        start = place - (isinstance(before, str) and not before.strip())
        del parts[start : place + 1]
        self.parent = None

    def _open(self) -> None:
        if self.head.endswith("/>"):
            self.head = self.head[:-2].rstrip() + ">"
            self.tail = f"</{self.name}>"

    def _indent(self) -> str:
        """The blanks before an element inside; '' in a file without line breaks."""
        for each, following in zip(self.parts, self.parts[1:], strict=False):
            if isinstance(each, str) and not each.strip() and isinstance(following, Piece):
                return each
        outer = self.parent._indent() if self.parent is not None else ""
        return f"{outer}  " if outer else ""


def parsed(text: str) -> Piece:
    """The root element of a text; what stands before and after it is kept in a nameless piece around it."""
    around = Piece("", None)
    here = around
    for found in _TOKEN.finditer(text):
        token = found[0]
        if token.startswith("</"):
            here.tail = token
            here = here.parent or around
        elif not token.startswith("<") or token.startswith(("<!", "<?")):
            here.parts.append(token)
        else:
            made = Piece(token, here)
            here.parts.append(made)
            here = here if token.endswith("/>") else made
    elements = around.children()
    return elements[0] if len(around.parts) == 1 and elements else around


def decoded(content: bytes) -> str:
    """A file as text that says it is UTF-8, whatever it was before."""
    start = content[:200]
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = content.decode("utf-16")
    else:
        declared = _ENCODING.search(start.decode("ascii", "replace"))
        text = _tried(content, declared[2] if declared else "utf-8")
    return _ENCODING.sub(_as_utf_8, text, count=1)


def _as_utf_8(found: re.Match[str]) -> str:
    return found[0] if found[2].lower() in {"utf-8", "utf8"} else f"{found[1]}UTF-8{found[3]}"


def _tried(content: bytes, declared: str) -> str:
    for encoding in (declared, "utf-8", "cp1252"):
        try:
            text = content.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
        if text.lstrip("\ufeff").lstrip().startswith("<"):
            return text
    return content.decode("latin-1")


def _plain(text: str) -> str:
    return _SIGNS.sub(_sign, unescape(text, _ENTITIES)) if "&" in text else text


def _sign(found: re.Match[str]) -> str:
    number = int(found[1][1:], 16) if found[1].startswith("x") else int(found[1])
    return chr(number) if 0 < number < 0x110000 else ""
