"""What one caller does wrong in one call: it gets the code that the specifications name, its connection goes on, a metric
counts it, and the log says it with the caller's address."""

import contextlib
import gzip
import socket
import struct
import unittest

import wire
from wire import (
    DATA, EMPTY_MESSAGE, END_HEADERS, END_STREAM, HEADERS, RST_STREAM, SERVICE, Peer, Server, block, call, frame,
    request)

JSON = [("content-type", "application/json")]
STREAM_JSON = [("content-type", "application/connect+json")]
UNARY, STREAM = "UnaryCall", "FullDuplexCall"


def message(payload, flag=0):
    return bytes([flag]) + struct.pack(">I", len(payload)) + payload


# The fields and the body, empty for none; the field of the answer that tells, and its value; the fault.
CASES = [
    (call("Nothing"), EMPTY_MESSAGE, "grpc-status", "12", "method_unknown"),
    (request("/no.Service/Call", "POST", [("content-type", "application/grpc")]), EMPTY_MESSAGE,
     "grpc-status", "12", "service_unknown"),
    (call(UNARY), b"\x00\x00\x50\x00\x00", "grpc-status", "8", "message_too_large"),
    (call(STREAM), b"\x00\x00\x50\x00\x00", "grpc-status", "8", "message_too_large"),
    (call(UNARY, [("grpc-encoding", "gzip")]), message(gzip.compress(bytes(5 << 20)), 1),
     "grpc-status", "8", "message_too_large"),
    (call(UNARY), b"", "grpc-status", "12", "message_missing"),
    (call(UNARY), b"\x00\x00\x00\x00\x05ab", "grpc-status", "13", "message_missing"),
    (call(STREAM), b"\x00\x00\x00\x00\x05ab", "grpc-status", "13", "message_missing"),
    (call("StreamingOutputCall"), b"", "grpc-status", "12", "message_missing"),
    (call(UNARY), EMPTY_MESSAGE * 2, "grpc-status", "12", "message_surplus"),
    (call("StreamingOutputCall"), EMPTY_MESSAGE * 2, "grpc-status", "12", "message_surplus"),
    (call(UNARY), message(b"\xff\xff"), "grpc-status", "3", "message_malformed"),
    (call(STREAM), message(b"\xff\xff"), "grpc-status", "3", "message_malformed"),
    (call(UNARY), message(b"x", 1), "grpc-status", "13", "compression_undeclared"),
    (call(STREAM), message(b"x", 1), "grpc-status", "13", "compression_undeclared"),
    (call(UNARY, [("grpc-encoding", "gzip")]), message(b"x", 1), "grpc-status", "13", "compression_malformed"),
    (call(STREAM, [("grpc-encoding", "gzip")]), message(b"x", 1), "grpc-status", "13", "compression_malformed"),
    (call(UNARY, [("grpc-encoding", "br")]), EMPTY_MESSAGE, "grpc-status", "12", "compression_unsupported"),
    (call(UNARY, [("x-bin", "*")]), EMPTY_MESSAGE, "grpc-status", "13", "metadata_malformed"),
    (call(UNARY, [("grpc-timeout", "soon")]), EMPTY_MESSAGE, "grpc-status", "13", "timeout_malformed"),
    (request("/x", extra=[("x", "y" * 8)] * 420), b"", ":status", "431", "headers_too_large"),
    (request("/nothing"), b"", ":status", "404", "path_unknown"),
    (request("/metrics", "POST", JSON), b"", ":status", "405", "verb_not_allowed"),
    (request(SERVICE + UNARY, "DELETE"), b"", ":status", "405", "verb_not_allowed"),
    (request(SERVICE + UNARY, "PUT", [("content-type", "application/grpc")]), b"", ":status", "405", "verb_not_allowed"),
    (request(SERVICE + UNARY, "POST", [("content-type", "text/plain")]), b"x", ":status", "415",
     "media_type_unsupported"),
    (request(SERVICE + UNARY, "POST", STREAM_JSON), b"", ":status", "415", "media_type_unsupported"),
    (request(SERVICE + UNARY, "POST", JSON), b"{", ":status", "400", "json_malformed"),
    (request(SERVICE + UNARY, "POST", JSON + [("connect-timeout-ms", "soon")]), b"{}", ":status", "400",
     "timeout_malformed"),
    (request(SERVICE + UNARY, "POST", JSON + [("connect-protocol-version", "7")]), b"{}", ":status", "400",
     "version_unsupported"),
    (request(SERVICE + UNARY, "POST", JSON + [("content-encoding", "gzip")]), b"x", ":status", "400",
     "compression_malformed"),
    (request(SERVICE + UNARY, "POST", JSON), b" " * ((4 << 20) + 1), ":status", "413", "body_too_large"),
]


class Case(unittest.TestCase):
    arguments = ()

    def setUp(self):
        self.server = Server(*self.arguments)
        self.addCleanup(self.server.stop)

    def count(self, fault):
        return self.server.metric("onepool_rpc_faults_total", fault=fault)

    def says(self, fault):
        """The log's line, with an address."""
        def line():
            return any(f"fault={fault}" in line and "peer=127.0.0.1:" in line for line in self.server.logged().splitlines())
        self.assertTrue(wire.wait_until(line), (fault, self.server.logged()[-2000:]))


class Faults(Case):
    def test_each_is_answered_counted_and_logged(self):
        with contextlib.closing(Peer(self.server.address)) as peer:
            for number, (fields, body, name, value, fault) in enumerate(CASES):
                with self.subTest(fault=fault, number=number):
                    stream, before = 2 * number + 1, self.count(fault)
                    peer.headers(stream, fields, end=not body)
                    for start in range(0, len(body), 16 << 10):
                        peer.data(stream, body[start : start + (16 << 10)], end=start + (16 << 10) >= len(body))
                    answer = peer.answer(stream)
                    self.assertIsNotNone(answer)
                    self.assertEqual(answer[0].get(name), value)
                    self.assertEqual(self.count(fault), before + 1)
                    self.says(fault)
            self.assertTrue(peer.ping())
        # A caller's mistake is none of ours.
        self.assertNotIn("internal error", self.server.logged())

    def test_calls_that_never_reach_their_handler_are_counted_by_method_and_code(self):
        def calls(code):
            return self.server.metric(
                "onepool_rpc_calls_total", service="grpc.testing.TestService", method=UNARY, code=code)
        with contextlib.closing(Peer(self.server.address)) as peer:
            for stream, body in (1, b"\x00\x00\x50\x00\x00"), (3, b"\x00\x00\x50\x00\x00"):
                peer.headers(stream, call(UNARY), end=False)
                peer.data(stream, body)
                self.assertEqual(peer.answer(stream)[0]["grpc-status"], "8")
            self.assertEqual(calls("RESOURCE_EXHAUSTED"), 2)
            self.assertEqual(self.server.metric("onepool_rpc_in_flight"), 0)

    def test_broken_stream_is_counted(self):
        """A body longer than it says (RFC 9113, 8.1.1)."""
        with contextlib.closing(Peer(self.server.address)) as peer:
            peer.send(frame(HEADERS, END_HEADERS, 1, block(*call(extra=[("content-length", "1")]))),
                      frame(DATA, END_STREAM, 1, EMPTY_MESSAGE))
            self.assertIsNotNone(peer.until(lambda kind, *_: kind == RST_STREAM))
            self.assertTrue(peer.ping())
        self.assertEqual(self.count("stream_broken"), 1)
        self.says("stream_broken")

    def test_same_fault_again_and_again_is_counted_and_logged_now_and_then(self):
        with contextlib.closing(Peer(self.server.address)) as peer:
            for stream in range(1, 2001, 2):
                peer.headers(stream, call("Nothing"), end=False)
                peer.data(stream, EMPTY_MESSAGE)
                self.assertEqual(peer.answer(stream)[0]["grpc-status"], "12")
        self.assertEqual(self.count("method_unknown"), 1000)
        lines = [line for line in self.server.logged().splitlines() if "method_unknown" in line]
        self.assertLess(len(lines), 100)

    def test_faults_of_http_1_are_counted(self):
        def ask(text):
            with socket.create_connection(self.server.address, timeout=wire.PATIENCE) as connection:
                connection.sendall(text.encode())
                return b"".join(iter(lambda: connection.recv(4096), b"")).decode()
        close = "host: x\r\nconnection: close\r\n"
        self.assertIn(" 404 ", ask(f"GET /nothing HTTP/1.1\r\n{close}\r\n").split("\r\n")[0])
        self.assertEqual(self.count("path_unknown"), 1)
        self.says("path_unknown")
        envelope = f"POST {SERVICE}{STREAM} HTTP/1.1\r\n{close}content-type: application/connect+json\r\n"
        self.assertIn("invalid_argument", ask(envelope + "content-length: 1\r\n\r\nx"))
        self.assertEqual(self.count("envelope_malformed"), 1)
        self.says("envelope_malformed")


class Slowness(Case):
    """The same for who does not get on, with two seconds of patience."""

    arguments = ("--patience_seconds", "2")

    def test_overdue_message_is_counted(self):
        with contextlib.closing(Peer(self.server.address)) as peer:
            peer.headers(1, call(UNARY), end=False)
            peer.data(1, b"\x00\x00", end=False)
            self.assertEqual(peer.answer(1)[0]["grpc-status"], "4")
            peer.headers(3, request(SERVICE + UNARY, "POST", JSON), end=False)
            peer.data(3, b"{", end=False)
            self.assertEqual(peer.answer(3)[0][":status"], "408")
            self.assertTrue(peer.ping())
        self.assertEqual(self.count("message_overdue"), 2)
        self.says("message_overdue")

    def test_stalled_answer_is_counted(self):
        """A window of nothing: the answer's stream ends, the connection lives on."""
        with contextlib.closing(Peer(self.server.address, struct.pack(">HI", 4, 0))) as peer:
            peer.headers(1, call("StreamingOutputCall"), end=False)
            peer.data(1, wire.streaming_request((1000, 0)))
            self.assertIsNotNone(peer.until(lambda kind, *_: kind == RST_STREAM))
            self.assertTrue(peer.ping())
        self.assertEqual(self.count("stalled"), 1)
        self.says("stalled")

    def test_half_a_request_of_http_1_is_counted(self):
        with socket.create_connection(self.server.address, timeout=wire.PATIENCE) as connection:
            connection.sendall(f"POST {SERVICE}{UNARY} HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{{".encode())
            self.assertEqual(connection.recv(4096), b"")
        self.assertEqual(self.count("message_overdue"), 1)
        self.says("message_overdue")


if __name__ == "__main__":
    unittest.main(verbosity=1)
