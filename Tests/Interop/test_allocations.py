"""What calls cost a real process in allocations: they are counted exactly, so a path that begins to copy is seen here.

The bounds are for the debug build that tests use, which allocates more than a release build does; `make bench` counts
that one."""

import os
import pathlib
import subprocess
import tempfile
import unittest

from wire import DATA, END_STREAM, WINDOW_UPDATE, Peer, Server, call, frame, streaming_request

# Allocations a unary call and a message of a stream may cost, and a DATA frame beyond the first of a message.
UNARY, STREAMED, FRAME = 60, 6, 0.25
CALLS = 1000
COUNTER = pathlib.Path(__file__).with_name("allocations.c")


class Counted:
    """A server whose allocations are counted."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="onepool-allocations-")
        library = pathlib.Path(self.folder.name, "allocations.so")
        subprocess.run(
            ["gcc", "-O2", "-Wall", "-Werror", "-shared", "-fPIC", COUNTER, "-o", library], check=True)
        self.file = pathlib.Path(self.folder.name, "count")
        self.file.write_bytes(bytes(8))
        self.server = Server(
            "--loops", "1", env={**os.environ, "LD_PRELOAD": str(library), "ALLOCATIONS": str(self.file)})
        self.peer = Peer(self.server.address)
        self.stream = 1

    def close(self):
        self.peer.close()
        self.server.stop()
        self.folder.cleanup()

    def count(self):
        return int.from_bytes(self.file.read_bytes(), "little")

    def call(self, method, *payloads):
        """Makes a call whose message comes in these DATA frames; the answer's body."""
        self.peer.headers(self.stream, call(method), end=False)
        frames = [
            frame(DATA, END_STREAM if last else 0, self.stream, payload)
            for payload, last in zip(payloads, [False] * (len(payloads) - 1) + [True])]
        self.peer.send(*frames)
        fields, body = self.peer.answer(self.stream)
        assert fields["grpc-status"] == "0", fields
        self.stream += 2
        self.peer.send(frame(WINDOW_UPDATE, payload=len(body).to_bytes(4, "big")))
        return body

    def cost(self, times, method, *payloads):
        """Allocations a call, once all that is made once is made."""
        for _ in range(100):
            self.call(method, *payloads)
        before = self.count()
        for _ in range(times):
            self.call(method, *payloads)
        return (self.count() - before) / times


class Allocations(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.counted = Counted()
        cls.addClassCleanup(cls.counted.close)

    # SimpleRequest: response_size 50, and a payload of 50 bytes.
    MESSAGE = b"\x10\x32\x1a\x34\x12\x32" + bytes(50)
    FRAMED = b"\0" + len(MESSAGE).to_bytes(4, "big") + MESSAGE

    def test_unary(self):
        cost = self.counted.cost(CALLS, "UnaryCall", self.FRAMED)
        print(f"{cost:.2f} allocations a unary call")
        self.assertGreater(cost, 5, "they are not counted")
        self.assertLessEqual(cost, UNARY)

    def test_frames_cost_nothing(self):
        """A message in 32 pieces against the same in one."""
        whole = self.counted.cost(CALLS, "UnaryCall", self.FRAMED)
        pieces = [self.FRAMED[start:start + 2] for start in range(0, len(self.FRAMED), 2)]
        cost = (self.counted.cost(CALLS, "UnaryCall", *pieces) - whole) / (len(pieces) - 1)
        print(f"{cost:.2f} allocations a DATA frame")
        self.assertLessEqual(cost, FRAME)

    def test_streamed_messages(self):
        few, many = (
            self.counted.cost(20, "StreamingOutputCall", streaming_request(*[(60, 0)] * number))
            for number in (10, 210))
        cost = (many - few) / 200
        print(f"{cost:.2f} allocations a message of a stream")
        self.assertLessEqual(cost, STREAMED)


if __name__ == "__main__":
    unittest.main(verbosity=1)
