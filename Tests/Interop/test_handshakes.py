"""Floods of TLS handshakes that come to nothing: they cost little, are counted, fill no log, and others are served meanwhile.

The bounds are for a debug build on a busy machine."""

import contextlib
import os
import socket
import ssl
import struct
import threading
import time
import unittest

import wire
from authority import Authority
from wire import EMPTY_MESSAGE, Peer, Server, call

# What one handshake that is begun may cost, in seconds of CPU: two signatures' worth.
HANDSHAKE_SECONDS = 0.005
RESIDENT_BYTES = 100 << 20
# How long the server waits for a handshake.
SECONDS = 2


class Bystander(threading.Thread):
    """A decent client that calls all the while, each time after a handshake of its own."""

    def __init__(self, server, tls):
        super().__init__(daemon=True)
        self.server, self.tls = server, tls
        self.answered, self.failed, self.stopping = 0, [], threading.Event()

    def run(self):
        while not self.stopping.is_set():
            try:
                with contextlib.closing(Peer(self.server.address, tls=self.tls)) as peer:
                    peer.headers(1, call(), end=False)
                    peer.data(1, EMPTY_MESSAGE)
                    found = peer.answer(1)
                if found is None or found[0].get("grpc-status") != "0":
                    self.failed.append(found)
                self.answered += 1
            except OSError as error:
                self.failed.append(error)
            self.stopping.wait(0.01)


class Handshakes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.ca = Authority()
        cls.ca.issue("server", "DNS:localhost,IP:127.0.0.1")
        cls.tls = ssl.create_default_context(cafile=cls.ca.path("ca.pem"))
        cls.http2 = ssl.create_default_context(cafile=cls.ca.path("ca.pem"))
        cls.http2.set_alpn_protocols(["h2"])

    def setUp(self):
        self.server = Server(
            "--use_tls", "true", "--tls_certificate", self.ca.path("server.pem"), "--tls_key", self.ca.path("server.key"),
            "--patience_seconds", str(SECONDS))
        self.addCleanup(self.server.stop)
        self.server.tls = self.tls
        self.bystander = Bystander(self.server, self.http2)
        self.bystander.start()
        wire.wait_until(lambda: self.bystander.answered > 0)
        self.resident, self.cpu = self.server.resident_bytes(), self.server.cpu_seconds()
        self.start, self.answered = time.monotonic(), self.bystander.answered

    def tearDown(self):
        answered = self.bystander.answered
        self.assertTrue(wire.wait_until(lambda: self.bystander.answered > answered), "others are answered afterwards")
        self.bystander.stopping.set()
        self.bystander.join()
        self.assertEqual(self.bystander.failed, [])
        self.assertTrue(self.server.is_running())

    def failed(self):
        return self.server.metric("onepool_rpc_failed_handshakes_total")

    def cost(self, count):
        """`count` handshakes failed at little cost, and all of them are counted."""
        self.assertTrue(wire.wait_until(lambda: self.failed() >= count), (self.failed(), count))
        elapsed = time.monotonic() - self.start
        others = self.bystander.answered - self.answered
        spent, grown = self.server.cpu_seconds() - self.cpu, self.server.resident_bytes() - self.resident
        print(f"{self.id().rsplit('.', 1)[1]}: {count} in {elapsed:.1f} s, {spent:.2f} s of CPU, {grown >> 10} KiB more, "
              f"{others} calls answered")
        # The calls of the bystander have a whole handshake each.
        self.assertLess(spent, 1 + (count + 2 * others) * HANDSHAKE_SECONDS)
        self.assertLess(grown, RESIDENT_BYTES)
        self.assertGreater(others, 0)
        lines = [line for line in self.server.logged().splitlines() if "no TLS handshake" in line]
        self.assertTrue(lines and all("peer=127.0.0.1:" in line for line in lines))
        self.assertLess(len(lines), 10 + 2 * elapsed)

    def hello(self):
        """The first bytes of a client."""
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = self.http2.wrap_bio(incoming, outgoing, server_hostname="localhost")
        with contextlib.suppress(ssl.SSLWantReadError):
            client.do_handshake()
        return outgoing.read()

    def flood(self, count, text, held=200):
        """Opens connections that send `text(n)` and no more, `held` of them at a time."""
        open_ones = []
        for number in range(count):
            connection = socket.create_connection(self.server.address, timeout=wire.PATIENCE)
            with contextlib.suppress(ConnectionError):
                connection.sendall(text(number))
            open_ones.append(connection)
            if len(open_ones) > held:
                open_ones.pop(0).close()
        return open_ones

    def ends(self, connections):
        """The server ends each of them, with or without an alert."""
        for connection in connections:
            with contextlib.suppress(ConnectionError):
                while connection.recv(1 << 16):
                    pass
            connection.close()

    def test_handshakes_that_are_begun_and_left(self):
        hello = self.hello()
        self.ends(self.flood(1000, lambda _: hello))
        self.cost(1000)

    def test_halves_of_a_hello(self):
        hello = self.hello()
        self.ends(self.flood(1000, lambda number: hello[: number % len(hello)]))
        self.cost(1000)

    def test_garbage(self):
        def text(number):
            noise = os.urandom(300)
            kinds = [
                noise, b"GET / HTTP/1.1\r\nhost: x\r\n\r\n", wire.PREFACE,
                # Records of a handshake (RFC 8446, 5.1): of noise, too long, of another version, empty.
                b"\x16\x03\x01" + struct.pack(">H", 300) + noise, b"\x16\x03\x01\xff\xff" + noise,
                b"\x16\x09\x09" + struct.pack(">H", 300) + noise, b"\x16\x03\x01\x00\x00" * 50,
                # A hello that says it has 16 MiB; an alert; data before any handshake.
                b"\x16\x03\x01\x01\x2c\x01\xff\xff\xff" + noise[:296], b"\x15\x03\x01\x00\x02\x02\x28",
                b"\x17\x03\x03" + struct.pack(">H", 300) + noise,
            ]
            return kinds[number % len(kinds)]
        self.ends(self.flood(1000, text))
        self.cost(1000)

    def test_hello_byte_by_byte(self):
        """Each byte comes in time, the handshake does not."""
        hello = self.hello()
        with socket.create_connection(self.server.address, timeout=0.05) as connection:
            start = time.monotonic()
            ended = False
            for index in range(len(hello) - 1):
                try:
                    connection.sendall(hello[index : index + 1])
                    ended = connection.recv(1024) == b""
                except TimeoutError:
                    continue
                except ConnectionError:
                    ended = True
                if ended:
                    break
            self.assertTrue(ended)
            self.assertLess(time.monotonic() - start, SECONDS + 10)
        self.cost(1)

    def test_handshake_without_a_preface(self):
        """It is made, and then nothing comes."""
        connection = socket.create_connection(self.server.address, timeout=wire.PATIENCE)
        with self.http2.wrap_socket(connection, server_hostname="localhost") as secured:
            while secured.recv(1 << 16):
                pass
        self.assertTrue(wire.wait_until(lambda: "headers_overdue" in self.server.logged()))


if __name__ == "__main__":
    unittest.main(verbosity=1)
