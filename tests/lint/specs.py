#!/usr/bin/env python3
"""The tables of specs/*.md do not rot: each file, function and test that they name exists.

Column code: FILE or FILE: FUNCTION, FUNCTION...; column test: FILE: NAME or FILE: START OF A NAME...; "-": none. <br>
is between the entries of a cell. Files in backticks, with their folder, are checked everywhere.
"""
import pathlib
import re
import sys

TESTS = {}  # a file's name -> the files of that name: two folders may each have a test_config.c
for pattern in ("cli/*.bats", "engines/*.bats", "image/*.bats", "net/*.bats", "unit/*/*.[ch]"):
    for test in pathlib.Path("tests").glob(pattern):
        TESTS.setdefault(test.name, []).append(test)
PATH = re.compile(r"`((?:base|cgroups|namespaces|image|runtime|cli|specs|tests)/[\w.*/-]+\.\w+)`")


def check_code(entry):
    file, _, names = entry.partition(": ")
    if not pathlib.Path(file).is_file():
        return [f"there is no file {file}"]
    text = pathlib.Path(file).read_text()
    return [f"{file} has no {name}" for name in names.split(", ") if not re.search(rf"\b{re.escape(name)}\b", text)]


def check_test(entry):
    file, _, name = entry.partition(": ")
    if file not in TESTS:
        return [f"there is no test file {file}"]
    pattern = r'^@test "(.*)" \{$' if file.endswith(".bats") else r"TEST\((\w+)\)"
    names = [found.replace('\\"', '"') for test in TESTS[file] for found in re.findall(pattern, test.read_text(), re.M)]
    start = name.removesuffix("...")
    known = any(found == name or (start != name and found.startswith(start)) for found in names)
    return [] if known else [f'{file} has no test "{name}"']


CHECKS = {"code": check_code, "test": check_test}


def check(text):
    columns = []
    for number, line in enumerate(text.split("\n"), 1):
        cells = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        yield from ((number, f"there is no file {path}") for path in PATH.findall(line)
                    if not list(pathlib.Path().glob(path)))
        columns = (columns or cells) if cells else []
        if len(cells) != len(columns):
            yield number, f"{len(cells)} cells, {len(columns)} columns"
        for column, cell in zip(columns if cells != columns else (), cells):
            for entry in cell.split("<br>") if column in CHECKS and cell.strip("-") else ():
                yield from ((number, problem) for problem in CHECKS[column](entry))


failed, paths = 0, sorted(pathlib.Path("specs").glob("*.md"))
for index, path in enumerate(paths, 1):
    problems = list(check(path.read_text()))
    failed += bool(problems)
    print(f"{'not ok' if problems else 'ok'} {index} - {path}", *(f"# {path}:{n}: {p}" for n, p in problems), sep="\n")
print(f"1..{len(paths)}")
sys.exit(failed > 0)
