#!/usr/bin/env python3
"""The include graph: who may include whom, where third-party headers may appear, and that modules form no knot.

A module is foo.c with foo.h; the knot is the largest strongly connected component of the modules' include graph.
"""
import pathlib
import re
import sys

MAY_INCLUDE = {
    "base": set(),
    "cgroups": {"base"},
    "namespaces": {"base"},
    "net": {"base"},
    "sandbox": {"base"},
    "image": {"base"},
    "runtime": {"base", "cgroups", "namespaces", "net", "sandbox"},
    "cli": {"base", "image", "runtime"},
}
THIRD_PARTY = {  # header -> the only files that may include it
    r"yajl/": r"base/json\w*\.c",
    r"sys/capability\.h": r"namespaces/caps\.c",
    r"seccomp\.h": r"namespaces/seccomp\w*\.c",
    r"libmnl/": r"net/netlink\.c",
    r"libnftnl/": r"net/nft\w*\.c",
    r"systemd/": r"cgroups/systemd\w*\.c",
}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)
count, failures = 0, 0


def report(name, problems):
    global count, failures
    count += 1
    failures += bool(problems)
    print(f"{'not ok' if problems else 'ok'} {count} - {name}")
    for problem in problems:
        print(f"# {problem}")


def third_party(path, header):
    for pattern, allowed in THIRD_PARTY.items():
        if re.match(pattern, header) and not re.fullmatch(allowed, str(path)):
            yield f"{path}: only {allowed} may include <{header}>"


def check_file(path, graph):
    """Yields what is wrong with the includes of one file, and adds them to the graph."""
    folder = path.parts[0]
    for kind, header in INCLUDE.findall(path.read_text()):
        if kind == "<":
            yield from third_party(path, header)
            continue
        target = pathlib.Path(header) if "/" in header else path.parent / header
        if not target.is_file():
            if pathlib.Path(f"{target}.in").is_file():  # made by the build
                continue
            yield f"{path}: there is no {target}"
        elif target.parts[0] != folder and target.parts[0] not in MAY_INCLUDE[folder]:
            yield f"{path}: {folder} may not include {target}"
        graph.setdefault(path.with_suffix(""), set()).add(target.with_suffix(""))


def knots(graph):
    """Strongly connected components of more than one module: two modules that reach each other."""
    def reach(start):
        seen, todo = set(), [start]
        while todo:
            for neighbour in graph.get(todo.pop(), ()):
                if neighbour not in seen:
                    seen.add(neighbour)
                    todo.append(neighbour)
        return seen
    reached = {module: reach(module) - {module} for module in graph}
    return {tuple(sorted({str(m)} | {str(o) for o in reached[m] if m in reached.get(o, ())})) for m in graph}


graph = {}
for folder in MAY_INCLUDE:
    for path in sorted(pathlib.Path(folder).glob("**/*.[ch]")):
        report(f"includes of {path}", list(check_file(path, graph)))
report("no include knot", ["knot: " + " ".join(k) for k in sorted(knots(graph)) if len(k) > 1])
print(f"1..{count}")
sys.exit(failures > 0)
