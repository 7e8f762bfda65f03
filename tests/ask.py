# SPDX-License-Identifier: MIT
"""Answers questions about JSON that the client has printed, for tests that are shell scripts.

Usage: ask.py FILE QUESTION…

The exit status is 0 if every answer is yes. Otherwise ask.py prints the question and the values that
it found. A row is one of the tasks. The questions are:

  row A… has B…         the first row that meets all of A also meets all of B
  row A…                some row meets all of A
  no A…                 no row meets all of A
  every A… has B…       each row that meets all of A also meets all of B; A may be empty
  count A… = N          N rows meet all of A; also != < <= > >=; without them, prints the number
  values F A… = V…      the field F of the rows that meet A has these values, in this order;
                        "^=": it begins with them
  sorted F A… = V…      the same in alphabetical order
  set F A… = V…         the same without order and repetition; ">=": at least these values
  distinct F A… = N     the rows that meet A have N different values of F
  has B…                the whole object meets all of B
  value F A…            prints the field F of the first row that meets A; without A, of the object
  list F A…             prints the field F of all rows that meet A
  in F Q                asks Q of other rows, the values of the field F: in tasks.*.stack.* row …
  in F of A… : Q        the same, for the field F of the tasks that meet A: in stack.* of id=g1 : row …
  Q and Q               both

A and B are conditions, F is a field, and V is a value:

  F                     is not null, false, 0 or empty
  F=V F!=V F<V F<=V F>V F>=V
  F*=V F^=V F$=V F~=V   contains V, begins with V, ends with V, matches the regular expression V
  F=@G F>@G …           the same with the value of another field
  !…                    the opposite of a condition

A field is a path, such as waits_on.text, stack.0.function, stack.-1.line or created_by.:2.line.
An asterisk stands for each element; a condition is met if one of them meets it. "#" is the
length of a list or of a text, "." the row itself. A name that an object does not have is an
error in the question, unless the name ends with "?": then its value is null. A field of
null, or past the end of a list, is null. Words are split and quoted as in a shell."""
import json
import re
import shlex
import sys

COMPARE = {
    "=": lambda have, want: have == want,
    "!=": lambda have, want: have != want,
    "<": lambda have, want: have < want,
    "<=": lambda have, want: have <= want,
    ">": lambda have, want: have > want,
    ">=": lambda have, want: have >= want,
}
IN_TEXT = {
    "*=": lambda have, want: want in have,
    "^=": lambda have, want: have.startswith(want),
    "$=": lambda have, want: have.endswith(want),
    "~=": lambda have, want: re.fullmatch(want, have, re.DOTALL) is not None,
}
NAME = r"(?:[\w#:-]+\??|\*)"
CONDITION = re.compile(rf"(!?)({NAME}(?:\.{NAME})*|\.)(?:(!=|<=|>=|\*=|\^=|\$=|~=|=|<|>)(.*))?", re.DOTALL)


SHOWN = ("id", "name", "state", "waits_on", "age_ns", "stuck", "evidence")


class Mistake(Exception):
    """A question that cannot be answered."""


def text_of(value):
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def step(value, name):
    """The values that one part of a path selects."""
    if value is None:
        return [None]
    if name == "#":
        return [len(value)]
    if isinstance(value, list) and re.fullmatch(r"-?\d*:-?\d*", name):
        return value[slice(*(int(n) if n else None for n in name.split(":")))]
    if isinstance(value, list):
        if name == "*":
            return value
        if not re.fullmatch(r"-?\d+", name):
            raise Mistake(f"'{name}' is asked of a list: {text_of(value)[:200]}")
        at = int(name)
        return [value[at]] if -len(value) <= at < len(value) else [None]
    if not isinstance(value, dict):
        raise Mistake(f"'{name}' is asked of {text_of(value)[:200]}")
    if name == "*":
        return list(value.values())
    if name.endswith("?"):
        return [value.get(name[:-1])]
    if name not in value:
        raise Mistake(f"no field '{name}' among {', '.join(value)}")
    return [value[name]]


def fields(thing, path):
    values = [thing]
    for name in path.split(".") if path != "." else []:
        values = [found for value in values for found in step(value, name)]
    return values


def compares(have, op, want):
    if op in IN_TEXT:
        return have is not None and IN_TEXT[op](text_of(have), want) or \
            have is None and op == "~=" and re.fullmatch(want, "null") is not None
    if have is None or isinstance(have, bool):
        equal = text_of(have) == want
        return equal if op == "=" else not equal if op == "!=" else False
    if isinstance(have, (int, float)):
        try:
            return COMPARE[op](have, float(want))
        except ValueError:
            return op == "!="
    if isinstance(have, (list, dict)):
        if want[:1] in ("[", "{"):
            return COMPARE[op](have, json.loads(want))
        return COMPARE[op](",".join(map(text_of, have)), want)
    return COMPARE[op](have, want)


def meets(thing, condition):
    found = CONDITION.fullmatch(condition)
    if not found:
        raise Mistake(f"not a condition: {condition}")
    negated, path, op, want = found.groups()
    values = fields(thing, path)
    if op and re.fullmatch(rf"@{NAME}(\.{NAME})*", want):
        want = text_of(fields(thing, want[1:])[0])
    met = any(compares(v, op, want) if op else v for v in values)
    return met != bool(negated)


def all_met(thing, conditions):
    return all(meets(thing, c) for c in conditions)


def not_met(thing, conditions):
    """The values that a thing has instead, one line for each condition that it does not meet."""
    lines = []
    for condition in conditions:
        if not meets(thing, condition):
            path = CONDITION.fullmatch(condition).group(2)
            values = ", ".join(text_of(v)[:300] for v in fields(thing, path))
            lines.append(f"not {condition}: {path} is {values or 'empty'}")
    return lines


def short(row):
    if not isinstance(row, dict):
        return row
    return {k: row[k] for k in SHOWN if k in row}


def list_of(rows):
    return [f"{len(rows)} rows"] + [text_of(short(row) or row)[:500] for row in rows[:20]]


def split_at(words, mark):
    at = words.index(mark) if mark in words else len(words)
    return words[:at], words[at + 1:]


def comparison(words, operators):
    """The conditions, and the values after the operator that is a word of its own."""
    for at, word in enumerate(words):
        if word in operators:
            return words[:at], word, words[at + 1:]
    return words, None, []


def ask_row(rows, words):
    first, then = split_at(words, "has")
    found = [row for row in rows if all_met(row, first)]
    if not found:
        return [f"no row with {' '.join(first)}"] + list_of(rows)
    wrong = not_met(found[0], then)
    return wrong and wrong + [text_of(found[0])[:2000]]


def ask_no(rows, words):
    if not words:
        raise Mistake("'no' without a condition")
    found = [row for row in rows if all_met(row, words)]
    return found and ["there are"] + list_of(found)


def ask_every(rows, words):
    first, then = split_at(words, "has")
    if not then:
        raise Mistake("'every' without 'has'")
    wrong = [row for row in rows if all_met(row, first) and not all_met(row, then)]
    return wrong and [line for row in wrong[:5] for line in not_met(row, then)] + list_of(wrong)


def ask_count(rows, words):
    conditions, op, number = comparison(words, COMPARE)
    found = [row for row in rows if all_met(row, conditions)]
    if not op:
        print(len(found))
        return []
    if COMPARE[op](len(found), int(number[0])):
        return []
    return [f"{len(found)} do, of:"] + list_of(rows)


def ask_values(rows, words, order=list, operators=("=", "^=")):
    conditions, op, want = comparison(words[1:], operators)
    if not op:
        raise Mistake(f"nothing is compared with {' or '.join(operators)}")
    have = [text_of(v) for row in rows if all_met(row, conditions) for v in fields(row, words[0])]
    if op == "^=":
        op, have = "=", have[:len(want)]
    return not COMPARE[op](order(have), order(want)) and [f"they are {have}"]


def ask_sorted(rows, words):
    return ask_values(rows, words, sorted, ("=",))


def ask_set(rows, words):
    return ask_values(rows, words, set, ("=", ">="))


def ask_distinct(rows, words):
    conditions, op, number = comparison(words[1:], COMPARE)
    have = {text_of(v) for row in rows if all_met(row, conditions) for v in fields(row, words[0])}
    if not op:
        raise Mistake("a number of values is missing")
    return not COMPARE[op](len(have), int(number[0])) and [f"they are {sorted(have)}"] + list_of(rows)


def ask_list(rows, words):
    for row in rows:
        if all_met(row, words[1:]):
            print(*map(text_of, fields(row, words[0])), sep="\n")
    return []


def ask_value(rows, words):
    found = [row for row in rows if all_met(row, words[1:])]
    if not found:
        return [f"no row with {' '.join(words[1:])}"] + list_of(rows)
    for value in fields(found[0], words[0]):
        print(text_of(value))
    return []


QUESTIONS = {"row": ask_row, "no": ask_no, "every": ask_every, "count": ask_count, "value": ask_value,
             "list": ask_list, "distinct": ask_distinct, "values": ask_values, "sorted": ask_sorted,
             "set": ask_set}


def answer(whole, words):
    """Lines that say what is wrong; none if the answer is yes."""
    path, conditions = "tasks.*", []
    if words[0] == "in" and words[2:3] == ["of"]:
        path = words[1]
        conditions, words = split_at(words[3:], ":")
    elif words[0] == "in":
        path, words = words[1], words[2:]
    verb, words = words[0], words[1:]
    if verb == "has":
        return not_met(whole, words)
    if verb == "value" and not words[1:]:
        return ask_value([whole], words)
    if verb not in QUESTIONS:
        raise Mistake(f"'{verb}' is not one of {', '.join(QUESTIONS)}, has, in")
    if conditions:
        tasks = fields(whole, "tasks.*")
        rows = [value for task in tasks if all_met(task, conditions) for value in fields(task, path)]
    else:
        rows = fields(whole, path)
    return QUESTIONS[verb](rows, words)


def questions(texts):
    """The words of each question."""
    for text in texts:
        words = shlex.split(text)
        if not words:
            sys.exit("an empty question")
        while words:
            one, words = split_at(words, "and")
            yield one


def main():
    try:
        with open(sys.argv[1], encoding="utf-8") as file:
            whole = json.load(file)
    except (OSError, ValueError) as error:
        sys.exit(f"{sys.argv[1]}: {error}")
    failed = False
    for words in questions(sys.argv[2:]):
        try:
            wrong = answer(whole, words)
        except (Mistake, LookupError) as mistake:
            wrong = [f"cannot be answered: {mistake}"]
        if wrong:
            print(f"asked: {shlex.join(words)}", *wrong, sep="\n")
            failed = True
    sys.exit(failed)


main()
