"""A server of ours as a process, and a peer that sends it bytes that no library would send."""

import http.client
import os
import pathlib
import re
import socket
import struct
import subprocess
import tempfile
import time

import hpack

ROOT = pathlib.Path(__file__).resolve().parents[2]
SERVER = os.environ.get("ONEPOOL_INTEROP_SERVER", ROOT / ".build/debug/interop-server")
# How long anything may take before a test gives up; nothing is measured by it.
PATIENCE = 60
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, ACK, END_HEADERS, PADDED, PRIORITIZED = 0x1, 0x1, 0x4, 0x8, 0x20
NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, FLOW_CONTROL_ERROR, SETTINGS_TIMEOUT, STREAM_CLOSED, FRAME_SIZE_ERROR, \
    REFUSED_STREAM, CANCEL, COMPRESSION_ERROR, CONNECT_ERROR, ENHANCE_YOUR_CALM = range(12)
SERVICE = "/grpc.testing.TestService/"
EMPTY_MESSAGE = b"\x00\x00\x00\x00\x00"


def varint(number):
    text = b""
    while number > 127:
        text += bytes([number & 127 | 128])
        number >>= 7
    return text + bytes([number])


def streaming_request(*answers):
    """A framed StreamingOutputCallRequest: an answer a (bytes, microseconds before it)."""
    body = b""
    for size, pause in answers:
        parameters = b"\x08" + varint(size) + b"\x10" + varint(pause)
        body += b"\x12" + varint(len(parameters)) + parameters
    return b"\x00" + struct.pack(">I", len(body)) + body


def frame(kind, flags=0, stream=0, payload=b"", length=None):
    count = len(payload) if length is None else length
    return struct.pack(">I", count)[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def literal(name, value):
    """A field without indexing (RFC 7541, 6.2.2), whatever it holds."""
    def text(of):
        of = of.encode() if isinstance(of, str) else of
        # RFC 7541, 5.1: a prefix of 7 bits.
        length = bytes([len(of)]) if len(of) < 127 else b"\x7f" + varint(len(of) - 127)
        return length + of
    return b"\x00" + text(name) + text(value)


def block(*fields):
    return b"".join(literal(name, value) for name, value in fields)


def request(path="/nothing", method="GET", extra=(), without=()):
    """The fields of a request; by default one that is answered 404 with a body."""
    fields = [(":method", method), (":scheme", "http"), (":path", path), (":authority", "x")]
    return [field for field in fields if field[0] not in without] + list(extra)


def call(method="EmptyCall", extra=(), content_type="application/grpc"):
    return request(SERVICE + method, "POST", [("content-type", content_type), ("te", "trailers"), *extra])


class Server:
    """`interop-server` on a port of its own."""

    # What a TLS client needs to speak with it; None for plaintext.
    tls = None

    def __init__(self, *arguments, **options):
        self.log = tempfile.NamedTemporaryFile(prefix="onepool-server-")
        self.process = subprocess.Popen(
            [str(SERVER), "--port", "0", *arguments], stdout=subprocess.PIPE, stderr=self.log, text=True, **options)
        line = self.process.stdout.readline()
        assert line.startswith("listening on "), line
        host, port = line.split()[-1].rsplit(":", 1)
        self.address = host, int(port)
        self.target = f"{host}:{port}"

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.log.close()

    def is_running(self):
        return self.process.poll() is None

    def logged(self):
        return pathlib.Path(self.log.name).read_text(errors="replace")

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_bytes(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/statm").read_text().split()
        return int(fields[1]) * os.sysconf("SC_PAGE_SIZE")

    def metric(self, name, **labels):
        """A number of /metrics: the sum of the series that have all the labels."""
        if self.tls:
            connection = http.client.HTTPSConnection(*self.address, timeout=PATIENCE, context=self.tls)
        else:
            connection = http.client.HTTPConnection(*self.address, timeout=PATIENCE)
        connection.request("GET", "/metrics")
        lines = connection.getresponse().read().decode().splitlines()
        connection.close()
        wanted = [f'{label}="{value}"' for label, value in labels.items()]
        found = (re.fullmatch(name + r"(\{.*\})? (\S+)", line) for line in lines)
        return sum(float(match[2]) for match in found if match and all(text in (match[1] or "") for text in wanted))

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))


class Peer:
    """A connection, frame by frame."""

    def __init__(self, address, settings=b"", preface=PREFACE, tls=None):
        self.sock = socket.create_connection(address, timeout=PATIENCE)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            self.sock = tls.wrap_socket(self.sock, server_hostname="localhost")
        self.decoder = hpack.Decoder()
        self.buffer = b""
        self.seen = []
        if preface is not None:
            self.send(preface + frame(SETTINGS, 0, 0, settings))

    def send(self, *pieces):
        """Sends; False when the other side has had enough."""
        try:
            self.sock.sendall(b"".join(pieces))
            return True
        except (ConnectionResetError, BrokenPipeError):
            return False

    def headers(self, stream, fields, end=True, flags=END_HEADERS):
        return self.send(frame(HEADERS, flags | (END_STREAM if end else 0), stream, block(*fields)))

    def data(self, stream, payload, end=True):
        return self.send(frame(DATA, END_STREAM if end else 0, stream, payload))

    def next(self):
        """The next frame as (kind, flags, stream, payload); None when the other side has closed."""
        while len(self.buffer) < 9 or len(self.buffer) < 9 + int.from_bytes(self.buffer[:3], "big"):
            try:
                piece = self.sock.recv(1 << 16)
            except (ConnectionResetError, BrokenPipeError):
                return None
            if not piece:
                return None
            self.buffer += piece
        end = 9 + int.from_bytes(self.buffer[:3], "big")
        found = (self.buffer[3], self.buffer[4], int.from_bytes(self.buffer[5:9], "big"), self.buffer[9:end])
        self.buffer = self.buffer[end:]
        self.seen.append(found)
        return found

    def until(self, wanted):
        """The first frame that `wanted` holds for; None when the other side closes before."""
        while (found := self.next()) is not None:
            if wanted(*found):
                return found
        return None

    def answer(self, stream):
        """Header and trailer fields, and the body, of a stream's answer; None when it or the connection ends first."""
        fields, body = {}, b""
        while (found := self.next()) is not None:
            kind, flags, number, payload = found
            if kind == HEADERS:
                decoded = self.decoder.decode(payload, raw=True)
                if number == stream:
                    fields.update({name.decode(): value.decode() for name, value in decoded})
            elif kind == DATA and number == stream:
                body += payload
            elif kind == RST_STREAM and number == stream or kind == GOAWAY:
                return None
            if number == stream and kind in (HEADERS, DATA) and flags & END_STREAM:
                return fields, body
        return None

    def ending(self):
        """The code of the last GOAWAY before the other side closes; None without one."""
        code = None
        while (found := self.next()) is not None:
            if found[0] == GOAWAY:
                code = int.from_bytes(found[3][4:8], "big")
        return code

    def ping(self, mark=b"are you?"):
        """Whether the other side still answers on this connection."""
        self.send(frame(PING, 0, 0, mark))
        return self.until(lambda kind, flags, _, payload: kind == PING and flags & ACK and payload == mark) is not None

    def close(self):
        self.sock.close()


def wait_until(condition, patience=PATIENCE):
    end = time.monotonic() + patience
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True
