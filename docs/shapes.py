"""Facts and what they are made of, in words, read from the types themselves."""

import inspect
import re
import types
from collections.abc import Callable
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
from docs.markers import table

from assent.model.facts import Fact
from assent.model.inputs import Input

NAMES = {int: "int", str: "text", bool: "true or false", type(None): "none"}


def facts_table() -> str:
    """Every fact, in the order of the union, with its fields."""
    return table(("fact", "what it says", "fields"), _rows_of(Fact))


def inputs_table() -> str:
    """Everything that the desk can be told, in the order of the union, with its fields."""
    return table(("input", "what it tells", "fields"), _rows_of(Input))


def _rows_of(union: Any) -> list[tuple[str, str, str]]:
    rows = []
    for one in get_args(union):
        fields = ", ".join(f"`{name}` {kind}" for name, kind, _ in fields_of(one))
        rows.append((f"`{one.__name__}`", first_sentence(one), fields))
    return rows


def parts_tables() -> str:
    """Every type that a fact's fields are made of, each once, in the order in which they are met."""
    rows = []
    for part in _parts():
        fields = ", ".join(f"`{name}` {kind}" for name, kind, _ in fields_of(part))
        rows.append((f"`{part.__name__}`", _written_as(part), first_sentence(part), fields))
    return table(("part", "written as", "what it is", "fields"), rows)


def fields_of(struct: type) -> list[tuple[str, str, Any]]:
    """Name, type in words, and default (`None` also where there is none) of each field."""
    hints = get_type_hints(struct)
    return [
        (field.name, annotation(hints[field.name]), None if field.default is msgspec.NODEFAULT else field.default)
        for field in msgspec.structs.fields(struct)
    ]


def annotation(kind: Any) -> str:
    """A type in words."""
    if kind in NAMES:
        return NAMES[kind]
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        return " / ".join(str(argument) for argument in arguments)
    if origin in (Union, types.UnionType):
        return " or ".join(annotation(argument) for argument in arguments)
    if origin is tuple:
        inner = [annotation(argument) for argument in arguments if argument is not Ellipsis]
        return f"list of {inner[0]}" if Ellipsis in arguments else f"pair of {' and '.join(inner)}"
    return str(kind.__name__)


def required(owner: type, name: str) -> tuple[str, str]:
    """What an attribute or a method of `owner` gives, and its own words."""
    found = inspect.getattr_static(owner, name)
    if isinstance(found, property):
        hint = get_type_hints(found.fget)["return"]
        return annotation(hint), first_sentence(found)
    return _returns(found), first_sentence(found)


def _returns(method: Callable[..., Any]) -> str:
    arguments = ", ".join(list(inspect.signature(method).parameters)[1:])
    result = get_type_hints(method)["return"]
    inner = f"list of {annotation(get_args(result)[0])}" if get_origin(result) is list else _result(result)
    return f"of `({arguments})`: {inner}"


def _result(kind: Any) -> str:
    return "true or false" if kind is bool else annotation(kind)


def first_sentence(thing: Any) -> str:
    """The first sentence of its docstring; where it has none, its name in words."""
    said = inspect.cleandoc(thing.__doc__ or "").replace("\n", " ")
    if said:
        return re.split(r"(?<=\.) ", said)[0].rstrip(".") + "."
    name = getattr(thing, "__name__", "")
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).capitalize() + "." if isinstance(thing, type) else ""


def _parts() -> list[type]:
    found: dict[type, None] = {}
    for fact in get_args(Fact):
        for hint in get_type_hints(fact).values():
            _collect(hint, found)
    return list(found)


def _collect(kind: Any, found: dict[type, None]) -> None:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        if kind in found:
            return
        found[kind] = None
        for hint in get_type_hints(kind).values():
            _collect(hint, found)
    for argument in get_args(kind):
        _collect(argument, found)


def _written_as(part: type) -> str:
    """How it stands in a body: as an array of its fields, or as an object, perhaps with a tag."""
    config = part.__struct_config__  # type: ignore[attr-defined]
    if config.array_like:
        return "array"
    short = ", defaults left out" if config.omit_defaults else ""
    return f"object, `{config.tag_field}` is `{config.tag}`{short}" if config.tag else f"object{short}"
