"""Tar archives byte by byte, right and wrong ones: what a library would not write."""
import gzip
import subprocess

BLOCK = 512


def pad(data):
    return data + bytes(-len(data) % BLOCK)


def octal(value, size):
    """A number, or the bytes of the field as they are."""
    return value if isinstance(value, bytes) else b"%0*o\0" % (size - 1, value)


def base256(value, size):
    data = bytearray((value % (1 << 8 * size)).to_bytes(size, "big"))
    data[0] |= 0x80
    return bytes(data)


def header(name, kind=b"0", size=0, link=b"", mode=0o644, uid=0, gid=0, mtime=1000000000, device=(0, 0), gnu=False,
           tail=b""):
    """Numbers may be the bytes of their field; tail: what stands where POSIX has the prefix."""
    block = (name[:100].ljust(100, b"\0") + octal(mode, 8) + octal(uid, 8) + octal(gid, 8) + octal(size, 12) +
             octal(mtime, 12) + b" " * 8 + kind + link[:100].ljust(100, b"\0") +
             (b"ustar  \0" if gnu else b"ustar\0" b"00") + bytes(64) + octal(device[0], 8) + octal(device[1], 8) +
             tail).ljust(BLOCK, b"\0")
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]


def records(items):
    out = b""
    for key, value in items:
        body = b" " + key + b"=" + value + b"\n"
        length = len(body) + 1
        while len(str(length)) + len(body) != length:
            length += 1
        out += str(length).encode() + body
    return out


def extended(data, kind=b"x"):
    return header(b"PaxHeaders/x", kind, len(data)) + pad(data)


def pax(*items, kind=b"x"):
    return extended(records(items), kind)


def long_name(name, kind=b"L"):
    return header(b"././@LongLink", kind, len(name) + 1, gnu=True) + pad(name + b"\0")


def file(name, data=b"data\n", **fields):
    extra = pax((b"path", name)) if len(name) > 100 else b""
    return extra + header(name, b"0", len(data), **fields) + pad(data)


def directory(name, mode=0o755, **fields):
    return header(name, b"5", mode=mode, **fields)


def symlink(name, link):
    extra = pax((b"linkpath", link)) if len(link) > 100 else b""
    return extra + header(name, b"2", link=link, mode=0o777)


def hardlink(name, link):
    extra = pax((b"linkpath", link)) if len(link) > 100 else b""
    return extra + header(name, b"1", link=link)


def device(name, kind, major, minor):
    return header(name, kind, device=(major, minor), mode=0o600)


def whiteout(name):
    return file(name, b"", mode=0)


def archive(*entries):
    return b"".join(entries) + bytes(2 * BLOCK)


def gzipped(data, level=1):
    return gzip.compress(data, level, mtime=0)


def zstd(data, *options):
    return subprocess.run(["zstd", "-q", "-c", *options], input=data, stdout=subprocess.PIPE, check=True).stdout
