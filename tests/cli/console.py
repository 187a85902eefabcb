#!/usr/bin/env python3
"""The engine's side of --console-socket: console.py SOCKET [TEXT]

Listens on SOCKET, takes one connection with one file descriptor, says on the first line what came with it, types TEXT,
and then copies what the terminal shows to stdout until its other side is gone.
"""
import os
import socket
import sys


def receive(path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(path)
        listener.listen(1)
        listener.settimeout(20)
        connection, _ = listener.accept()
    with connection:
        name, fds, flags, _ = socket.recv_fds(connection, 256, 8)
        rest = connection.recv(1)
    if flags & (socket.MSG_CTRUNC | socket.MSG_TRUNC) or rest:
        sys.exit("console.py: more than one message came")
    return name.decode(), fds


def main():
    name, fds = receive(sys.argv[1])
    print(f"payload={name} fds={len(fds)} tty={all(os.isatty(fd) for fd in fds)}", flush=True)
    if len(sys.argv) > 2:
        os.write(fds[0], sys.argv[2].encode())
    try:
        while data := os.read(fds[0], 4096):
            sys.stdout.buffer.write(data)
            sys.stdout.flush()
    except OSError:
        pass  # EIO: nobody has the terminal open any more


main()
