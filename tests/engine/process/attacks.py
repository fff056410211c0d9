"""The attack table: hostile texts for expressions, safe scripts and Python scripts, and the harness that carries them out.

Run as a module it reads cases as JSON lines and tells what came of each, with its time and how much memory the process
(and, for Python, its worker) took at most. An attack is contained when it is refused by one of our own refusals, or
ends as plain data that gives nothing away, within 1.5 s and 300 MB.
"""

import json
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from decimal import Decimal
from pathlib import Path
from typing import Any

SECONDS, MEGABYTES = 1.5, 300
SECRET = "secret-of-the-house-7f3a"


def helper() -> None:
    """A function that a careless host put into the data."""


def scope() -> dict[str, Any]:
    """What a hostile text finds."""
    return {
        "amount": 12_000,
        "d": {"a": 1, "items": [1, 2], "client": {"name": "Zakład Szczotka"}},
        "l": [3, 1, 2],
        "s": "some text",
        "big": "x" * 15_000,
        "signs": "ą" * 15_000,
        "look_alike": "ȅ" * 14_999 + "ą",
        "many": list(range(15_000)),
        "deal": {"amount": Decimal("12000.50")},
        "huge": Decimal("1e999999"),
        "due": date(2026, 3, 5),
        "moment": datetime(2026, 7, 1, 22, 30, tzinfo=UTC),
        "pct": "%1000000000d",
        "helper": helper,
        "alien": object(),
    }


_doubling = " ".join(f"for x{step + 1} in [[x{step}, x{step}]]" for step in range(26))

LANGUAGE: dict[str, list[str]] = {
    "dunder chains": [
        "().__class__.__bases__[0].__subclasses__()", "''.__class__.__mro__", "d.__class__", "d['__class__']",
        "(1).__class__.__base__", "l.__reduce_ex__(2)", "s.__init_subclass__", "d.get.__self__", "len.__self__",
        "now.__globals__", "moment.__reduce__()", "d.__dict__", "d._d", "__builtins__", "__name__", "_attribute(d, 'a')",
        "_f_len(s)", "_key(1)", "_method(s, 'upper')",
    ],
    "format strings": [
        "'{0.__class__.__init__.__globals__}'.format(helper)", "'{h.__globals__}'.format_map({'h': helper})",
        "s.format(1)", "pct % 1", "'%s' % d", "'%(a)s' % d", "f'{helper.__globals__}'", "f'{().__class__}'", "f'{s!r}'",
        "f'{s!a}'", "f'{alien}'", "f'{1:2000000000d}'", "f'{1:{amount}d}'", "f'{huge:.2f}'", "f'{d=}'", "f'{s:>999999999}'",
        "f'{f\"{helper}\"}'", "moment.strftime('%1000000000d')",
    ],
    "attribute tricks": [
        "getattr('', '__class__')", "setattr(d, 'a', 2)", "hasattr(d, 'a')", "vars(d)", "dir()", "type(d)", "type('X', (), {})",
        "d.update({'a': 9})", "d.pop('a')", "d.clear()", "d.setdefault('z', 1)", "l.append(5)", "l.sort()", "l.extend(many)",
        "s.encode()", "s.join.__self__", "moment.tzinfo", "(1).real", "(1.5).as_integer_ratio()", "timedelta.max",
        "float.fromhex('1')", "str.upper('a')", "dict.fromkeys(many)", "huge.to_eng_string()", "due.replace(year=1)",
    ],
    "reaching out": [
        "__import__('os').getpid()", "open('secret.txt').read()", "eval('1+1')", "exec('x=1')", "compile('1', '', 'eval')",
        "globals()", "locals()", "input()", "print(1)", "breakpoint()", "help()", "exit()", "quit()", "memoryview(b'1')",
        "id(1)", "hash('a')", "callable(d)", "iter(l)", "next(l)", "object()", "super()", "helper", "helper()", "[helper]",
        "alien", "alien == alien", "{alien: 1}", "str(alien)", "helper or 1", "sorted([helper])", "min(helper, 1)",
    ],
    "frames and generators": [
        "(x for x in [1]).gi_frame", "(x for x in [1]).gi_frame.f_back.f_globals", "(x for x in [1]).send(None)",
        "[x for x in [1]].__iter__", "(lambda: 0).__code__", "(yield 1)", "(await x)", "[x async for x in l]",
        "(x for x in l).throw(1)", "any(x.gi_frame for x in [(y for y in l)])",
    ],
    "comprehension scopes": [
        "[1 for d.a in l]", "[1 for l[0] in l]", "[1 for (a, (b, c)) in [(1, (2, 3))]]", "[1 for *a, b in [(1, 2)]]",
        "[1 for _each in l]", "[1 for __builtins__ in l]", "[x for x in x]", "{x: 1 for x in l}", "[(x := 1) for y in l]",
        "[x for x in l for y in l for z in l for w in l]", "[len for len in l]()", "[x() for x in [helper]]",
    ],
    "big powers": ["9 ** 9", "9 ** 9 ** 9", "pow(9, 99999999)", "2.0 ** 10000", "(-1) ** 0.5", "10 ** -1", "0 ** -1"],
    "shifts and bits": ["1 << 9999999999", "1 >> 1", "~5", "1 & 1", "1 | 2", "7 ^ 1", "d | d", "d @ d"],
    "long strings": [
        "'a' * 10000 * 10000 * 10000", "big + big", "big.replace('x', big)", "big.replace('', big)", "big.join([big, big])",
        "', '.join(['x' * 15000] * 15000)", "s.ljust(10000000000)", "s.center(9999999999)", "s.zfill(9999999999)",
        "'a\\tb'.expandtabs(9999999999)", "s.translate({97: 'x'})", "[big + 'y' for x in many]", "[f'{big}{x}' for x in many]",
        "''.join([big for x in many])", "[big.split('x') for x in many]", "{x: big + str(x) for x in many}",
        "[signs.strip(look_alike) for x in many]", "[signs.count(look_alike) for x in many]", "signs.lstrip(look_alike)",
    ],
    "shared references": [
        f"[x26 for x0 in [[1]] {_doubling}]", "[[[a] * 99 for a in [[b] * 99]] * 99 for b in [[1] * 99]]",
        "[many] * 10000", "[many for x in many]", "sum([many] * 10000, [])", "[[many] * 99] * 99 == [[many] * 99] * 99",
        "str([[many] * 99] * 99)",
    ],
    "deep nesting": [
        "(" * 200, "(" * 1500 + "1" + ")" * 1500, "[" * 900 + "]" * 900, "-" * 3900 + "1", "not " * 900 + "1",
        "d" + ".a" * 1500, "1 if 1 else " * 300 + "1", "+".join(["1"] * 1900), "{" * 90 + "}" * 90, "f'{" * 60,
        "[[[[1 for a in l] for b in l] for c in l] for e in l]", "x" + "[0]" * 1200, "len(" * 300 + ")" * 300,
    ],
    "regex bombs": ["re.match('(a+)+$', big)", "s.match('(a|a)*b')", "matches(big, '(x+x+)+y')", "big in re"],
    "huge results": [
        "[0] * 10000000000", "(1, 2) * 10000000", "1000000000 * l", "many + many", "[1] * 15000 * 15000",
        "[[b for b in many] for a in many]", "[d.items() for x in many for y in many]", "[many[:] for x in many]",
        "bytes(10000000000)", "bytearray(10000000000)", "range(10000000000)", "list(many)",
    ],
    "numbers and texts": [
        "int('9' * 5000)", "int(huge)", "round(huge)", "round(5, -1000000000)", "float('1e400')", "1e999999", "float('nan')",
        "1" * 3900, "0x" + "f" * 3000, "str(10 ** 5000)", "huge * huge", "1j", "b'1'", "...", "int(big)", "abs(-huge) * huge",
    ],
    "sorting and comparing": [
        "sorted(l, key=helper)", "max(l, key=len)", "min([[1], [2]])", "sorted([big] * 10000)", "sorted([big for x in many])",
        "[max(many) for x in many]", "[x in many for x in many]", "[many.index(14999) for x in many]",
        "[x for x in many] == [x for x in many] == [x for x in many] == [x for x in many]", "d < d",
        "any(a == -1 for a in many for b in many)",
    ],
    "sums and ranges": [
        "sum([[1] * 10000] * 10000, [])", "sum(range(99999999999))", "sum(['a'])", "sum([d])", "len([1 for a in many for b in many])",
        "[[x for x in many] for y in many]", "enumerate(many)", "zip(many, many)", "all(x < y for x in many for y in many)",
    ],
    "unicode names": [
        "d.__𝒸lass__", "d.＿＿class＿＿", "＿x", "𝓮𝓿𝓪𝓵('1')", "ａlien", "'\ud800'", "\u202ealien", "d.\u200b__class__", "ºpen('x')",
        "l\u0435n(s)",
    ],
    "other syntax": [
        "(y := [1])", "(len := 5)", "lambda: 1", "(lambda f: f(f))(lambda f: f(f))", "len(*[s])", "min(**d)", "[*l]", "{**d}",
        "len(s, *l, **d)", "x = 1", "1; 2", "import os", "a b", "", "# nothing", "1 #c\n+1 2", "\x00", "del d", "assert d", "$d",
        "d[1:2:3:4]", "print >>d", "`d`", "<script>", "${d}", "{{ d }}", "{% raw %}",
    ],
    "hash collisions": [
        "len({x * 2305843009213693951 for x in many})", "{x * 2305843009213693951 + 7 for x in many for y in l}",
        "[{x * 2305843009213693951 for x in many[:900]} for y in l]", "{l}", "{l: 1}", "{{1}}", "1 in {x * 2305843009213693951 for x in many}",
    ],
    "time": [
        "timedelta(days=1000000000)", "now() + timedelta(days=99999999)", "datetime(1, 1, 1) - timedelta(days=999999)",
        "work_days_between('0001-01-01', '9999-12-31')", "[work_days_between('1970-01-01', '2100-12-31') for x in many]",
        "duration('P99999999999Y')", "duration('P' + '9' * 90 + 'D')", "datetime(2026, 1, 1, tzinfo=d)", "date(big)",
        "time.sleep(9)", "datetime.now()",
    ],
}  # fmt: skip
"""Expressions that nobody means, by what they try. Every one of them is also a line of a safe script."""

LINES: list[str] = [
    "import os", "from os import *", "while True: pass", "for x in l: pass", "def f(): pass", "class X: pass", "with d: pass",
    "del x", "global x", "assert x", "raise x", "return 1", "x += 1", "x: int = 1", "x, y = 1, 2", "x = y = 1", "d.a = 1",
    "d['a'] = 1", "l[0] = 1", "*x, = l", "(x) = 1; import os", "__x = 1", "typename = 1", "a__b = 1", "x = 1\nx()", "print(1)",
    "try: x = 1\nexcept: pass", "@x\ndef f(): pass", "async def f(): pass", "match x:\n case 1: pass", "x = 1 if", "x == 1",
    "x = (yield)", "lambda: 0", "pass", "\tx = 1\n  y = 2", "x = 1\n" * 900 + "x", "x = '" + "a" * 5000 + "'", "\x00", "x = \\",
]  # fmt: skip
"""Safe scripts that are more than assignments."""

_OS = "import random\no = random._os\n"
_SYS = _OS + "s_ = o.sys\n"
_MODULES = _SYS + "m = s_.modules\n"
_CTYPES = _MODULES + "c = m['ctypes']\n"

PYTHON: dict[str, list[str]] = {
    "endless loops": [
        "while True: pass", "x = 0\nwhile 1: x += 1", "for _ in iter(int, 1): pass", "import itertools\nfor _ in itertools.count(): pass",
        "def f():\n while 1:\n  try:\n   while 1: pass\n  except BaseException: pass\nf()", "sum(iter(int, 1))",
    ],
    "memory": [
        "x = 'a' * 10**10", "x = [0] * 10**10", "x = bytearray(10**9)", "x = []\nwhile 1: x.append('a' * 10**6)", "x = {}\nfor i in range(10**9): x[i] = i",
        "x = list(range(10**8))", "x = b'a' * 2**31", "x = [[]]\nfor _ in range(99): x = x + x", "x = 1\nwhile 1: x <<= 10**6",
        "x = {i: [i] * 99 for i in range(10**7)}", "x = set()\nx.update(range(10**9))",
    ],
    "big numbers": ["x = 9**9**9", "x = 10**10**8 % 7", "x = str(10**300000)", "x = int('9' * 10**6)", "x = pow(7, 10**9)", "import math\nx = math.factorial(10**7)"],
    "regex bombs": ["import re\nx = bool(re.match('(a+)+$', 'a' * 40 + 'b'))", "import re\nx = bool(re.match('(x+x+)+y', 'x' * 60))", "import re\nre.compile('(' * 5000)"],
    "deep recursion": [
        "def f(): return f()\nf()", "x = []\nfor _ in range(10**5): x = [x]", _SYS + "s_.setrecursionlimit(10**9)\ndef f(): return f()\nf()",
        "x = {}\nx['x'] = x", "x = []\nx.append(x)", "class A:\n def __getattr__(s, n): return getattr(s, n + 'a')\nA().b",
    ],
    "imports": [
        "import os", "import sys", "import subprocess", "import ctypes", "import socket", "import threading", "import signal", "import pickle",
        "import atexit", "import importlib", "import multiprocessing", "import urllib.request", "from os import system", "__import__('os')",
        "import time\ntime.sleep(9)", "import engine", "import sqlalchemy", "import builtins", "import gc",
    ],
    "files": [
        "open('/etc/passwd').read()", "open('/tmp/x', 'w')", "open(0).read()", "open(1, 'wb')", _OS + "o.open('/etc/passwd', 0)", _OS + "o.listdir('/')",
        _OS + "o.remove('/tmp/nothing')", _OS + "o.mkdir('/tmp/attack-made-this')", _OS + "o.rename('/tmp', '/tmp2')", _OS + "o.symlink('/', '/tmp/attack-made-this')",
        _OS + "o.stat('/')", _OS + "o.chdir('/tmp')", _OS + "o.chmod('/tmp', 0)", _OS + "o.unlink('contentum.db')", _OS + "x = o.pipe()", _OS + "x = o.dup(0)",
        _OS + "o.memfd_create('a')", _OS + "o.truncate('/tmp/x', 0)",
    ],
    "processes": [
        _OS + "o.fork()", _OS + "while 1: o.fork()", _OS + "o.system('id')", _OS + "o.popen('id').read()", _OS + "o.execv('/bin/sh', ['sh'])",
        _OS + "o.posix_spawn('/bin/sh', ['sh'], {})", _OS + "o.setsid()", _OS + "o.setuid(0)", _OS + "o.nice(-20)", _OS + "o.forkpty()", _OS + "o.wait()",
        _OS + "o.sched_setaffinity(0, [0])",
    ],
    "signals": [
        _OS + "o.kill(o.getppid(), 9)", _OS + "o.kill(-1, 9)", _OS + "o.killpg(0, 9)", _OS + "o.abort()", _OS + "o.kill(o.getpid(), 19)",
        _MODULES + "g = m['signal']\nfor n in range(1, 64):\n try: g.signal(n, g.SIG_IGN)\n except BaseException: pass\nwhile 1: pass",
        _MODULES + "m['signal'].alarm(1)", _MODULES + "m['signal'].raise_signal(9)", _MODULES + "m['signal'].pause()",
    ],
    "stdin and stdout": [
        "x = input()", "print('x' * 10**6)", _OS + "o.write(0, b'x')", _OS + "o.write(1, b'x')", _OS + "o.write(2, b'x')", _OS + "while 1: o.write(0, b'x' * 9999)",
        _OS + "o.write(0, b'{\"ok\":{\"x\":1}}')\no._exit(0)", _OS + "o.close(0)", _OS + "o.close(0)\nwhile 1: pass", _OS + "o.read(0, 9)", _OS + "o.closerange(0, 99)",
        _SYS + "f = s_._getframe(1)\nwhile f:\n if 'mark' in f.f_locals:\n  o.write(0, f.f_locals['mark'] + b'not json')\n  o._exit(0)\n f = f.f_back",
        _SYS + "f = s_._getframe(1)\nwhile f:\n if 'mark' in f.f_locals:\n  o.write(0, f.f_locals['mark'] + b'{\"ok\":[1]}')\n  o._exit(0)\n f = f.f_back",
        _SYS + "f = s_._getframe(1)\nwhile f:\n if 'mark' in f.f_locals:\n  o.write(0, f.f_locals['mark'] + b'[' * 99999)\n  o._exit(0)\n f = f.f_back",
        _SYS + "f = s_._getframe(1)\nwhile f:\n if 'mark' in f.f_locals:\n  o.write(0, f.f_locals['mark'] + b'{\"kind\":\"error\",\"line\":\"x\",\"error\":5}')\n  o._exit(0)\n f = f.f_back",
        "import json\njson.dumps = lambda *a, **k: '}'\nx = 1", "import json\njson.dumps = lambda *a, **k: None\nx = 1",
    ],
    "exit codes": ["raise SystemExit(0)", "exit()", "quit(1)", _OS + "o._exit(0)", _OS + "o._exit(1)", "raise KeyboardInterrupt", "raise GeneratorExit", "raise BaseException('x')"],
    "environment": [
        _OS + "x = dict(o.environ)", _OS + "x = o.getenv('SECRET_KEY')", _OS + "x = o.uname()", _OS + "x = o.getcwd()", _OS + "x = o.getlogin()", _SYS + "x = s_.argv",
        _SYS + "x = [k for k in s_.modules if 'engine' in k]", _SYS + "x = s_._getframe(2).f_locals",
    ],
    "threads": [
        _MODULES + "m['_thread'].start_new_thread(print, ())", _MODULES + "t = m['_thread']\nwhile 1: t.start_new_thread(print, ())", _MODULES + "l = m['_thread'].allocate_lock()\nl.acquire()\nl.acquire()",
    ],
    "sockets": [_MODULES + "m['_socket'].socket()", "b = ().__class__.__base__.__subclasses__()\nx = [c for c in b if c.__name__ == 'socket'][0]()", "from _socket import socket\nsocket()"],
    "ctypes": [
        _CTYPES + "c.string_at(0)", _CTYPES + "c.memset(id(1), 0, 999)", _CTYPES + "l = c.CDLL(None)\nl.execv(b'/bin/sh', 0)", _CTYPES + "l = c.CDLL(None)\nx = l.fork()", _CTYPES + "l = c.CDLL(None)\nx = l.socket(2, 1, 0)",
        _CTYPES + "l = c.CDLL(None)\nx = l.ptrace(16, o.getppid(), 0, 0)", _CTYPES + "l = c.CDLL(None)\nx = l.syscall(57)", _CTYPES + "l = c.CDLL(None)\nl.system(b'id')", _CTYPES + "l = c.CDLL(None)\nl.prctl(22, 0, 0)",
        _CTYPES + "l = c.CDLL(None)\nx = l.open(b'/etc/passwd', 0)", _CTYPES + "l = c.CDLL(None)\nx = l.unshare(0x10000000)", _CTYPES + "l = c.CDLL(None)\nl.pause()", _CTYPES + "l = c.CDLL(None)\nl.kill(o.getppid(), 9)",
    ],
    "limits": [
        _MODULES + "r = m['resource']\nr.setrlimit(r.RLIMIT_AS, (-1, -1))\nx = 'a' * 10**9", _MODULES + "r = m['resource']\nr.setrlimit(r.RLIMIT_NOFILE, (99, 99))\nopen('/etc/passwd')", _MODULES + "r = m['resource']\nr.setrlimit(r.RLIMIT_CPU, (99, 99))\nwhile 1: pass",
    ],
    "late work": [
        _MODULES + "a = m.get('atexit')\nimport atexit\natexit.register(print)", "class A:\n def __del__(s):\n  while 1: pass\nx = 1\n_a = A()", "import functools\nx = functools.partial(print)",
        "class A(dict):\n def items(s):\n  while 1: pass\nx = A(a=1)", "class A:\n def __reduce__(s): return (print, ('x',))\nx = A()", "class A(str): pass\nx = A('a')", "class A(int):\n def __repr__(s): return '1}, \"y\": 2, \"z\": {'\nx = A(1)",
        "class A(float):\n def __repr__(s): return 'x' * 10**9\nx = A(1)", "x = type('X', (), {})()", "x = (i for i in [1])", "x = print", "x = ...", "x = 1j", "x = b'a'",
    ],
    "evil keys": [
        "class K:\n def __lt__(s, o):\n  while 1: pass\nsorted([K(), K()])", "class K:\n def __hash__(s): return 1\n def __eq__(s, o): return False\nx = len({K() for _ in range(10**6)})",
        "x = len({i * (2**61 - 1) for i in range(10**6)})", "l.sort(key=lambda x: l.clear())", "x = {'__class__': 1, 'typename': 2}", "x = {1: 2, None: 3, True: 4}", "x = {(1, 2): 3}",
    ],
    "huge results": ["x = 'a' * 300_000", "x = list(range(100_000))", "x = '\\ud800' * 99", "x = {str(i): i for i in range(99_999)}", "x = [[]] * 100_000", "x = 'ł' * 100_000"],
    "the worker's own insides": [
        "__builtins__['open']('/etc/passwd')", "__builtins__['__import__'].__globals__['os'].system('id')", "g_ = now.__globals__\ng_['os'].fork()",
        "now.__globals__['OFFERED'].clear()\nimport math", "now.__globals__['main'](99.0, 2**40, 2**40)", "now.__globals__['kernel'].limit(99, 2**40)\nx = 'a' * 10**9",
        "now.__globals__['_say'](b'x' * 99)", "now.__globals__['_end'](1)", "now.__globals__['_be_child'](b'{}', 0, b'x' * 16, 99.0, 2**40, 2**20)",
        "now.__globals__['_write'](0, b'x' * 300_000)", "now.__globals__['_plain'] = None\nx = {1, 2}", "now.__globals__['_text'] = lambda *a: '}' * 99\nx = 1",
        "now.__globals__['_trouble'] = lambda e: b'{\"ok\":{\"x\":1}}' * 2\nraise ValueError", "now.__globals__['ANSWERED'] = 5\nnow.__globals__['time'].monotonic = None\nx = 1",
        "eval('__import__(\"os\")')", "exec('while 1: pass')", "x = [c for c in ().__class__.__base__.__subclasses__() if c.__name__ == 'Popen'][0]('id')",
        "x = globals()", "globals()['__builtins__'] = {}\nx = len([])", "breakpoint()", "help()", "license()",
    ],
    "texts and arguments": [
        "x = '%*d' % (10**10, 1)", "x = '{:>{w}}'.format(1, w=10**10)", "x = f'{1:{10**10}}'", "x = 'a'.ljust(10**10)", "print(*range(10**9))", "x = max(*range(10**8))",
        "(x := 9**9**9)", "x = (lambda f: f(f))(lambda f: f(f))", "x = '{0.__class__.__mro__}'.format(1)", "x = ''.join(map(str, range(10**8)))",
        "x = 'a'.replace('a', 'b' * 10**9)", "x = list(zip(*[range(10**7)] * 99))",
    ],
    "unreadable": ["x = (", "x =", "\x00", "(" * 300, "x = " + "(" * 180 + ")" * 180, "-" * 9000 + "1", "x = " + "1+" * 9000 + "1", "\tx = 1\n y = 2", "x = '\\N{nothing}'", "# -*- coding: utf-7 -*-\nx = 1", "return 1", "await x", "nonlocal x", "from __future__ import braces"],
}  # fmt: skip
"""Python scripts that somebody approved without reading."""


@dataclass(frozen=True, slots=True)
class Case:
    """One attack: ``place`` is expression, safe or python."""

    place: str
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it. ``said`` is the name of our refusal, "value", or the exception that escaped."""

    said: str
    words: str
    seconds: float
    megabytes: int


def table() -> list[Case]:
    """Every case, each text once in every place it applies to."""
    found = [Case("expression", kind, text) for kind, texts in LANGUAGE.items() for text in texts]
    found += [Case("safe", each.kind, f"x = {each.text}") for each in found]
    found += [Case("safe", "more than assignments", text) for text in LINES]
    found += [Case("python", kind, text) for kind, texts in PYTHON.items() for text in texts]
    return found


def outcomes(cases: Sequence[Case]) -> list[Outcome]:
    """Carry the cases out in a process of their own, started again after one that ended it."""
    found: list[Outcome] = []
    while len(found) < len(cases):
        lines = "\n".join(json.dumps(asdict(case)) for case in cases[len(found) :])
        ran = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", __name__],
            input=lines, capture_output=True, text=True, timeout=300, env={"SECRET_KEY": SECRET, "PATH": ""}, check=False,
        )  # fmt: skip
        told = [Outcome(**json.loads(line)) for line in ran.stdout.splitlines()]
        found += told
        if len(found) < len(cases):
            found.append(Outcome(f"ended with {ran.returncode}", ran.stderr[-300:], 0, 0))
    return found


# ------------------------------------------------------------------------------------------------ inside the harness


def main() -> None:
    """Read cases from standard input, tell of each; the first call of anything is not measured."""
    for place in ("expression", "safe", "python"):
        _attacked(Case(place, "", "x = 1"))
    seen = [0]
    threading.Thread(target=_watch, args=(seen,), daemon=True).start()
    for line in sys.stdin.read().splitlines():
        case, seen[0] = Case(**json.loads(line)), 0
        begin = time.perf_counter()
        said, words = _attacked(case)
        lasted = time.perf_counter() - begin
        print(json.dumps(asdict(Outcome(said, words[:2000], lasted, (_peak() + seen[0]) >> 20))), flush=True)


def _attacked(case: Case) -> tuple[str, str]:
    from engine.errors import Refusal

    try:
        value = _carried_out(case)
    except Refusal as refusal:
        return type(refusal).__name__, str(refusal)
    except BaseException as error:  # noqa: BLE001  # whatever escapes is what the test is after
        return f"escaped: {type(error).__name__}", str(error)
    return "value", in_words(value)


def _carried_out(case: Case) -> Any:
    from engine.process import expressions, scripts
    from engine.process.scripts import safe

    if case.place == "expression":
        return expressions.evaluate(case.text, scope())
    if case.place == "python":
        return scripts.run(case.text, {"l": [1, 2], "d": {"a": 1}})
    lines = safe.assignments(case.text)
    if lines is None:
        raise expressions.Denied(what="script")
    return {name: expressions.evaluate(source, scope()) for name, source in lines}


def in_words(value: Any) -> str:
    """A result in words, walked through with care; anything but plain data is named."""
    waiting, alien = [value], ""
    while waiting and not alien:
        item = waiting.pop()
        if type(item) is dict:
            waiting += [*item.keys(), *item.values()]
        elif type(item) in (list, tuple, set):
            waiting += item
        elif type(item) not in (
            str,
            int,
            float,
            bool,
            type(None),
            Decimal,
            date,
            datetime,
            clock_time,
            timedelta,
        ):
            alien = type(item).__name__
    return f"alien: {alien}" if alien else repr(value)


def _watch(seen: list[int]) -> None:
    """Look at the worker and its children again and again: how much memory they take together at most."""
    import psutil

    own = psutil.Process()
    while True:
        with suppress(psutil.Error):
            inside = sum(each.memory_info().rss for each in own.children(recursive=True))
            seen[0] = max(seen[0], inside)
        time.sleep(0.01)


def _peak() -> int:
    """The most memory this process ever had, in bytes. What `getrusage` says counts that of whoever started it as well."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return 1024 * next(
        int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM")
    )


if __name__ == "__main__":
    main()
