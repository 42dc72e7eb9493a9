"""Floods against a real process: each is borne or ends its connection, costs little time and memory, and another
client is answered meanwhile.

What is "little" is generous: the bounds are for a debug build on a busy machine, and tell a flood that is stopped from
one that is not."""

import contextlib
import resource
import socket
import struct
import threading
import time
import unittest

import wire
from wire import (
    CANCEL, CONTINUATION, DATA, EMPTY_MESSAGE, END_HEADERS, END_STREAM, ENHANCE_YOUR_CALM, GOAWAY, HEADERS, PADDED,
    PING, PRIORITY, PROTOCOL_ERROR, RST_STREAM, SETTINGS, WINDOW_UPDATE, Peer, Server, block, call, frame, literal,
    request)

# How long a flood goes on when nobody ends it, in seconds.
FLOOD_SECONDS = 3
# What a flood may cost: a part of one core, after a second's start, and memory.
CPU_SHARE = 0.8
RESIDENT_BYTES = 200 << 20


class Bystander(threading.Thread):
    """A decent client that calls all the while, each time on a connection of its own."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server, self.answered, self.failed = server, 0, []
        self.stopping = threading.Event()

    def run(self):
        while not self.stopping.is_set():
            try:
                with contextlib.closing(Peer(self.server.address)) as peer:
                    peer.headers(1, call(), end=False)
                    peer.data(1, EMPTY_MESSAGE)
                    found = peer.answer(1)
                if found is None or found[0].get("grpc-status") != "0":
                    self.failed.append(found)
                else:
                    self.answered += 1
            except OSError as error:
                self.failed.append(error)
            self.stopping.wait(0.01)


class Drain(threading.Thread):
    """Reads what the server sends, so that it is never the reader who holds things up; notes how it ended."""

    def __init__(self, peer):
        super().__init__(daemon=True)
        self.peer, self.code, self.text, self.kinds = peer, None, b"", {}

    def run(self):
        try:
            while (found := self.peer.next()) is not None:
                self.peer.seen.clear()
                self.kinds[found[0]] = self.kinds.get(found[0], 0) + 1
                if found[0] == GOAWAY:
                    self.code, self.text = int.from_bytes(found[3][4:8], "big"), found[3][8:]
        except OSError:
            pass


class Floods(unittest.TestCase):
    arguments = ()

    def setUp(self):
        self.server = Server(*self.arguments)
        self.peers = []
        self.bystander = Bystander(self.server)
        self.bystander.start()
        wire.wait_until(lambda: self.bystander.answered > 0)
        self.before = self.server.resident_bytes()
        self.cpu, self.start = self.server.cpu_seconds(), time.monotonic()

    def tearDown(self):
        answered = self.bystander.answered
        self.assertTrue(wire.wait_until(lambda: self.bystander.answered > answered), "others are answered afterwards")
        self.bystander.stopping.set()
        self.bystander.join()
        for peer in self.peers:
            peer.close()
        self.assertTrue(self.server.is_running())
        self.server.stop()
        self.assertEqual(self.bystander.failed, [])

    def open(self, settings=b""):
        self.peers.append(Peer(self.server.address, settings))
        return self.peers[-1]

    def cost(self):
        """Measures: no more than a part of a core and some memory."""
        spent = self.server.cpu_seconds() - self.cpu
        elapsed = time.monotonic() - self.start
        grown = self.server.resident_bytes() - self.before
        print(f"{self.id().rsplit('.', 1)[1]}: {elapsed:.1f} s, {spent:.2f} s of CPU, {grown >> 10} KiB more, "
              f"{self.bystander.answered} calls answered")
        self.assertLess(spent, 1 + CPU_SHARE * elapsed)
        self.assertLess(grown, RESIDENT_BYTES)

    def logs(self, reason):
        def line():
            lines = self.server.logged().splitlines()
            return any(f"reason={reason}" in line and "127.0.0.1" in line for line in lines)
        self.assertTrue(wire.wait_until(line), self.server.logged()[-2000:])

    def flood(self, pieces, code=ENHANCE_YOUR_CALM, reason=None, setup=()):
        """Sends what `pieces` gives for as long as it is taken; the connection must end, with the code."""
        peer = self.open()
        drain = Drain(peer)
        drain.start()
        peer.send(*setup)
        end = time.monotonic() + FLOOD_SECONDS
        for piece in pieces:
            if not peer.send(piece) or time.monotonic() > end:
                break
        drain.join(wire.PATIENCE)
        self.assertFalse(drain.is_alive(), "the server ends the connection")
        # The last words may be lost when more was under way; the log has them.
        self.assertIn(drain.code, (code, None))
        if reason:
            self.logs(reason)
        self.cost()
        return drain


def forever(*frames, count=200):
    piece = b"".join(frames) * count
    while True:
        yield piece


def reset(stream):
    return frame(RST_STREAM, 0, stream, struct.pack(">I", CANCEL))


class FrameFloods(Floods):
    def test_rapid_reset(self):
        """CVE-2023-44487."""
        def pieces():
            fields = block(*call())
            for number in range(1, 1 << 30, 2):
                yield frame(HEADERS, END_HEADERS, number, fields) + reset(number)
        self.flood(pieces(), reason="resets")

    def test_resets_that_the_server_is_made_to_send(self):
        """CVE-2025-8671: each stream is broken by a body that is not as long as it says."""
        def pieces():
            fields = block(*call(extra=[("content-length", "1")]))
            for number in range(1, 1 << 30, 2):
                yield frame(HEADERS, END_HEADERS, number, fields) + frame(DATA, END_STREAM, number, EMPTY_MESSAGE)
        self.flood(pieces(), reason="resets")

    def test_continuations(self):
        """CVE-2024-27316."""
        self.flood(forever(frame(CONTINUATION, 0, 1, literal("x-a", "b" * 100))), reason="continuations",
                   setup=[frame(HEADERS, 0, 1, block(*request()))])

    def test_empty_continuations(self):
        self.flood(forever(frame(CONTINUATION, 0, 1, b"")), reason="continuations",
                   setup=[frame(HEADERS, 0, 1, block(*request()))])

    def test_pings(self):
        drain = self.flood(forever(frame(PING, 0, 0, b"12345678")), reason="pings")
        self.assertIn(drain.text, (b"too_many_pings", b""))

    def test_answers_to_pings_that_nobody_sent(self):
        self.flood(forever(frame(PING, 1, 0, b"12345678")), reason="other_frames")

    def test_settings(self):
        self.flood(forever(frame(SETTINGS, 0, 0, struct.pack(">HI", 4, 65535))), reason="settings")

    def test_settings_of_nothing(self):
        self.flood(forever(frame(SETTINGS)), reason="settings")

    def test_empty_data(self):
        self.flood(forever(frame(DATA, 0, 1)), reason="empty_data",
                   setup=[frame(HEADERS, END_HEADERS, 1, block(*call("FullDuplexCall")))])

    def test_data_of_padding_only(self):
        self.flood(forever(frame(DATA, PADDED, 1, b"\x02\x00\x00")), reason="empty_data",
                   setup=[frame(HEADERS, END_HEADERS, 1, block(*call("FullDuplexCall")))])

    def test_window_updates(self):
        self.flood(forever(frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 1))), reason="window_updates")

    def test_priorities(self):
        self.flood(forever(frame(PRIORITY, 0, 1, bytes(4) + b"\x10")), reason="priorities")

    def test_frames_of_unknown_kinds(self):
        """RFC 9113, 4.1: they are ignored; so many are of no use to anybody."""
        self.flood(forever(frame(0x42, 0, 0, b"x" * 100)), reason="other_frames")

    def test_updates_of_priorities(self):
        """RFC 9218."""
        self.flood(forever(frame(0x10, 0, 0, struct.pack(">I", 1) + b"u=1")), reason="priorities")

    def test_streams_beyond_the_limit(self):
        """The settings are never acknowledged, so that each stream is refused alone."""
        def pieces():
            hanging = wire.streaming_request((1, 2_000_000_000))
            fields = block(*call("StreamingOutputCall"))
            for number in range(1, 1 << 30, 2):
                yield frame(HEADERS, END_HEADERS, number, fields) + frame(DATA, END_STREAM, number, hanging)
        drain = self.flood(pieces(), code=ENHANCE_YOUR_CALM)
        self.assertIn(drain.code, (ENHANCE_YOUR_CALM, PROTOCOL_ERROR, None))

    def test_header_blocks_that_grow_when_decoded(self):
        """A large entry of the table, named again and again: 4 KiB a byte."""
        fields = block(*request()) + b"\x40\x01x\x7f\xe1\x1e" + b"y" * 4000
        def pieces():
            yield frame(HEADERS, END_HEADERS | END_STREAM, 1, fields)
            for number in range(3, 403, 2):
                yield frame(HEADERS, END_HEADERS | END_STREAM, number, block(*request()) + b"\xbe" * 15000)
        peer = self.open()
        drain = Drain(peer)
        drain.start()
        for piece in pieces():
            if not peer.send(piece):
                break
        peer.send(frame(GOAWAY, 0, 0, bytes(8)))
        drain.join(wire.PATIENCE)
        self.cost()

    def test_keepalive_of_decent_clients_is_no_flood(self):
        """Pings with calls between them, as clients that measure the line send them."""
        peer = self.open()
        for number in range(1, 401, 2):
            self.assertTrue(peer.ping())
            peer.headers(number, call(), end=False)
            peer.data(number, EMPTY_MESSAGE)
            self.assertEqual(peer.answer(number)[0]["grpc-status"], "0")
        self.cost()

    def test_resets_of_a_decent_client_are_no_flood(self):
        """One cancelled call for each that is answered, 1500 times."""
        peer = self.open()
        fields = block(*call())
        for number in range(1, 6001, 4):
            peer.send(
                frame(HEADERS, END_HEADERS, number, fields), reset(number),
                frame(HEADERS, END_HEADERS, number + 2, fields), frame(DATA, END_STREAM, number + 2, EMPTY_MESSAGE))
            self.assertIsNotNone(peer.answer(number + 2))
        self.cost()


class SlowFloods(Floods):
    """Peers that never get on. The server's patience is two seconds here."""

    arguments = ("--patience_seconds", "2")

    def ends(self, peer, reason=None):
        drain = Drain(peer)
        drain.start()
        drain.join(wire.PATIENCE)
        self.assertFalse(drain.is_alive(), "the server ends the connection")
        if reason:
            self.logs(reason)
        self.cost()
        return drain

    def test_preface_that_never_comes(self):
        peers = [Peer(self.server.address, preface=None) for _ in range(100)]
        for peer in peers[::2]:
            peer.send(wire.PREFACE[:10])
        for peer in peers:
            self.assertIsNone(peer.next())
            peer.close()
        self.logs("headers_overdue")
        self.cost()

    def test_settings_that_never_come(self):
        peer = Peer(self.server.address, preface=None)
        peer.send(wire.PREFACE)
        self.assertEqual(self.ends(peer, "headers_overdue").code, ENHANCE_YOUR_CALM)
        peer.close()

    def test_header_block_byte_by_byte(self):
        peer = self.open()
        text = block(*request(extra=[("x", "y" * 1000)]))
        peer.send(frame(HEADERS, END_HEADERS, 1, b"", length=len(text)))
        drain = Drain(peer)
        drain.start()
        for index in range(len(text)):
            if not drain.is_alive() or not peer.send(text[index : index + 1]):
                break
            drain.join(0.1)
        self.assertEqual(self.ends(peer, "headers_overdue").code or drain.code, ENHANCE_YOUR_CALM)

    def test_requests_of_http_1_byte_by_byte(self):
        """Slow loris: a hundred connections, each with a byte now and then, in the request line, the headers or the body."""
        texts = [b"GET /" + b"x" * 4000, b"GET / HTTP/1.1\r\nx: " + b"y" * 4000,
                 b"POST /grpc.testing.TestService/EmptyCall HTTP/1.1\r\nhost: x\r\ncontent-length: 4000\r\n\r\n" + b"{" * 4000]
        starts = [5, 20, 90]
        peers = []
        for number in range(99):
            kind = number % 3
            sock = socket.create_connection(self.server.address, timeout=wire.PATIENCE)
            self.addCleanup(sock.close)
            sock.sendall(texts[kind][: starts[kind]])
            peers.append((sock, texts[kind][starts[kind] :]))
        index, end = 0, time.monotonic() + wire.PATIENCE
        while peers:
            self.assertLess(time.monotonic(), end, f"{len(peers)} connections are still open")
            left = []
            for sock, text in peers:
                try:
                    sock.sendall(text[index : index + 1])
                    left.append((sock, text))
                except (ConnectionResetError, BrokenPipeError):
                    pass
            peers, index = left, index + 1
            time.sleep(0.2)
        self.assertTrue(wire.wait_until(lambda: "headers_overdue" in self.server.logged()))
        self.assertGreater(self.server.metric("onepool_rpc_faults_total", fault="message_overdue"), 60)
        self.cost()

    def test_message_byte_by_byte(self):
        """The call ends; the connection lives on."""
        peer = self.open()
        peer.headers(1, call("UnaryCall"), end=False)
        drained = []
        reader = threading.Thread(target=lambda: drained.append(peer.answer(1)), daemon=True)
        reader.start()
        peer.data(1, b"\x00\x00\x00\x10\x00", end=False)
        while reader.is_alive():
            peer.data(1, b"x", end=False)
            reader.join(0.1)
        self.assertEqual(drained[0][0]["grpc-status"], "4")
        self.assertTrue(peer.ping())
        self.cost()

    def test_body_that_never_comes(self):
        peer = self.open()
        peer.headers(1, request(wire.SERVICE + "EmptyCall", "POST", [("content-type", "application/json")]), end=False)
        peer.data(1, b"{", end=False)
        self.assertEqual(peer.answer(1)[0][":status"], "408")
        self.cost()

    def test_half_a_message_on_a_stream(self):
        peer = self.open()
        peer.headers(1, call("FullDuplexCall"), end=False)
        peer.data(1, b"\x00\x00", end=False)
        self.assertEqual(peer.answer(1)[0]["grpc-status"], "4")
        self.cost()

    def test_silent_stream_is_borne(self):
        peer = self.open()
        peer.headers(1, call("FullDuplexCall"), end=False)
        peer.sock.settimeout(5)
        with self.assertRaises(TimeoutError):
            peer.answer(1)
        peer.data(1, b"")
        peer.sock.settimeout(wire.PATIENCE)
        self.assertEqual(peer.answer(1)[0]["grpc-status"], "0")
        self.cost()

    def test_window_that_never_opens(self):
        """1000 answers of 64 KiB to a window of nothing: each stream ends, and they do not pile up."""
        peer = self.open(struct.pack(">HI", 4, 0))
        wanted = wire.streaming_request(*[(65536, 0)] * 16)
        for number in range(1, 2001, 2):
            peer.headers(number, call("StreamingOutputCall"), end=False)
            peer.data(number, wanted)
        self.cost()
        left = set(range(1, 2001, 2))
        while left:
            found = peer.until(lambda kind, flags, *_: kind == RST_STREAM or kind == HEADERS and flags & END_STREAM)
            self.assertIsNotNone(found)
            left.discard(found[2])
        self.cost()

    def test_socket_that_is_never_read(self):
        """The windows are open, the socket is full: the connection ends."""
        peer = self.open(struct.pack(">HI", 4, (1 << 31) - 1))
        peer.send(frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", (1 << 31) - 1 - 65535)))
        wanted = wire.streaming_request(*[(1 << 20, 0)] * 64)
        for number in range(1, 201, 2):
            peer.headers(number, call("StreamingOutputCall"), end=False)
            peer.data(number, wanted)
        # The bystander has a descriptor of its own now and then; this one is gone for good.
        self.assertTrue(wire.wait_until(lambda: not peer.send(frame(PRIORITY, 0, 1, bytes(4) + b"\x10")), 30))
        self.cost()


class TooMany(Floods):
    arguments = ("--connections", "64")

    def test_connections_beyond_the_limit_are_closed(self):
        self.bystander.stopping.set()
        self.bystander.join()
        held = [self.open() for _ in range(64)]
        for peer in held:
            self.assertTrue(peer.ping())
        for _ in range(200):
            with contextlib.closing(Peer(self.server.address)) as peer:
                self.assertIsNone(peer.next())
        self.logs("connections_exhausted")
        self.assertTrue(held[0].ping())
        for peer in held:
            peer.close()
        self.cost()
        self.bystander = Bystander(self.server)
        wire.wait_until(lambda: self.server.descriptors() < 40)
        self.bystander.start()


class Admission(unittest.TestCase):
    def test_calls_beyond_the_limit_are_refused_and_told_when_to_come_again(self):
        server = Server("--calls", "1")
        self.addCleanup(server.stop)
        with contextlib.closing(Peer(server.address)) as peer:
            def answer(stream, fields, body=EMPTY_MESSAGE):
                peer.headers(stream, fields, end=False)
                peer.data(stream, body)
                return peer.answer(stream)
            peer.headers(1, call("StreamingOutputCall"), end=False)
            peer.data(1, wire.streaming_request((1, 2_000_000_000)))
            fields, _ = answer(3, call())
            self.assertEqual(fields["grpc-status"], "8")
            self.assertIn("grpc-status-details-bin", fields)
            self.assertEqual(answer(5, call("StreamingOutputCall"))[0]["grpc-status"], "8")
            connect = request(wire.SERVICE + "EmptyCall", "POST", [("content-type", "application/json")])
            fields, body = answer(7, connect, b"{}")
            self.assertEqual((fields[":status"], fields["retry-after"]), ("429", "1"))
            self.assertIn(b"resource_exhausted", body)
            # Who only looks is let in.
            self.assertEqual(answer(9, request("/grpc.health.v1.Health/Check", "POST", [
                ("content-type", "application/grpc")]))[0]["grpc-status"], "0")
            self.assertEqual(answer(11, request(), b"")[0][":status"], "404")
            peer.send(reset(1))
            free = (number for number in range(13, 1 << 20, 2))
            self.assertTrue(wire.wait_until(lambda: answer(next(free), call())[0]["grpc-status"] == "0"))
            self.assertEqual(answer(next(free), connect, b"{}")[0][":status"], "200")


class Age(unittest.TestCase):
    def test_old_connection_says_goodbye_twice_and_loses_no_call(self):
        """RFC 9113, 6.8: a notice that refuses nothing, then the last stream; open calls go on to their end."""
        server = Server("--age_seconds", "1")
        self.addCleanup(server.stop)
        with contextlib.closing(Peer(server.address)) as peer:
            peer.headers(1, call("FullDuplexCall"), end=False)
            first = peer.until(lambda kind, *_: kind == GOAWAY)
            self.assertEqual(first[3], struct.pack(">II", (1 << 31) - 1, 0))
            # A call that was under way when the notice came.
            peer.headers(3, call(), end=False)
            peer.data(3, EMPTY_MESSAGE)
            second = peer.until(lambda kind, *_: kind == GOAWAY)
            self.assertEqual(second[3], struct.pack(">II", 3, 0))
            answered = [found for found in peer.seen if found[0] == HEADERS and found[2] == 3]
            self.assertEqual(len(answered), 2, "headers and trailers")
            # The one that is open goes on, and is the last.
            peer.data(1, wire.streaming_request((7, 0)), end=False)
            self.assertIsNotNone(peer.until(lambda kind, _, stream, __: kind == DATA and stream == 1))
            peer.data(1, b"")
            self.assertIsNotNone(
                peer.until(lambda kind, flags, stream, _: kind == HEADERS and stream == 1 and flags & END_STREAM))
            self.assertIsNone(peer.next())


class NoDescriptors(unittest.TestCase):
    def test_connections_wait_until_there_is_a_descriptor(self):
        """EMFILE: the server stays up, does not spin, and takes who waits once others have gone."""
        server = Server()
        self.addCleanup(server.stop)
        # Dispatch opens its timers' descriptors at the first sleep, and traps when there are none: sleep once before.
        with contextlib.closing(Peer(server.address)) as peer:
            peer.headers(1, call("StreamingOutputCall"), end=False)
            peer.data(1, wire.streaming_request((1, 1000)))
            self.assertEqual(peer.answer(1)[0]["grpc-status"], "0")
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (64, 64))
        peers = [Peer(server.address) for _ in range(100)]
        self.assertTrue(wire.wait_until(lambda: "descriptors_exhausted" in server.logged()))
        self.assertTrue(peers[0].ping())
        cpu, start = server.cpu_seconds(), time.monotonic()
        time.sleep(1)
        self.assertLess(server.cpu_seconds() - cpu, 0.5 * (time.monotonic() - start))
        for peer in peers[:-1]:
            peer.close()
        self.assertTrue(peers[-1].ping())
        peers[-1].close()
        self.assertTrue(server.is_running())


if __name__ == "__main__":
    unittest.main(verbosity=1)
