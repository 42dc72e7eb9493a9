"""The RPC layer against gRPC C++, Python's grpcio, nghttpd and an echo over bare libnghttp2.

The server has one core and h2load the other. Rounds go A B C … A B C, so that what the machine does meanwhile hits all
alike; each server is first asked by grpcio whether it answers rightly.
"""

import collections
import contextlib
import os
import re
import resource
import socket
import subprocess

import h2load
import processors
import results
import rivals

SUITE = "rpc"
SHAPES = [(8, 10), (8, 100), (64, 1)]
STREAM_MESSAGES = 1000
FRAMED_MESSAGE_BYTES = 65
IDLE_CONNECTIONS = 10_000
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS, ACKNOWLEDGEMENT = b"\0\0\0\4\0\0\0\0\0", b"\0\0\0\4\1\0\0\0\0"


class Bench:
    def __init__(self, quick):
        self.quick = quick
        self.rounds = 2 if quick else 4
        self.seconds = 0.5 if quick else 1.25
        self.neighbours = processors.Neighbours()
        self.rows = []

    def add(self, rows):
        self.rows += rows
        results.show(rows)

    # MARK: unary

    def unary(self):
        message = rivals.unary_request().SerializeToString()
        path = f"{rivals.PATH}/UnaryCall"
        figures = collections.defaultdict(list)
        with contextlib.ExitStack() as stack:
            servers = [stack.enter_context(start()) for start in rivals.UNARY]
            for server in servers:
                rivals.check_unary(server)
            for _ in range(self.rounds):
                for shape in SHAPES:
                    for server in servers:
                        run = h2load.run(server, path, message, *shape, self.seconds, self.neighbours)
                        figures[shape, "calls", "1/s", server.name].append(run.rate)
                        figures[shape, "CPU a 100,000 calls", "s", server.name].append(
                            run.server_cpu_seconds / run.calls * 1e5)
                    if shape == (8, 100):
                        continue
                    for server in servers:
                        middle, late = h2load.latencies(
                            server, path, message, *shape, self.seconds / 2, self.neighbours)
                        figures[shape, "p50", "ms", server.name].append(middle)
                        figures[shape, "p99", "ms", server.name].append(late)
            for server in servers:
                figures[SHAPES[1], "resident after load", "MB", server.name] = [server.resident_bytes() / 1e6]
        kinds = dict.fromkeys((shape, metric, unit) for shape, metric, unit, _ in figures)
        for shape, metric, unit in sorted(kinds, key=lambda kind: SHAPES.index(kind[0])):
            mine = figures[shape, metric, unit, "ours"]
            self.add([
                results.compare(
                    SUITE, "{} × {}".format(*shape), server.name, metric, unit, mine,
                    figures[shape, metric, unit, server.name])
                for server in servers[1:]])

    # MARK: streaming

    def streaming(self):
        """One call brings 1,000 messages of 60 bytes; they are counted by the bytes of DATA that came."""
        message = rivals.streaming_request(STREAM_MESSAGES).SerializeToString()
        rates, costs = collections.defaultdict(list), collections.defaultdict(list)
        with contextlib.ExitStack() as stack:
            servers = [stack.enter_context(start()) for start in rivals.STREAMING]
            for server in servers:
                rivals.check_streaming(server)
            for _ in range(self.rounds):
                for server in servers:
                    run = h2load.run(
                        server, f"{rivals.PATH}/StreamingOutputCall", message, 8, 8, self.seconds, self.neighbours)
                    count = run.data_bytes / FRAMED_MESSAGE_BYTES
                    rates[server.name].append(count / run.seconds)
                    costs[server.name].append(run.server_cpu_seconds / count * 1e5)
        for metric, unit, figures in (("messages", "1/s", rates), ("CPU a 100,000 of them", "s", costs)):
            self.add([
                results.compare(
                    SUITE, "stream 8 × 8", server.name, metric, unit, figures["ours"], figures[server.name])
                for server in servers[1:]])

    # MARK: clients

    def clients(self):
        """64 calls open on one connection to our server; the clients' threads share the core that h2load has else."""
        seconds = str(self.seconds)
        figures = collections.defaultdict(list)
        with rivals.ours() as server:
            commands = {
                "ours": [rivals.PROGRAMS / "interop-client", "--server_port", str(server.port), "--bench", seconds,
                         "--calls", "64"],
                "gRPC C++ client": [rivals.BUILT / "client", f"127.0.0.1:{server.port}", "64", seconds],
            }
            for _ in range(self.rounds):
                for name, command in commands.items():
                    busy, children = processors.busy_seconds(), processors.ended_children_seconds()
                    served, begun = server.cpu_seconds(), os.times().elapsed
                    done = subprocess.run(
                        ["taskset", "-c", "1", *command], check=True, capture_output=True, text=True)
                    span = os.times().elapsed - begun
                    used = processors.ended_children_seconds() - children
                    served = server.cpu_seconds() - served
                    self.neighbours.add(processors.busy_seconds() - busy, used + served, span)
                    count, took = re.match(r"(\d+) calls in ([0-9.]+) s", done.stdout).groups()
                    figures["calls", "1/s", name].append(int(count) / float(took))
                    figures["CPU a 100,000 calls", "s", name].append(used / int(count) * 1e5)
        self.add([
            results.compare(
                SUITE, "client 1 × 64", "gRPC C++ client", metric, unit, figures[metric, unit, "ours"],
                figures[metric, unit, "gRPC C++ client"])
            for metric, unit in (("calls", "1/s"), ("CPU a 100,000 calls", "s"))])

    # MARK: memory

    def idle(self):
        """What a server is the larger by for connections that have said SETTINGS and nothing more."""
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        count = min(IDLE_CONNECTIONS, hard - 200)
        figures = {}
        for start in (rivals.ours, rivals.grpc_async, rivals.nghttpd):
            with start() as server:
                before = server.resident_bytes()
                connections = open_idle(server.port, count)
                figures[server.name] = (server.resident_bytes() - before) / 1e6
                answered = sum(1 for connection in connections if is_open(connection))
                print(f"{server.name}: {answered:,} of {count:,} connections are open and idle")
                for connection in connections:
                    connection.close()
        mine = figures.pop("ours")
        self.add([
            results.compare(SUITE, f"{count:,} idle", name, "resident, more by", "MB", [mine], [theirs])
            for name, theirs in figures.items()])

    # MARK: loops

    def loops(self):
        """Two event loops against one: in calls where there are cores for them and for h2load, else in what a call costs."""
        cores = os.cpu_count() or 1
        wide = cores >= 4
        if not wide:
            print(f"{cores} cores: two loops and h2load have no room beside each other; the loops share one core")
        message = rivals.unary_request().SerializeToString()
        figures = collections.defaultdict(list)
        with rivals.ours("0,1" if wide else "0", 1) as one, rivals.ours("0,1" if wide else "0", 2) as two:
            for _ in range(self.rounds):
                for server, name in ((one, "one"), (two, "two")):
                    run = h2load.run(
                        server, f"{rivals.PATH}/UnaryCall", message, 8, 10, self.seconds, self.neighbours,
                        cores=("2", "3") if wide else ("1",))
                    figures["calls", "1/s", name].append(run.rate)
                    figures["CPU a 100,000 calls", "s", name].append(run.server_cpu_seconds / run.calls * 1e5)
        self.add([
            results.compare(
                SUITE, "two loops", "ours, one loop", metric, unit, figures[metric, unit, "two"],
                figures[metric, unit, "one"])
            for metric, unit in (("calls", "1/s"), ("CPU a 100,000 calls", "s"))])


def open_idle(port, count):
    connections = []
    for _ in range(count):
        connection = socket.create_connection(("127.0.0.1", port), 10)
        connection.sendall(PREFACE + SETTINGS + ACKNOWLEDGEMENT)
        connections.append(connection)
        # The server's SETTINGS: it has made its session, and is not overrun.
        if not greets(connection):
            raise SystemExit(f"connection {len(connections)} was refused")
    return connections


def greets(connection):
    """Waits for the first byte that the server says; false when it has closed instead."""
    connection.settimeout(10)
    return bool(connection.recv(1, socket.MSG_PEEK))


def is_open(connection):
    """Whether the server has not closed it, once all that it said is read."""
    connection.setblocking(False)
    try:
        while connection.recv(4096):
            pass
        return False
    except BlockingIOError:
        return True


def measure(quick):
    rivals.build()
    bench = Bench(quick)
    print(f"{os.cpu_count()} cores; the server has one, h2load the other; {bench.rounds} rounds of {bench.seconds} s\n")
    results.show_head()
    bench.unary()
    bench.streaming()
    bench.clients()
    bench.idle()
    bench.loops()
    print(bench.neighbours)
    return bench.rows
