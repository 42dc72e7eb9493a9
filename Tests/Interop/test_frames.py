"""What no decent client sends, frame by frame: each ends its own call or connection, and the service goes on."""

import os
import random
import socket
import struct
import unittest

import grpc
import h2.config
import h2.connection
import h2.events
import h2.exceptions

from interop import ADDRESSES, channel, module, stub

# The one that the frames go to, and a path of a unary method of it.
TARGET = os.environ.get("ONEPOOL_FRAMES_TARGET", "pool")
HOST, PORT = ADDRESSES[TARGET].rsplit(":", 1)
UNARY = {
    "pool": "/onepool.pool.v1.PoolService/ListSkus",
    "mapping": "/onepool.mapping.v1.MappingService/ListChannels",
}[TARGET]
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SEED = int(os.environ.get("ONEPOOL_SEED", random.SystemRandom().randrange(1 << 32)))


def connect():
    sock = socket.create_connection((HOST, int(PORT)), timeout=60)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def read_to_end(sock, limit=1 << 20):
    """All that comes until the other side closes; fails when it does not within the socket's time."""
    data = b""
    while len(data) < limit:
        try:
            piece = sock.recv(65536)
        except (ConnectionResetError, BrokenPipeError):
            break
        if not piece:
            break
        data += piece
    return data


def send_all(sock, data):
    """Sends; that the other side has had enough is no failure."""
    try:
        sock.sendall(data)
        return True
    except (ConnectionResetError, BrokenPipeError):
        return False


def goaway_codes(data):
    """The error codes of the GOAWAY frames in what a server sent."""
    codes, position = [], 0
    while position + 9 <= len(data):
        length = int.from_bytes(data[position : position + 3], "big")
        if data[position + 3] == 7:
            codes.append(int.from_bytes(data[position + 13 : position + 17], "big"))
        position += 9 + length
    return codes


class Client:
    """h2 without its own checks, so that it sends what it is told to."""

    def __init__(self):
        config = h2.config.H2Configuration(
            client_side=True, validate_outbound_headers=False, normalize_outbound_headers=False)
        self.sock = connect()
        self.h2 = h2.connection.H2Connection(config)
        self.h2.initiate_connection()
        self.flush()

    def flush(self):
        return send_all(self.sock, self.h2.data_to_send())

    def headers(self, stream, extra=(), path=UNARY, end=False):
        self.h2.send_headers(
            stream,
            [(":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "x"),
             ("content-type", "application/grpc"), ("te", "trailers"), *extra],
            end_stream=end)

    def wait(self, stream):
        """Headers and trailers of the stream's answer together; None when the connection or stream was ended."""
        seen = {}
        while True:
            try:
                data = self.sock.recv(65536)
            except ConnectionResetError:
                return None
            if not data:
                return None
            for event in self.h2.receive_data(data):
                if isinstance(event, (h2.events.ResponseReceived, h2.events.TrailersReceived)):
                    if event.stream_id == stream:
                        seen.update({name.decode(): value.decode() for name, value in event.headers})
                elif isinstance(event, h2.events.StreamEnded) and event.stream_id == stream:
                    return seen
                elif isinstance(event, h2.events.StreamReset) and event.stream_id == stream:
                    return seen or None
                elif isinstance(event, h2.events.ConnectionTerminated):
                    return None
            self.flush()

    def close(self):
        self.sock.close()


class Frames(unittest.TestCase):
    def setUp(self):
        self.client = None

    def tearDown(self):
        if self.client:
            self.client.close()
        self.assert_alive()

    def open(self):
        self.client = Client()
        return self.client

    def assert_alive(self):
        connection = channel(TARGET)
        try:
            if TARGET == "pool":
                request = module("pool", "pool_service").ListSkusRequest(page_size=1)
                stub("pool", connection).ListSkus(request, timeout=60)
            else:
                request = module("mapping", "mapping_service").ListChannelsRequest(page_size=1)
                stub("mapping", connection).ListChannels(request, timeout=60)
        finally:
            connection.close()


class Connections(Frames):
    def test_garbage_instead_of_a_preface_is_answered_or_closed(self):
        for data in (b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\xff" * 100_000):
            sock = connect()
            send_all(sock, data)
            read_to_end(sock)
            sock.close()

    def test_garbage_that_never_ends_harms_nobody(self):
        for data in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 500, b"\x00" * 64, b"\r\n\r\n"):
            sock = connect()
            send_all(sock, data)
            sock.close()

    def test_half_a_preface_and_nothing_more_harms_nobody(self):
        for count in (0, 1, 10, 23):
            sock = connect()
            sock.sendall(PREFACE[:count])
            sock.close()

    def test_random_frames_end_the_connection(self):
        rng = random.Random(SEED)
        for _ in range(50):
            sock = connect()
            sock.sendall(PREFACE + frame(4, 0, 0))
            for _ in range(20):
                payload = rng.randbytes(rng.randrange(64))
                stream = rng.choice([0, 1, 1, 2, 3, 0x7FFFFFFF])
                if not send_all(sock, frame(rng.randrange(12), rng.randrange(256), stream, payload)):
                    break
            try:
                sock.shutdown(socket.SHUT_WR)
            except OSError:
                pass
            read_to_end(sock)
            sock.close()

    def test_a_frame_too_large_is_a_size_error(self):
        sock = connect()
        sock.sendall(PREFACE + frame(4, 0, 0) + struct.pack(">I", 1 << 23)[1:] + bytes([0, 0]) + struct.pack(">I", 1))
        send_all(sock, b"a" * 100_000)
        codes = goaway_codes(read_to_end(sock))
        self.assertTrue(not codes or codes[-1] in (1, 6), codes)
        sock.close()

    def test_data_on_stream_zero_is_a_protocol_error(self):
        sock = connect()
        sock.sendall(PREFACE + frame(4, 0, 0) + frame(0, 0, 0, b"abc"))
        self.assertEqual(goaway_codes(read_to_end(sock))[-1:], [1])
        sock.close()

    def test_headers_that_do_not_decode_are_a_compression_error(self):
        sock = connect()
        sock.sendall(PREFACE + frame(4, 0, 0) + frame(1, 5, 1, b"\xff\xff\xff\xff\xff\xff"))
        self.assertEqual(goaway_codes(read_to_end(sock))[-1:], [9])
        sock.close()

    def test_a_stream_number_that_goes_back_is_a_protocol_error(self):
        client = self.open()
        client.headers(5, end=True)
        client.flush()
        client.wait(5)
        # A literal block that needs no table: stream 3 was passed over (RFC 9113, 5.1.1).
        block = b"".join(
            b"\x00" + bytes([len(name)]) + name + bytes([len(value)]) + value
            for name, value in ((b":method", b"POST"), (b":scheme", b"http"), (b":path", b"/x"), (b":authority", b"x")))
        client.sock.sendall(frame(1, 5, 3, block))
        self.assertEqual(goaway_codes(read_to_end(client.sock))[-1:], [1])

    def test_floods_of_settings_and_pings_end_or_are_borne(self):
        for flood in (frame(4, 0, 0), frame(6, 0, 0, b"12345678")):
            sock = connect()
            sock.sendall(PREFACE + frame(4, 0, 0))
            sock.settimeout(5)
            for _ in range(100):
                if not send_all(sock, flood * 1000):
                    break
                # What is answered is read now and then, so that neither side blocks for ever.
                sock.setblocking(False)
                try:
                    while sock.recv(1 << 20):
                        pass
                except (BlockingIOError, ConnectionResetError):
                    pass
                sock.settimeout(5)
            sock.close()

    def test_a_request_cut_off_is_forgotten(self):
        for cut in (0, 3, 5, 8):
            client = Client()
            client.headers(1)
            client.h2.send_data(1, (b"\x00\x00\x00\x00\x08" + b"\x0a\x06abcdef")[:cut])
            client.flush()
            # With a linger of zero the close is a RST.
            client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", cut % 2, 0))
            client.close()

    def test_half_a_request_of_http_1_is_forgotten(self):
        for text in (b"POST /x HTTP/1.1\r\n", b"POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc",
                     b"GET /healthz HTTP/1.1\r\nHost"):
            sock = connect()
            sock.sendall(text)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sock.close()


class Streams(Frames):
    def test_headers_too_large_are_431(self):
        client = self.open()
        client.headers(1, extra=[(f"x-{number}", "a" * 1000) for number in range(40)], end=True)
        client.flush()
        seen = client.wait(1)
        self.assertTrue(seen is None or seen[":status"] == "431", seen)

    def test_a_length_beyond_the_limit_is_exhausted(self):
        client = self.open()
        client.headers(1)
        client.h2.send_data(1, b"\x00\xff\xff\xff\xff" + b"a" * 100, end_stream=True)
        client.flush()
        self.assertEqual(client.wait(1)["grpc-status"], str(grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]))

    def test_a_compressed_flag_without_compression_is_an_error(self):
        client = self.open()
        client.headers(1)
        client.h2.send_data(1, b"\x01\x00\x00\x00\x00", end_stream=True)
        client.flush()
        self.assertIn(client.wait(1)["grpc-status"], ("12", "13"))

    def test_a_call_without_a_message_is_an_error(self):
        for body in (b"", b"\x00\x00", b"\x00\x00\x00\x00\x05ab"):
            client = Client()
            client.headers(1)
            client.h2.send_data(1, body, end_stream=True)
            client.flush()
            self.assertNotEqual(client.wait(1)["grpc-status"], "0")
            client.close()

    def test_two_messages_for_a_unary_method_are_an_error(self):
        client = self.open()
        client.headers(1)
        client.h2.send_data(1, b"\x00\x00\x00\x00\x00" * 2, end_stream=True)
        client.flush()
        self.assertNotEqual(client.wait(1)["grpc-status"], "0")

    def test_a_timeout_that_is_over_on_arrival_is_exceeded(self):
        client = self.open()
        client.headers(1, extra=[("grpc-timeout", "0n")])
        client.h2.send_data(1, b"\x00\x00\x00\x00\x00", end_stream=True)
        client.flush()
        self.assertEqual(client.wait(1)["grpc-status"], str(grpc.StatusCode.DEADLINE_EXCEEDED.value[0]))

    def test_a_timeout_that_makes_no_sense_is_refused(self):
        for number, text in enumerate(("x", "10", "123456789S", "-1S", "S", "1 S")):
            client = Client()
            client.headers(1, extra=[("grpc-timeout", text)])
            client.h2.send_data(1, b"\x00\x00\x00\x00\x00", end_stream=True)
            client.flush()
            self.assertNotEqual(client.wait(1)["grpc-status"], "0", (number, text))
            client.close()

    def test_the_longest_timeout_is_taken(self):
        client = self.open()
        client.headers(1, extra=[("grpc-timeout", "99999999H")])
        client.h2.send_data(1, b"\x00\x00\x00\x00\x00", end_stream=True)
        client.flush()
        self.assertEqual(client.wait(1)["grpc-status"], "0")

    def test_streams_reset_as_soon_as_they_open_do_not_pile_up(self):
        client = self.open()
        for number in range(5000):
            stream = 2 * number + 1
            try:
                client.headers(stream)
                client.h2.reset_stream(stream, 8)
            except h2.exceptions.ProtocolError:
                break
            if number % 100 == 0 and not client.flush():
                break

    def test_an_answer_that_nobody_reads_holds_nobody_up(self):
        clients = []
        for _ in range(8):
            client = Client()
            client.h2.increment_flow_control_window(1)
            for number in range(50):
                client.headers(2 * number + 1)
                client.h2.send_data(2 * number + 1, b"\x00\x00\x00\x00\x00", end_stream=True)
            client.flush()
            clients.append(client)
        self.assert_alive()
        for client in clients:
            client.close()


if __name__ == "__main__":
    print(f"seed: {SEED}")
    print("services:", ADDRESSES)
    unittest.main(verbosity=2)
