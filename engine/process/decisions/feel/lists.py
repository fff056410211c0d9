"""Functions of lists, contexts, truths and ranges."""

from functools import cmp_to_key
from typing import Any

from engine.process.decisions.feel import values
from engine.process.decisions.feel.env import Env
from engine.process.decisions.feel.registry import NUMBER, feel, many, whole
from engine.process.decisions.feel.values import equal, kind, order, taken
from engine.process.expressions import TooMuch


@feel("list contains", list, None)
def _list_contains(env: Env, many: list[Any], value: Any) -> bool:
    env.charge(len(many))
    return any(equal(taken(each), value, env) for each in many)


@feel("count", list)
def _count(_env: Env, many: list[Any]) -> int:
    return len(many)


@feel("len", (list, str, dict))
def _len(_env: Env, many: Any) -> int:
    return len(many)


def _extreme(name: str, side: int) -> None:
    def chosen(env: Env, *arguments: Any) -> Any:
        items = many(arguments)
        env.charge(len(items))
        best = items[0] if items else None
        for each in items[1:]:
            way = order(each, best)
            if way is None:
                return env.fault(f"{name}({kind(best)}, {kind(each)})")
            best = each if way == side else best
        return best if order(best, best) is not None else None

    feel(name)(chosen)


_extreme("min", -1)
_extreme("max", 1)


def _quantified(names: tuple[str, ...], stop: bool) -> None:
    def asked(env: Env, *arguments: Any) -> Any:
        items = many(arguments)
        env.charge(len(items))
        if stop in items:
            return stop
        return (not stop) if all(type(each) is bool for each in items) else None

    for name in names:
        feel(name)(asked)


_quantified(("all",), stop=False)
_quantified(("any",), stop=True)


@feel("sublist", list, NUMBER, NUMBER)
def _sublist(env: Env, many: list[Any], start: Any, length: Any = None) -> Any:
    first = whole(start)
    if first == 0 or abs(first) > len(many) or (length is not None and length < 0):
        raise ValueError
    begin = first - 1 if first > 0 else len(many) + first
    env.limit(len(many))
    return many[begin : None if length is None else begin + whole(length)]


@feel("append", list)
def _append(env: Env, many: list[Any], *items: Any) -> list[Any]:
    env.limit(len(many) + len(items))
    return [*many, *items]


@feel("concatenate")
def _concatenate(env: Env, *lists: Any) -> Any:
    if any(type(each) is not list for each in lists):
        return None
    env.limit(sum(map(len, lists)))
    return [item for each in lists for item in each]


@feel("insert before", list, NUMBER, None)
def _insert_before(env: Env, many: list[Any], place: Any, item: Any) -> list[Any]:
    at = _index(many, place)
    env.limit(len(many) + 1)
    return [*many[:at], item, *many[at:]]


@feel("remove", list, NUMBER)
def _remove(env: Env, many: list[Any], place: Any) -> list[Any]:
    at = _index(many, place)
    env.limit(len(many))
    return [*many[:at], *many[at + 1 :]]


@feel("list replace", list, NUMBER, None)
def _list_replace(env: Env, many: list[Any], place: Any, item: Any) -> list[Any]:
    at = _index(many, place)
    env.limit(len(many))
    return [*many[:at], item, *many[at + 1 :]]


def _index(many: list[Any], place: Any) -> int:
    at = whole(place)
    if at == 0 or abs(at) > len(many):
        raise ValueError
    return at - 1 if at > 0 else len(many) + at


@feel("reverse", list)
def _reverse(env: Env, many: list[Any]) -> list[Any]:
    env.limit(len(many))
    return many[::-1]


@feel("index of", list, None)
def _index_of(env: Env, many: list[Any], value: Any) -> list[int]:
    env.charge(len(many))
    return [place for place, each in enumerate(many, 1) if equal(taken(each), value, env)]


@feel("union")
def _union(env: Env, *lists: Any) -> Any:
    many = _concatenate(env, *lists)
    return None if many is None else _distinct(env, many)


@feel("distinct values", list)
def _distinct(env: Env, many: list[Any]) -> list[Any]:
    found: list[Any] = []
    for each in map(taken, many):
        env.charge(1 + len(found))
        if not any(equal(each, other, env) for other in found):
            found.append(each)
    return found


@feel("flatten", list)
def _flatten(env: Env, many: list[Any], depth: int = 0) -> list[Any]:
    if depth > 30:
        raise TooMuch
    found: list[Any] = []
    for each in many:
        env.charge(1)
        found += _flatten(env, each, depth + 1) if type(each) is list else [each]
        env.limit(len(found))
    return found


@feel("sort", list)
def _sort(env: Env, many: list[Any]) -> Any:
    items = [taken(each) for each in many]
    env.charge(len(items) * 16)
    if any(order(items[0], each) is None for each in items):
        raise ValueError
    return sorted(items, key=cmp_to_key(lambda one, other: order(one, other) or 0))


@feel("get value", dict, str)
def _get_value(_env: Env, owner: dict[str, Any], key: str, default: Any = None) -> Any:
    return taken(owner.get(key, default))


@feel("get entries", dict)
def _get_entries(env: Env, owner: dict[str, Any]) -> list[Any]:
    env.limit(len(owner))
    return [{"key": key, "value": value} for key, value in owner.items()]


@feel("not", None)
def _not(_env: Env, value: Any) -> Any:
    return not value if type(value) is bool else None


@feel("is defined", None)
def _is_defined(_env: Env, value: Any) -> bool:
    return value is not None


@feel("is", None, None)
def _is(env: Env, left: Any, right: Any) -> bool:
    return type(left) is type(right) and equal(left, right, env) is True


@feel("same", None, None)
def _same(env: Env, left: Any, right: Any) -> Any:
    return equal(left, right, env)


def _point(value: Any, low_end: bool) -> tuple[Any, bool]:
    if type(value) is values.Span:
        return (value.low, value.with_low) if low_end else (value.high, value.with_high)
    return value, True


@feel("before", None, None)
def _before(_env: Env, left: Any, right: Any) -> Any:
    (end, with_end), (start, with_start) = _point(left, low_end=False), _point(right, low_end=True)
    side = order(end, start)
    return None if side is None else side < 0 or (side == 0 and not (with_end and with_start))


@feel("after", None, None)
def _after(env: Env, left: Any, right: Any) -> Any:
    return _before(env, right, left)


@feel("includes", values.Span, None)
def _includes(_env: Env, span: Any, value: Any) -> Any:
    return values.within(value, span)
