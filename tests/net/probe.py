#!/usr/bin/env python3
"""Servers and questions for the tests of networks, run in a namespace by nsenter.

    probe.py serve PORT...            on TCP, UDP and, where the kernel has it, SCTP, over IPv4 and IPv6; answers with
                                      the asker's address; says "ready PID"
    probe.py ask tcp|udp|sctp ADDRESS PORT    prints the answer; exit status 3 if nobody gives one: refused,
                                      unreachable, or silent for a second
    probe.py insist ADDRESS PORT FILE    a UDP datagram each 0.1 s or more from one source port, a line in FILE for each
                                      answer; says "ready PID"
    probe.py spoof INTERFACE SOURCE_MAC SOURCE_IP DESTINATION_MAC DESTINATION_IP PORT   one UDP datagram as a raw frame
    probe.py catch PORT               prints the first datagram's source within 2 seconds, in the test VM 10, or "nothing"
    probe.py resolve udp|tcp SERVER NAME...    prints the IPv4 addresses of each, or "code N"; exit status 1: no answer
    probe.py nameserver               answers each question with 198.51.100.7, a forged one with 6.6.6.6 before it; what
                                      begins with "twice" after 0.4 s, and then once more after 0.8 s
    probe.py advertise INTERFACE ROUTER    one router advertisement to all, from this link-local address
    probe.py crowd SERVER NAME MOST   asks for NAME by UDP, then connects 12 times by TCP; prints how many connections
                                      are open as soon as that is MOST, or after 10 s; and "end" 2 s later
"""
import errno
import ipaddress
import os
import select
import socket
import struct
import sys
import threading
import time


KINDS = {"tcp": (socket.SOCK_STREAM, 0), "udp": (socket.SOCK_DGRAM, 0),
         "sctp": (socket.SOCK_STREAM, 132)}  # one association a socket, used as TCP's


def serve(ports):
    sockets = []
    for port in ports:
        for kind in KINDS.values():
            for family, any_address in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
                try:
                    s = socket.socket(family, *kind)
                    if family == socket.AF_INET6:
                        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    s.bind((any_address, port))
                except OSError:
                    continue
                if s.type == socket.SOCK_STREAM:
                    s.listen(100)
                sockets.append(s)
    print("ready", os.getpid(), flush=True)
    while True:
        for s in select.select(sockets, [], [])[0]:
            if s.type == socket.SOCK_STREAM:
                connection, peer = s.accept()
                connection.sendall(peer[0].encode())
                connection.close()
            else:
                _, peer = s.recvfrom(2000)
                s.sendto(peer[0].encode(), peer)


def nobody(problem):
    print(problem, file=sys.stderr)
    sys.exit(3)


def ask(kind, address, port):
    family = socket.AF_INET6 if ipaddress.ip_address(address).version == 6 else socket.AF_INET
    s = socket.socket(family, *KINDS[kind])
    s.settimeout(1)
    try:
        s.connect((address, int(port)))
        if kind == "udp":
            s.send(b"?")
        answer = s.recv(200).decode()
    except (TimeoutError, ConnectionError) as problem:
        nobody(problem)
    except OSError as problem:
        if problem.errno not in (errno.ENETUNREACH, errno.EHOSTUNREACH):
            raise
        nobody(problem)
    if not answer:
        nobody("nothing")
    print(answer)


def insist(address, port, file):
    s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(0.2)
    s.connect((address, int(port)))
    print("ready", os.getpid(), flush=True)
    with open(file, "w", encoding="ascii") as answers:
        while True:
            try:
                s.send(b"?")
                print(s.recv(200).decode(), file=answers, flush=True)
            except (TimeoutError, ConnectionRefusedError):
                pass
            time.sleep(0.1)


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


def spoof(interface, source_mac, source, destination_mac, destination, port):
    payload = b"forged"
    udp = struct.pack("!HHHH", 53, int(port), 8 + len(payload), 0) + payload
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0, socket.inet_aton(source),
                       socket.inet_aton(destination))
    head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
    frame = bytes.fromhex((destination_mac + source_mac).replace(":", "")) + b"\x08\x00" + head + udp
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    s.bind((interface, 0))
    s.send(frame)


def catch(port):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("0.0.0.0", int(port)))
    print("ready", flush=True)
    s.settimeout(10 if "COFFER_VM" in os.environ else 2)  # there a program takes seconds to start
    try:
        data, peer = s.recvfrom(2000)
        print(data.decode(), peer[0], flush=True)
    except TimeoutError:
        print("nothing", flush=True)


def advertise(interface, router):
    s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
    scope = socket.if_nametoindex(interface)
    s.bind((router, 0, 0, scope))
    s.sendto(struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 1800, 0, 0), ("ff02::1", 0, 0, scope))


def exchange(kind, server, query):
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
    s.settimeout(2)
    s.connect((server, 53))
    if kind == "udp":
        s.send(query)
        return s.recv(4096)
    s.sendall(struct.pack("!H", len(query)) + query)
    return s.recv(4096)[2:]


def question(name):
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return b"\x77\x77\x01\x00\x00\x01\0\0\0\0\0\0" + labels + b"\0\0\x01\0\x01"


def is_open(connection):
    try:
        return connection.recv(1) != b""
    except BlockingIOError:
        return True
    except ConnectionResetError:
        return False


def crowd(server, name, most):
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.connect((server, 53))
    udp.send(question(name))
    connections = [socket.create_connection((server, 53), 10) for _ in range(12)]
    for s in connections:
        s.setblocking(False)
    for _ in range(100):
        connections = list(filter(is_open, connections))
        if len(connections) == int(most):
            break
        time.sleep(0.1)
    print(len(connections), flush=True)
    time.sleep(2)
    print("end", flush=True)


def resolve(kind, server, *names):
    for name in names:
        query = question(name)
        answer = exchange(kind, server, query)
        if answer[:2] != query[:2] or answer[12:len(query)] != query[12:]:
            sys.exit("an answer to something else")
        records = [answer[i:i + 16] for i in range(len(query), len(answer), 16)]
        print(*(socket.inet_ntoa(record[12:]) for record in records) if records else ("code", answer[3] & 15))


def nameserver():
    def answer(query, address):
        return query[:2] + b"\x81\x80\0\x01\0\x01\0\0\0\0" + query[12:] + b"\xc0\x0c\0\x01\0\x01\0\0\0\x09\0\x04" + \
            socket.inet_aton(address)

    udp, tcp = (socket.socket(socket.AF_INET, kind) for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM))
    for s in (udp, tcp):
        s.bind(("0.0.0.0", 53))
    tcp.listen(10)
    print("ready", os.getpid(), flush=True)
    while True:
        for s in select.select([udp, tcp], [], [])[0]:
            if s is tcp:
                connection, _ = s.accept()
                reply = answer(connection.recv(2000)[2:], "198.51.100.7")
                connection.sendall(struct.pack("!H", len(reply)) + reply)
                connection.close()
                continue
            query, peer = udp.recvfrom(2000)
            if query[13:18] == b"twice":
                for delay in (0.4, 0.8):
                    threading.Timer(delay, udp.sendto, (answer(query, "198.51.100.7"), peer)).start()
                continue
            udp.sendto(answer(bytes([query[0] ^ 1]) + query[1:], "6.6.6.6"), peer)  # another id
            udp.sendto(answer(query[:12] + bytes([query[12]]) + b"x" + query[14:], "6.6.6.6"), peer)  # another question
            udp.sendto(answer(query, "198.51.100.7"), peer)


COMMANDS = {"resolve": resolve, "nameserver": nameserver, "crowd": crowd,
            "serve": lambda *ports: serve(list(map(int, ports))), "ask": ask, "spoof": spoof, "catch": catch,
            "insist": insist, "advertise": advertise}
try:
    COMMANDS[sys.argv[1]](*sys.argv[2:])
except OSError as problem:
    print(problem, file=sys.stderr)
    sys.exit(1)
