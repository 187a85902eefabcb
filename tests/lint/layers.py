#!/usr/bin/env python3
"""The include graph: who may include whom, where third-party headers may appear, and that modules form no knot.

A module is foo.c with foo.h, and with each foo_part.h (and .c) that only files of the name foo or foo_* include: its
private headers. A knot is a strongly connected component of more than one module in the include graph.
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
    r"libmnl/": r"net/netlink\w*\.c",
    r"libnftnl/": r"net/nft_message\.c",
    r"openssl/": r"image/hash\.c",
    r"curl/": r"image/http\w*\.c",
    r"(zlib|zstd)": r"image/decompress\w*\.c",
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


def check_file(path, includes):
    """Yields what is wrong with the includes of one file, and adds them to the list of (file, header)."""
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
        includes.append((path.with_suffix(""), target.with_suffix("")))


def owner(part, includes):
    """foo for the private header foo_part; else itself."""
    root = part.with_name(part.name.split("_")[0])
    users = {user for user, header in includes if header == part and user != part}
    private = users and all(u == root or (u.parent == root.parent and u.name.startswith(f"{root.name}_")) for u in users)
    return root if private and root.with_suffix(".h").is_file() else part


def module_graph(includes):
    graph = {}
    for user, header in includes:
        graph.setdefault(owner(user, includes), set()).add(owner(header, includes))
    return graph


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


includes = []
for folder in MAY_INCLUDE:
    for path in sorted(pathlib.Path(folder).glob("**/*.[ch]")):
        report(f"includes of {path}", list(check_file(path, includes)))
report("no include knot", ["knot: " + " ".join(k) for k in sorted(knots(module_graph(includes))) if len(k) > 1])
print(f"1..{count}")
sys.exit(failures > 0)
