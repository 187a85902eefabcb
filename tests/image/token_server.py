#!/usr/bin/env python3
"""A token server for distribution's token authentication, with users alice:secret (pull, push) and guests (pull).

    token_server.py --port P --key KEY.pem --cert CERT.pem [--log FILE] [--lifetime S]

Tokens are JSON web tokens, signed by openssl with KEY; the registry trusts CERT. POST with grant_type=refresh_token and
the refresh token "remember" is alice too. The log has one line a token: method, user, scopes.
"""
import argparse
import base64
import http.server
import json
import pathlib
import re
import subprocess
import time
import urllib.parse


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def make_token(options, user, service, scopes):
    cert = re.search(r"-----BEGIN CERTIFICATE-----(.*?)-----END", pathlib.Path(options.cert).read_text(), re.S).group(1)
    access = []
    for scope in scopes:
        kind, name, actions = scope.split(":")
        allowed = [a for a in actions.split(",") if a == "pull" or user == "alice"]
        access.append({"type": kind, "name": name, "actions": allowed})
    now = int(time.time())
    claims = {"iss": "issuer", "sub": user, "aud": service, "exp": now + options.lifetime, "nbf": now - 10, "iat": now,
              "jti": str(now), "access": access}
    header = {"typ": "JWT", "alg": "RS256", "x5c": ["".join(cert.split())]}
    signed = f"{encode(json.dumps(header).encode())}.{encode(json.dumps(claims).encode())}"
    signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", options.key], input=signed.encode(), check=True,
                               stdout=subprocess.PIPE).stdout
    return f"{signed}.{encode(signature)}"


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def give(self, user, service, scopes):
        options = self.server.options
        if options.log:
            with open(options.log, "a", encoding="utf-8") as log:
                log.write(f"{self.command} {user} {' '.join(scopes)}\n")
        self.answer(200, {"access_token": make_token(options, user, service, scopes), "expires_in": options.lifetime})

    def do_GET(self):
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        scheme, _, value = (self.headers["Authorization"] or "").partition(" ")
        user = "guest"
        if scheme == "Basic":
            user, _, password = base64.b64decode(value).decode().partition(":")
            if (user, password) != ("alice", "secret"):
                self.answer(401, {"details": "wrong password"})
                return
        self.give(user, query["service"][0], query.get("scope", []))

    def do_POST(self):
        form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        if form["grant_type"] != ["refresh_token"] or form["refresh_token"] != ["remember+me/="]:
            self.answer(401, {"details": "wrong refresh token"})
            return
        self.give("alice", form["service"][0], form["scope"][0].split(" "))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--cert", required=True)
    parser.add_argument("--log")
    parser.add_argument("--lifetime", type=int, default=300)
    options = parser.parse_args()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", options.port), Handler)
    server.options = options
    server.serve_forever()


main()
