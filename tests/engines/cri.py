#!/usr/bin/env python3
"""What a kubelet asks of containerd, as far as a test needs it: a pod, a container in it, a new limit, and the end.

    cri.py SOCKET run HANDLER IMAGE MIB ANNOTATION=VALUE... -- COMMAND...   prints the ids of pod and container
    cri.py SOCKET update CONTAINER MIB
    cri.py SOCKET remove POD

Debian has no CRI client, so this speaks gRPC itself: one connection and one HTTP/2 stream a call, headers without
compression, and messages by their field numbers in k8s.io/cri-api, runtime/v1/api.proto.
"""
import socket
import struct
import sys

DATA, HEADERS, RESET, SETTINGS, PING = 0, 1, 3, 4, 6
END_STREAM, ACK, END_HEADERS = 1, 1, 4
NODE = 2  # NamespaceMode: the host's network, so no CNI


def varint(number):
    low = bytes([number & 127 | (128 if number > 127 else 0)])
    return low + varint(number >> 7) if number > 127 else low


def message(**fields):
    """By field number: f1="text", f2=7, f3=[b"one message", b"another"]."""
    out = b""
    for name, values in fields.items():
        number = int(name[1:])
        for value in values if isinstance(values, list) else [values]:
            if isinstance(value, int):
                out += varint(number << 3) + varint(value)
                continue
            value = value.encode() if isinstance(value, str) else value
            out += varint(number << 3 | 2) + varint(len(value)) + value
    return out


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def headers(method):
    literal = lambda text: bytes([len(text)]) + text.encode()
    pairs = {":method": "POST", ":scheme": "http", ":path": f"/runtime.v1.RuntimeService/{method}",
             ":authority": "localhost", "content-type": "application/grpc", "te": "trailers"}
    return b"".join(b"\0" + literal(name) + literal(value) for name, value in pairs.items())


def call(path, method, request):
    """The reply's first field as text, which is the id where there is one."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(60)
        connection.connect(path)
        body = b"\0" + struct.pack(">I", len(request)) + request
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS, 0, 0) +
                           frame(HEADERS, END_HEADERS, 1, headers(method)) + frame(DATA, END_STREAM, 1, body))
        stream = connection.makefile("rb")
        reply, payload, kind, flags = b"", b"", None, 0
        while kind != RESET and not (kind in (DATA, HEADERS) and flags & END_STREAM):
            head = stream.read(9)
            if len(head) < 9:
                break
            kind, flags = head[3], head[4]
            payload = stream.read(int.from_bytes(head[:3], "big"))
            if kind == DATA:
                reply += payload
            elif kind in (SETTINGS, PING) and not flags & ACK:
                connection.sendall(frame(kind, ACK, 0, payload if kind == PING else b""))
    if len(reply) < 5:
        sys.exit(f"{method}: {payload!r}")
    return reply[7:7 + reply[6]].decode() if reply[5:6] == b"\x0a" else ""


def memory(mib):
    return message(f4=int(mib) << 20)


def run(path, handler, image, mib, *words):
    annotations, command = words[:words.index("--")], words[words.index("--") + 1:]
    pairs = [message(f1=name, f2=value) for name, value in (word.split("=", 1) for word in annotations)]
    host = message(f1=NODE)
    linux = message(f1="cri-test.slice" if handler.endswith("systemd") else "/cri-test", f2=message(f1=host))
    pod = message(f1=message(f1="pod", f2="uid", f3="default"), f7=pairs, f8=linux)
    pod_id = call(path, "RunPodSandbox", message(f1=pod, f2=handler))
    container = message(f1=message(f1="c"), f2=message(f1=image), f3=list(command),
                        f15=message(f1=memory(mib), f2=message(f3=host)))
    container_id = call(path, "CreateContainer", message(f1=pod_id, f2=container, f3=pod))
    call(path, "StartContainer", message(f1=container_id))
    print(pod_id, container_id)


def update(path, container, mib):
    call(path, "UpdateContainerResources", message(f1=container, f2=memory(mib)))


def remove(path, pod):
    call(path, "StopPodSandbox", message(f1=pod))
    call(path, "RemovePodSandbox", message(f1=pod))


{"run": run, "update": update, "remove": remove}[sys.argv[2]](sys.argv[1], *sys.argv[3:])
