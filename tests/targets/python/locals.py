# SPDX-License-Identifier: MIT
"""Threads and tasks that wait in functions with variables of every kind. Writes to the file that is its argument
what each variable should be shown as, by its own means: FILE has one JSON object, from the name of a thread or task
to [function, variable, text] of its own functions, innermost first. With "busy" a thread changes its own all the
time, and at any moment both numbers of a pair are equal."""
import asyncio, collections, datetime, enum, functools, json, os, sys, threading

if len(sys.argv) < 2:
    sys.exit("usage: locals.py FILE [busy]")
done = threading.Event()
HERE = __file__
LONG = "abc" * 100
ITEMS, ITEMS_IN, TEXT, TEXT_IN, ATTRIBUTES = 8, 3, 128, 48, 6


class Colour(enum.Enum):
    RED = 1


class Order:
    def __init__(self):
        self.number = 17
        self.customer = "Müller & Söhne"
        self.lines = ["a", "b", "c", "d"]
        self.price = 9.5
        self.parent = Slotted()
        self.colour = Colour.RED

    def close(self):
        pass


class Slotted:
    __slots__ = ("x",)


class Wide:
    def __init__(self):
        for number in range(9):
            setattr(self, f"a{number}", number)


class Several(dict):
    pass


Point = collections.namedtuple("Point", "x y")


def quoted(text, most):
    shown = text
    while len(shown.encode()) > most:
        shown = shown[:-1]
    more = len(text) - len(shown)
    return repr(shown) + (f"...+{more} more" if more else "")


def several(items, length, depth, show_one):
    most = ITEMS if depth == 0 else ITEMS_IN
    parts = [show_one(item) for item in list(items)[:most]]
    if length > len(parts):
        parts.append(f"...+{length - len(parts)} more")
    return ", ".join(parts)


def collection(value, depth):
    name = type(value).__name__
    if depth >= 2 and len(value):
        return f"<{name} of {len(value)}>"
    if isinstance(value, dict):
        inside = several(value.items(), len(value), depth, lambda kv: f"{show(kv[0], depth + 1)}: {show(kv[1], depth + 1)}")
        return ("" if name == "dict" else name) + "{" + inside + "}"
    inside = several(value, len(value), depth, lambda item: show(item, depth + 1))
    if isinstance(value, tuple):
        return ("" if name == "tuple" else name) + "(" + inside + ("," if len(value) == 1 else "") + ")"
    if name == "deque":
        return f"deque([{inside}])"
    if name == "set":
        return "{" + inside + "}" if value else "set()"
    if name == "frozenset":
        return "frozenset({" + inside + "})" if value else "frozenset()"
    return "[" + inside + "]"


def show(value, depth=0):
    name = type(value).__name__
    if value is None or isinstance(value, (bool, float)):
        return repr(value)
    if isinstance(value, enum.Enum):
        return str(value)
    if isinstance(value, int):
        return repr(value) if abs(value) < 1 << 60 else f"<int of up to {-(-value.bit_length() // 30) * 30} bits>"
    if isinstance(value, str):
        return quoted(value.replace("secret", "xxxxx"), TEXT if depth == 0 else TEXT_IN)
    if isinstance(value, bytes):
        return repr(value)
    if isinstance(value, (list, tuple, dict, set, frozenset, collections.deque)):
        return collection(value, depth)
    if isinstance(value, BaseException):
        return f"{name}({', '.join(show(a, depth + 1) for a in value.args)})"
    if isinstance(value, type):
        return f"<class {value.__name__}>"
    if name == "builtin_function_or_method":
        return f"<built-in {value.__name__}>"
    if name in ("function", "method"):
        function = value.__qualname__ if sys.version_info >= (3, 11) else value.__name__
        return f"<{name} {function}>"
    if name == "coroutine":
        function = value.__qualname__ if sys.version_info >= (3, 11) else value.__name__
        return f"<coroutine {function}>"
    if name == "module":
        return f"<module {value.__name__}>"
    if name == "lock":
        return f"<lock {hex(id(value))}, {'held' if value.locked() else 'free'}>"
    if isinstance(value, datetime.datetime):
        return f"<datetime {value.replace(tzinfo=None)}>"
    if isinstance(value, datetime.date):
        return f"<date {value}>"
    if isinstance(value, datetime.timedelta):
        return f"<timedelta {value.days} days, {value.seconds}.{value.microseconds:06} s>"
    attributes = vars(value) if depth == 0 and hasattr(value, "__dict__") else {}
    if not attributes:
        return f"<{name}>"
    shown = [f"{key}={show(item, 1)}" for key, item in list(attributes.items())[:ATTRIBUTES]]
    if len(attributes) > ATTRIBUTES:
        shown.append(f"...+{len(attributes) - ATTRIBUTES} more")
    return f"{name}({', '.join(shown)})"


def numbers(first=1, *, second=-2):
    zero, big, huge, small = 0, 1 << 40, 1 << 200, -(1 << 35)
    half, third, many, tiny, inf, whole = 0.5, 1 / 3, 1e22, 1.5e-7, float("-inf"), 100000.0
    yes, no, nothing = True, False, None
    if first > 1:
        never = 1
    done.wait()


def texts(url="https://user:secret@host.example/a?b=c", *rest, **more):
    empty, long, quote, both, lines = "", LONG, "it's", "it's \"both\"", "a\nb\tc\\"
    wide, wider, data, odd = "žluťoučký kůň", "\U0001f600 日本", b"GET / HTTP/1.1\r\n", b"\x00\xff'"
    cut = "é" * 100
    done.wait()


def collections_of():
    empty, one, pair, three = [], (1,), Point(1, "b"), [1, 2, 3]
    many, deep, mapping = list(range(1000)), [[1, 2], [[3]], {"a": [1]}], {"id": 5, "name": "x", 7: None}
    members, none, frozen, other = {4, 5}, set(), frozenset({1}), Several(a=1)
    waiting, default = collections.deque(range(100)), collections.defaultdict(list, k=[1])
    circle = []
    circle.append(circle)
    done.wait()


def objects():
    order, error, wrong, colour = Order(), ValueError("no such file", 2), KeyError("k"), Colour.RED
    kind, call, method, builtin, module = Order, numbers, Order().close, len, os
    lock, slotted, wide = threading.Lock(), Slotted(), Wide()
    lock.acquire()
    at, day, span = datetime.datetime(2026, 11, 30, 12, 0, 1, 500), datetime.date(1999, 1, 2), datetime.timedelta(1, 2, 3)
    done.wait()


def closure():
    shared, argument = ["cell"], 5

    def inner(own):
        done.wait()
        return shared, argument, own

    def outer(argument):
        inside = lambda: argument
        inner(1.25)
        return inside

    outer("in a cell")


async def child(number, event):
    name = f"child {number}"
    await event.wait()
    return name


async def parent(number):
    event, doubled = asyncio.Event(), number * 2
    return await child(number, event), doubled


def busy():
    number = 1000
    while True:
        number += 1
        pair = (number, number)
        listed = [pair, {"pair": pair}]


def frames_of_thread(thread):
    frame = sys._current_frames()[thread.ident]
    while frame:
        yield frame
        frame = frame.f_back


def frames_of_task(coroutine):
    frames = []
    while hasattr(coroutine, "cr_frame"):
        frames.insert(0, coroutine.cr_frame)
        coroutine = coroutine.cr_await
    return frames


def tell(frames):
    """What is to be shown of them."""
    out = []
    for frame in frames:
        code = frame.f_code
        if code.co_filename != HERE or code.co_name == "<module>":
            continue
        values = dict(frame.f_locals)
        names = list(code.co_varnames) + [n for n in code.co_cellvars if n not in code.co_varnames] + list(code.co_freevars)
        function = getattr(code, "co_qualname", code.co_name)
        out += [[function, name, show(values[name])] for name in names if name in values]
    return out


async def main():
    threads = [threading.Thread(target=f, name=f.__name__, daemon=True)
               for f in (numbers, texts, collections_of, objects, closure)]
    for thread in threads:
        thread.start()
    tasks = [asyncio.create_task(parent(n), name=f"task-{n}") for n in range(3)]
    await asyncio.sleep(0.5)
    told = {thread.name: tell(frames_of_thread(thread)) for thread in threads}
    told.update((task.get_name(), tell(frames_of_task(task.get_coro()))) for task in tasks)
    with open(sys.argv[1], "w") as file:
        json.dump(told, file)
    if "busy" in sys.argv:
        threading.Thread(target=busy, name="busy", daemon=True).start()
    print("ready", flush=True)
    await asyncio.sleep(3600)


asyncio.run(main())
