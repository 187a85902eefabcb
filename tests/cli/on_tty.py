#!/usr/bin/env python3
"""Runs a command on a terminal of its own: on_tty.py [STEP...] -- COMMAND...

    --size ROWSxCOLUMNS  sets the size, before the command starts when it is the first step, and from then on
    --expect TEXT        waits until the terminal has shown TEXT since the last step that waited
    --send TEXT          types TEXT (\\n, \\x04 ... as in Python)
    --signal NAME        sends it to the command, like TERM
    --echo               at the end says whether the terminal echoes: it was raw in between and must be as before

What the terminal shows goes to stdout. The status is the command's, 128 + signal; 99: something expected did not come.
"""
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time

TIMEOUT = 20


class Terminal:
    def __init__(self, command, size):
        self.seen = b""
        self.master, self.slave = pty.openpty()
        self.resize(size)
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self.master)
            self.login()
            os.execvp(command[0], command)

    def login(self):
        os.setsid()
        fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)
        for fd in range(3):
            os.dup2(self.slave, fd)

    def resize(self, size):
        rows, columns = (int(number) for number in size.split("x"))
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self, seconds):
        if not select.select([self.master], [], [], seconds)[0]:
            return False
        data = os.read(self.master, 4096)
        sys.stdout.buffer.write(data)
        sys.stdout.flush()
        self.seen += data
        return True

    def expect(self, text):
        end = time.monotonic() + TIMEOUT
        while text.encode() not in self.seen:
            alive = self.alive()
            if not self.read(0.2) and (not alive or time.monotonic() > end):
                self.kill(f"on_tty.py: no {text!r} came")
        self.seen = self.seen.split(text.encode(), 1)[1]

    def send(self, text):
        os.write(self.master, text.encode().decode("unicode_escape").encode("latin-1"))

    def alive(self):
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None

    def kill(self, why):
        os.kill(self.pid, signal.SIGKILL)
        print(why)
        sys.exit(99)

    def finish(self):
        end = time.monotonic() + TIMEOUT
        while self.alive():
            if time.monotonic() > end:
                self.kill("on_tty.py: the command did not end")
            self.read(0.05)
        while self.read(0):
            pass
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def main():
    words = sys.argv[1:]
    steps, command = words[: words.index("--")], words[words.index("--") + 1 :]
    size = "24x80"
    if steps[:1] == ["--size"]:
        size, steps = steps[1], steps[2:]
    terminal = Terminal(command, size)
    show_echo = False
    while steps:
        step = steps.pop(0)
        if step == "--echo":
            show_echo = True
            continue
        value = steps.pop(0)
        if step == "--size":
            terminal.resize(value)
        elif step == "--expect":
            terminal.expect(value)
        elif step == "--send":
            terminal.send(value)
        elif step == "--signal":
            os.kill(terminal.pid, signal.Signals["SIG" + value])
        else:
            sys.exit(f"on_tty.py: no such step: {step}")
    status = terminal.finish()
    if show_echo:
        print("echo", bool(termios.tcgetattr(terminal.slave)[3] & termios.ECHO))
    sys.exit(status if status >= 0 else 128 - status)


main()
