#!/usr/bin/env python3
"""Sizes that keep the code readable: file, function, line and nesting limits, no goto, no #if inside a function.

A function is what stands between a brace in column 0 and the next closing one (clang-format sees to that). A nesting
level is a control statement inside another: its indentation tells.
"""
import pathlib
import re
import sys

FILE_LINES, FUNCTION_LINES, COLUMNS, NESTING, TAB = 600, 60, 120, 4, 8
FOLDERS = ["base", "cgroups", "namespaces", "net", "image", "sandbox", "runtime", "cli", "tests"]
TEXT = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
CONTROL = re.compile(r"(\t+)(?:} )?(?:if|else|for|while|switch|do)\b")


def without_text(source):
    """The source with comments and literals blanked, line for line."""
    return TEXT.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), source)


def check_line(number, raw, code, inside):
    if len(raw.expandtabs(TAB)) > COLUMNS:
        yield number, f"{len(raw.expandtabs(TAB))} columns, {COLUMNS} allowed"
    if re.search(r"\bgoto\b", code):
        yield number, "goto"
    if inside and re.match(r"\s*#\s*if", code):
        yield number, "#if inside a function"
    control = CONTROL.match(code)
    if inside and control and len(control.group(1)) > NESTING:
        yield number, f"nesting level {len(control.group(1))}, {NESTING} allowed"


def check(path):
    source = path.read_text()
    raw = source.split("\n")
    code = without_text(source).split("\n")
    begin = 0
    if len(raw) - 1 > FILE_LINES:
        yield 1, f"{len(raw) - 1} lines, {FILE_LINES} allowed"
    for number, line in enumerate(code, 1):
        if line.startswith("{"):
            begin = number
        yield from check_line(number, raw[number - 1], line, begin)
        if line.startswith("}"):
            if begin and number - begin + 1 > FUNCTION_LINES:
                yield begin, f"function of {number - begin + 1} lines, {FUNCTION_LINES} allowed"
            begin = 0


failed = 0
paths = [path for folder in FOLDERS for path in sorted(pathlib.Path(folder).glob("**/*.[ch]"))]
for index, path in enumerate(paths, 1):
    problems = list(check(path))
    failed += bool(problems)
    print(f"{'not ok' if problems else 'ok'} {index} - {path}")
    for number, text in problems:
        print(f"# {path}:{number}: {text}")
print(f"1..{len(paths)}")
sys.exit(failed > 0)
