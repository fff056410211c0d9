"""Fields of forms that other tools keep inside a diagram, in the format of `engine.process.forms`."""

import dataclasses
import keyword
import re
from collections.abc import Iterable
from html import unescape
from typing import Any

from engine.process.doctor import dialects
from engine.process.doctor.model import Setting
from engine.process.forms.model import POISON

_TYPES = {
    "string": "text",
    "text": "text",
    "textfield": "text",
    "textarea": "paragraph",
    "long": "integer",
    "int": "integer",
    "integer": "integer",
    "double": "number",
    "number": "number",
    "boolean": "yes_no",
    "checkbox": "yes_no",
    "date": "date",
    "enum": "choice",
    "select": "choice",
    "radio": "choice",
    "checklist": "choices",
    "taglist": "choices",
    "filepicker": "file",
    "file": "file",
}
_HOLDING = frozenset({"group", "column"})
_SHOWN_ONLY = frozenset({"button", "image", "separator", "spacer", "html", "iframe", "documentPreview"})
_LONGEST = {"minlength": "min", "maxlength": "max", "min": "min", "max": "max"}


@dataclasses.dataclass(slots=True)
class Read:
    """What became of one part of a form: a field of ours, words above the form, names of what was left out."""

    field: dict[str, Any] | None = None
    text: str = ""
    left: list[str] = dataclasses.field(default_factory=list)


def key(written: str) -> str:
    """A name for the answer that expressions can read."""
    plain = re.sub(r"[^A-Za-z0-9_]+", "_", written).strip("_")[:60] or "field"
    plain = plain if plain[0].isalpha() else f"f_{plain}"[:60]
    return f"{plain[:58]}_" if plain in POISON or keyword.iskeyword(plain) else plain


def listed(setting: Setting) -> Read:
    """``camunda:formField``, ``activiti:formProperty``, ``flowable:formProperty``."""
    said = setting.said
    name, label = said.get("id") or said.get("name") or "", said.get("label") or said.get("name") or ""
    kind = _TYPES.get(said.get("type", "string"))
    found: dict[str, Any] = {"key": key(name), "type": kind or "text", "label": label or name}
    read = Read(found)
    if kind is None:
        read.left.append(f"{name}: {said.get('type')}")
    options = [part for part in setting.parts if part.name == "value"]
    if found["type"] == "choice":
        found["options"] = _options((part.said.get("id", ""), part.said.get("name", "")) for part in options)
    constraints = [each for part in setting.parts if part.name == "validation" for each in part.parts]
    for each in constraints:
        _constrain(read, each.said.get("name", ""), each.said.get("config", ""))
    if said.get("required", "").lower() == "true":
        found["required"] = True
    _default(found, said.get("defaultValue") or said.get("default") or "")
    return read


def _constrain(read: Read, name: str, config: str) -> None:
    assert read.field is not None  # noqa: S101  # a listed field always has one
    if name == "required" and config.lower() != "false":
        read.field["required"] = True
    elif name in _LONGEST and (number := _number(config)) is not None:
        read.field[_LONGEST[name]] = number
    elif name != "required":
        read.left.append(f"{read.field['key']}: {name or '?'}")


def component(plain: Any, path: str = "") -> list[Read]:
    """A component of a Camunda form in JSON, and those inside it."""
    if not isinstance(plain, dict):
        return []
    kind = str(plain.get("type") or "")
    if kind in _HOLDING or (kind == "default" and plain.get("components")):
        inner = ".".join(filter(None, (path, str(plain.get("path") or ""))))
        return [each for part in _parts(plain) for each in component(part, inner)]
    if kind == "text":
        return [Read(text=_words(str(plain.get("text") or "")))]
    if kind == "dynamiclist":
        return [_lines(plain)]
    if kind in _SHOWN_ONLY:
        return [Read(left=[str(plain.get("label") or kind)] if kind in {"html", "iframe"} else [])]
    return [_component(plain, kind, path)]


def _parts(plain: dict[str, Any]) -> list[Any]:
    inside = plain.get("components")
    return inside if isinstance(inside, list) else []


def _component(plain: dict[str, Any], kind: str, path: str) -> Read:
    written = ".".join(filter(None, (path, str(plain.get("key") or plain.get("id") or ""))))
    label = _words(str(plain.get("label") or "")) or written
    ours = plain.get("subtype") if kind == "datetime" else _TYPES.get(kind)
    if kind == "expression":
        return _computed(plain, written, label)
    if ours not in {"date", "datetime", *_TYPES.values()}:
        return Read(left=[f"{label}: {kind}"])
    found: dict[str, Any] = {"key": key(written), "type": ours, "label": label}
    read = Read(found)
    if ours in {"choice", "choices"}:
        values = plain.get("values")
        found["options"] = _options(
            (str(each.get("value", "")), str(each.get("label", "")))
            for each in (values if isinstance(values, list) else [])
            if isinstance(each, dict)
        )
    if kind == "number" and plain.get("decimalDigits") == 0:
        found["type"] = "integer"
    if plain.get("description"):
        found["hint"] = _words(str(plain["description"]))[:300]
    _validate(read, plain.get("validate"))
    _condition(read, plain.get("conditional"))
    _default(found, plain.get("defaultValue"))
    if plain.get("disabled") or plain.get("readonly"):
        found.pop("required", None)
    return read


def _validate(read: Read, said: Any) -> None:
    assert read.field is not None  # noqa: S101
    for name, value in said.items() if isinstance(said, dict) else ():
        if name == "required":
            read.field["required"] = value is True
        elif name.lower() in _LONGEST and (number := _number(str(value))) is not None:
            read.field[_LONGEST[name.lower()]] = number
        elif name != "validationType" and value not in ("", None):
            read.left.append(f"{read.field['key']}: {name}")


def _condition(read: Read, said: Any) -> None:
    """A field is hidden while a FEEL expression holds: ours says when it is asked."""
    hide = said.get("hide") if isinstance(said, dict) else None
    if not isinstance(hide, str) or not hide.strip() or read.field is None:
        return
    test = dialects.read(hide)
    if test is None:
        read.left.append(f"{read.field['key']}: {hide[:40]}")
    else:
        read.field["when"] = f"not ({test})"


def _computed(plain: dict[str, Any], written: str, label: str) -> Read:
    found = dialects.read(str(plain.get("expression") or ""))
    if found is None:
        return Read(left=[label])
    return Read({"key": key(written), "type": "computed", "label": label, "expression": found})


def _lines(plain: dict[str, Any]) -> Read:
    """A list of groups becomes lines; each part of the group a column."""
    read = Read()
    columns = []
    for part in _parts(plain):
        for each in component(part):
            read.left += each.left
            columns += [each.field] if each.field is not None and each.field["type"] != "lines" else []
    label = _words(str(plain.get("label") or "")) or "lines"
    if columns:
        named = key(str(plain.get("path") or plain.get("id") or "lines"))
        read.field = {"key": named, "type": "lines", "label": label, "columns": columns}
    else:
        read.left.append(label)
    return read


def _options(pairs: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
    found = {value[:200]: label for value, label in pairs if value}
    return [{"value": value, "label": label or value} for value, label in found.items()]


def _default(found: dict[str, Any], value: Any) -> None:
    """What the empty form shows, where it is a plain value of the field's type."""
    if value is None or value == "" or str(value).startswith(("=", "${", "#{")):
        return
    if found["type"] == "yes_no":
        found["default"] = str(value).lower() == "true"
    elif found["type"] in {"number", "integer"}:
        number = _number(str(value))
        if number is not None:
            found["default"] = number
    elif found["type"] in {"text", "paragraph", "choice"} and isinstance(value, str):
        found["default"] = value[:300]


def _number(written: str) -> int | float | None:
    plain = written.strip()
    if re.fullmatch(r"-?\d{1,12}", plain):
        return int(plain)
    return float(plain) if re.fullmatch(r"-?\d{1,12}\.\d{1,6}", plain) else None


def _words(text: str) -> str:
    """Words without markup."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", text)).split())[:1000]
