"""Names of the language that hold spaces: the reader of words must know them before any function exists."""

SPACED = frozenset(
    {
        "date and time", "years and months duration", "days and time duration", "string length", "upper case",
        "lower case", "substring before", "substring after", "starts with", "ends with", "string join",
        "list contains", "list replace", "insert before", "index of", "distinct values", "day of year",
        "day of week", "month of year", "week of year", "round up", "round down", "round half up",
        "round half down", "get value", "get entries", "context put", "context merge", "is defined",
    }
)  # fmt: skip
