"""grpcio's client and its keepalive (gRFC A8): one that pings more often than it may is told so, one that keeps to it is
borne for as long as it likes."""

import threading
import time
import unittest

import grpc

import wire
from wire import Server, streaming_request


class Keepalive(unittest.TestCase):
    def call(self, interval):
        """A stream that is open and silent, on a connection that pings every 1.2 seconds (grpcio pings once a second at
        most), to a server that bears one ping in each `interval` seconds."""
        self.server = Server("--ping_interval_seconds", str(interval), "--ping_strikes", "1")
        self.addCleanup(self.server.stop)
        channel = grpc.insecure_channel(self.server.target, options=[
            ("grpc.keepalive_time_ms", 1200), ("grpc.keepalive_timeout_ms", 20_000),
            ("grpc.http2.max_pings_without_data", 0), ("grpc.http2.bdp_probe", 0), ("grpc.enable_retries", 0)])
        self.addCleanup(channel.close)
        method = channel.stream_stream(
            wire.SERVICE + "FullDuplexCall", request_serializer=bytes, response_deserializer=bytes)
        self.ending = threading.Event()

        def requests():
            yield streaming_request((1, 0))[5:]
            self.ending.wait()
            yield streaming_request((2, 0))[5:]
        self.addCleanup(self.ending.set)
        call = method(requests(), timeout=wire.PATIENCE)
        next(call)
        return call

    def test_pings_that_are_too_many_end_the_connection(self):
        call = self.call(10)
        with self.assertRaises(grpc.RpcError) as raised:
            next(call)
        self.assertEqual(raised.exception.code(), grpc.StatusCode.UNAVAILABLE)
        self.assertIn("too_many_pings", raised.exception.details().lower().replace(" ", "_"))
        self.assertTrue(wire.wait_until(lambda: "reason=pings" in self.server.logged()))

    def test_pings_that_are_allowed_keep_it(self):
        call = self.call(1)
        time.sleep(5)
        self.ending.set()
        next(call)
        self.assertIsNone(next(call, None))
        self.assertEqual(call.code(), grpc.StatusCode.OK)
        self.assertNotIn("reason=pings", self.server.logged())


if __name__ == "__main__":
    unittest.main(verbosity=1)
