"""Why a value of a file does not fit, and what to call what stands there instead."""


class Unfit(Exception):
    """Why a value does not fit its setting."""


_TYPE_WORDS: dict[type, str] = {
    bool: "true or false",
    int: "a bare number",
    float: "a float",
    str: "text",
    list: "a list",
    dict: "a section",
}


def type_word(raw: object) -> str:
    """The kind of value that stands there, in words."""
    return _TYPE_WORDS.get(type(raw), "a date or time")
