#!/usr/bin/env python3
"""compare.py A B: are two trees the same, entry by entry? Kind, mode, owner, time, size, content, link target, device,
attributes, and which names are links to one file; not the time of the top directory. Prints each difference (at most 40) and exits 1 if there is one.

--no-times-of-dirs: where the other tool does not keep the times of directories. --ignore NAME: an attribute's name.
"""
import argparse
import hashlib
import os
import stat
import sys


def content(path, st):
    if stat.S_ISLNK(st.st_mode):
        return os.readlink(path)
    if stat.S_ISREG(st.st_mode):
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() if hasattr(hashlib, "file_digest") else \
                hashlib.sha256(file.read()).hexdigest()
    return st.st_rdev if stat.S_ISCHR(st.st_mode) or stat.S_ISBLK(st.st_mode) else None


def tree(root, options):
    entries, links = {}, {}
    root = os.fsencode(root)
    for folder, names, files in os.walk(root):
        for path in [folder] * (folder == root) + [os.path.join(folder, name) for name in names + files]:
            st, name = os.lstat(path), os.path.relpath(path, root)
            is_dir = stat.S_ISDIR(st.st_mode)
            xattrs = {key: os.getxattr(path, key, follow_symlinks=False) for key in
                      os.listxattr(path, follow_symlinks=False) if key not in options.ignore}
            if not is_dir and st.st_nlink > 1:
                links.setdefault(st.st_ino, set()).add(name)
            entries[name] = {"mode": oct(st.st_mode), "owner": (st.st_uid, st.st_gid),
                             "time": None if name == b"." or is_dir and options.no_times_of_dirs else st.st_mtime_ns,
                             "size": None if is_dir else st.st_size, "content": content(path, st), "xattrs": xattrs}
    for group in links.values():
        for name in group:
            entries[name]["links"] = sorted(group)
    return entries


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--no-times-of-dirs", action="store_true")
    parser.add_argument("--ignore", action="append", default=[])
    parser.add_argument("trees", nargs=2)
    options = parser.parse_args()
    a, b = (tree(root, options) for root in options.trees)
    differences = []
    for name in sorted(a.keys() | b.keys()):
        if name not in a or name not in b:
            differences.append(f"{name}: only in {options.trees[name not in a]}")
            continue
        differences += [f"{name}: {key}: {a[name].get(key)} and {b[name].get(key)}"
                        for key in sorted(a[name].keys() | b[name].keys()) if a[name].get(key) != b[name].get(key)]
    print(*differences[:40], sep="\n", end="\n" if differences else "")
    print(f"{len(a)} entries, {len(differences)} differences")
    sys.exit(bool(differences))


main()
