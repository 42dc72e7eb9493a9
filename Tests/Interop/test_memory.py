"""What a slow reader may cost in memory, in a server process of its own: what its answers may have waiting is bounded, and
beside it each open stream costs the same however much its handler would send.

The bounds hold for a debug build, whose handlers' frames are three quarters of what a stream costs."""

import struct
import unittest

import wire
from wire import DATA, END_HEADERS, HEADERS, WINDOW_UPDATE, Peer, Server, block, call, frame

STREAMS = 100_000
# What the answers of one connection may have waiting: `TransportLimits.connectionUnsentBytes`.
UNSENT_BYTES = 32 << 20
# What an open stream costs beside: nghttp2's records and ours, its request, its handler's task.
STREAM_BYTES = 16 << 10
# What the process takes for all of them together: buffers, tables that grow by doubling.
SLACK_BYTES = 64 << 20
METHOD = "FullDuplexCall"


class SlowReader(unittest.TestCase):
    def setUp(self):
        self.server = Server("--streams", str(STREAMS), "--calls", str(2 * STREAMS), "--loops", "1")
        self.addCleanup(self.server.stop)
        self.before = self.server.resident_bytes()

    def in_flight(self):
        return self.server.metric("onepool_rpc_in_flight", method=METHOD)

    def open(self, count, answers):
        """One connection with `count` streams and a window of nothing, of which nothing is read."""
        peer = Peer(self.server.address, struct.pack(">HI", 4, 0))
        self.addCleanup(peer.close)
        fields, wanted = block(*call(METHOD)), wire.streaming_request(*answers)
        for first in range(1, 2 * count, 2000):
            self.assertTrue(peer.send(*(
                frame(HEADERS, END_HEADERS, number, fields) + frame(DATA, 0, number, wanted)
                for number in range(first, min(first + 2000, 2 * count), 2))))
        return peer

    def grown(self):
        grown = self.server.resident_bytes() - self.before
        print(f"{self.id().rsplit('.', 1)[1]}: {grown >> 20} MiB more")
        return grown

    def test_each_open_stream_costs_little(self):
        """100,000 of one reader, each with three answers waiting; then the last one is read after all."""
        peer = self.open(STREAMS, [(100, 0)] * 3)
        self.assertTrue(wire.wait_until(lambda: self.in_flight() == STREAMS))
        self.assertLess(self.grown(), UNSENT_BYTES + STREAMS * STREAM_BYTES)
        last = 2 * STREAMS - 1
        peer.send(frame(WINDOW_UPDATE, 0, last, struct.pack(">I", 1 << 20)))
        self.assertIsNotNone(peer.until(lambda kind, _, stream, __: kind == DATA and stream == last))
        peer.close()
        self.assertTrue(wire.wait_until(lambda: self.in_flight() == 0))

    def test_answers_that_wait_are_bounded_in_all(self):
        """20,000 streams that would send 1.6 MiB each: those beyond the bound are ended, whatever they would send."""
        self.open(STREAMS // 5, [(16 << 10, 0)] * 100)

        def ended():
            return self.server.metric("onepool_rpc_faults_total", fault="answers_waiting")
        self.assertTrue(wire.wait_until(lambda: ended() + self.in_flight() == STREAMS // 5))
        self.assertGreater(ended(), STREAMS // 10)
        self.assertLess(self.grown(), UNSENT_BYTES + SLACK_BYTES)


if __name__ == "__main__":
    unittest.main(verbosity=1)
