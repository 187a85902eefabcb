#!/usr/bin/env python3
"""A registry's bad day: forwards HTTP to an upstream and does one wrong thing to requests that match a rule.

    faulty_proxy.py --port P [--upstream URL] [--log FILE] [--rule COUNT:METHOD:PATTERN:FAULT[:ARGUMENT]]...

A rule holds for the next COUNT requests (0: all) of METHOD ("*": any) whose path has the regular expression PATTERN in
it (no colon in there). Requests with an absolute address are taken as well: then this is somebody's proxy. The log has
one JSON object a request: what came, whether it had credentials, and what was done.

    cut:N        the answer ends after N bytes of its body
    cutup:N      the connection ends after N bytes of the request's body
    status:C:R   status C, with Retry-After R if that is given
    answer:TEXT  status 200 with this body
    challenge:T  status 401 with this WWW-Authenticate ("%3A" is a colon)
    corrupt      the first byte of the body is another one
    lie          Docker-Content-Digest is a wrong one
    slow:S       waits S seconds first
    stall:N      N bytes of the body, then nothing more
    norange      Range is ignored
    wrongrange   the answer to a Range begins at another byte
    endless      a body without end
    headers      headers without end
    short        says the body is half as long as it is
    redirect:URL 307 to URL and the path
    garbage      no HTTP
"""
import argparse
import http.client
import http.server
import json
import re
import threading
import time
import urllib.parse

HOP_BY_HOP = {"connection", "keep-alive", "proxy-connection", "transfer-encoding", "te", "upgrade", "expect"}
PIECE = 64 * 1024


class Rule:
    def __init__(self, text):
        count, self.method, self.pattern, rest = text.split(":", 3)
        self.left = int(count) or -1
        self.fault, _, self.argument = rest.partition(":")

    def matches(self, method, path):
        if self.left == 0 or self.method not in ("*", method) or not re.search(self.pattern, path):
            return False
        self.left -= self.left > 0
        return True


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def write_log(self, fault):
        entry = {
            "method": self.command, "path": self.path, "host": self.headers["Host"], "fault": fault,
            "range": self.headers["Range"], "content_range": self.headers["Content-Range"],
            "authorization": (self.headers["Authorization"] or "").split(" ")[0], "agent": self.headers["User-Agent"],
            "cookie": self.headers["Cookie"],
        }
        if self.server.options.log:
            with self.server.lock, open(self.server.options.log, "a", encoding="utf-8") as log:
                log.write(json.dumps(entry) + "\n")

    def read_body(self, limit=None):
        length = int(self.headers["Content-Length"] or 0)
        return self.rfile.read(length if limit is None else min(limit, length))

    def handle_any(self):
        path = urllib.parse.urlsplit(self.path)
        self.path = path.path + ("?" + path.query if path.query else "")
        with self.server.lock:
            rule = next((r for r in self.server.rules if r.matches(self.command, self.path)), None)
        self.write_log(rule.fault if rule else "")
        getattr(self, f"fault_{rule.fault}")(rule.argument) if rule else self.forward()

    do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = handle_any

    # ---- answers ----

    def reply(self, status, headers=(), body=b"", length=None):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def ask_upstream(self, drop=()):
        upstream = urllib.parse.urlsplit(self.server.options.upstream)
        connection = http.client.HTTPConnection(upstream.hostname, upstream.port, timeout=30)
        headers = {k: v for k, v in self.headers.items() if k.lower() not in HOP_BY_HOP and k.lower() not in drop}
        connection.request(self.command, self.path, self.read_body(), headers)
        answer = connection.getresponse()
        kept = [(k, v) for k, v in answer.getheaders() if k.lower() not in HOP_BY_HOP | {"content-length"}]
        length = int(answer.getheader("Content-Length") or 0)
        return answer.status, kept, answer.read(), length

    def forward(self, drop=(), change=lambda status, headers, body: (status, headers, body)):
        status, headers, body, length = self.ask_upstream(drop)
        status, headers, body = change(status, headers, body)
        self.reply(status, headers, body, length if self.command == "HEAD" else None)

    def hang_up(self):
        self.wfile.flush()
        self.close_connection = True

    # ---- faults ----

    def fault_cut(self, argument):
        status, headers, body, length = self.ask_upstream()
        self.reply(status, headers, body[:int(argument)], length)
        self.hang_up()

    def fault_cutup(self, argument):
        if self.headers["Expect"]:
            self.send_response_only(100)
            self.end_headers()
        self.read_body(int(argument))
        self.hang_up()

    def fault_status(self, argument):
        code, _, retry_after = argument.partition(":")
        self.read_body()
        body = json.dumps({"errors": [{"code": "FAULT", "message": "as asked for"}]}).encode()
        self.reply(int(code), [("Retry-After", retry_after)] if retry_after else [], body)

    def fault_answer(self, argument):
        self.reply(200, [("Content-Type", "application/json")], argument.encode())

    def fault_challenge(self, argument):
        self.read_body()
        self.reply(401, [("WWW-Authenticate", urllib.parse.unquote(argument))])

    def fault_corrupt(self, _):
        self.forward(change=lambda status, headers, body: (status, headers, bytes([body[0] ^ 1]) + body[1:]))

    def fault_lie(self, _):
        self.forward(change=lambda status, headers, body: (
            status, [(k, "sha256:" + "0" * 64 if k == "Docker-Content-Digest" else v) for k, v in headers], body))

    def fault_slow(self, argument):
        time.sleep(float(argument))
        self.forward()

    def fault_stall(self, argument):
        status, headers, body, length = self.ask_upstream()
        self.reply(status, headers, body[:int(argument)], length)
        self.wfile.flush()
        time.sleep(60)
        self.hang_up()

    def fault_norange(self, _):
        self.forward(drop={"range"})

    def fault_wrongrange(self, _):
        status, headers, body, _ = self.ask_upstream()
        headers = [(k, "bytes 0-9/10" if k == "Content-Range" else v) for k, v in headers]
        self.reply(status, headers, body)

    def fault_endless(self, _):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        while True:
            self.wfile.write(b"x" * PIECE)

    def fault_headers(self, _):
        self.send_response(200)
        while True:
            self.send_header("X-More", "x" * 1000)
            self.flush_headers()

    def fault_short(self, _):
        status, headers, body, _ = self.ask_upstream()
        self.reply(status, headers, body[:len(body) // 2])

    def fault_redirect(self, argument):
        self.read_body()
        self.reply(307, [("Location", argument + self.path)])

    def fault_garbage(self, _):
        self.wfile.write(b"\x00\x01 what is this\r\n\r\n")
        self.hang_up()


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):  # the client has hung up on us, which is what tests want
        pass


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--upstream", default="http://127.0.0.1:5000")
    parser.add_argument("--log")
    parser.add_argument("--rule", action="append", default=[], type=Rule)
    server = Server(("127.0.0.1", (options := parser.parse_args()).port), Handler)
    server.options, server.rules, server.lock = options, options.rule, threading.Lock()
    server.serve_forever()


main()
