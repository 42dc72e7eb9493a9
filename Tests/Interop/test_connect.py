"""The Connect protocol against the real processes: streams and GET by plain curl, and all of it by buf curl."""

import gzip
import json
import pathlib
import struct
import subprocess
import sys
import unittest
import urllib.parse

from interop import ADDRESSES, unique
from test_http import POOL, VERSIONS, call, curl

BUF = pathlib.Path(sys.executable).with_name("buf")


def framed(payload, flags=0):
    return struct.pack(">BI", flags, len(payload)) + payload


def envelopes(body):
    found = []
    while body:
        flags, length = struct.unpack(">BI", body[:5])
        found.append((flags, body[5:5 + length]))
        body = body[5 + length:]
    return found


def buf_arguments(path, request):
    """Buf learns the messages by reflection."""
    return [BUF, "curl", "--protocol", "connect", "--http2-prior-knowledge", "--data", json.dumps(request),
            f"http://{ADDRESSES['pool']}{path}"]


def buf_curl(path, request):
    """Asks with buf, and returns its exit status, output and errors."""
    done = subprocess.run(buf_arguments(path, request), capture_output=True, check=False, timeout=60, text=True)
    return done.returncode, done.stdout, done.stderr


class Streams(unittest.TestCase):
    def ask(self, request, *headers, version, kind="application/connect+json"):
        options = [each for header in (f"Content-Type: {kind}", *headers) for each in ("--header", header)]
        return curl("pool", "/grpc.health.v1.Health/Watch", *options, version=version, body=request)

    def test_messages_come_until_the_deadline_whose_end_says_so(self):
        for version in VERSIONS:
            with self.subTest(version):
                answer = self.ask(framed(b"{}"), "Connect-Timeout-Ms: 500", version=version)
                self.assertEqual((answer.status, answer.type), (200, "application/connect+json"))
                (flags, first), (end_flags, end) = envelopes(answer.body)
                self.assertEqual((flags, json.loads(first)), (0, {"status": "SERVING"}))
                self.assertEqual((end_flags, json.loads(end)["error"]["code"]), (2, "deadline_exceeded"))

    def test_protobuf_streams_work_too(self):
        for version in VERSIONS:
            answer = self.ask(framed(b""), "Connect-Timeout-Ms: 500", version=version, kind="application/connect+proto")
            self.assertEqual(envelopes(answer.body)[0], (0, b"\x08\x01"))

    def test_compressed_messages_are_read(self):
        for version in VERSIONS:
            answer = self.ask(framed(gzip.compress(b"{}"), 1), "Connect-Content-Encoding: gzip",
                              "Connect-Timeout-Ms: 500", version=version)
            self.assertEqual(json.loads(envelopes(answer.body)[0][1]), {"status": "SERVING"})

    def test_a_bad_message_ends_the_stream_with_an_error(self):
        for version in VERSIONS:
            answer = self.ask(framed(b"{"), version=version)
            self.assertEqual(answer.status, 200)
            ((flags, end),) = envelopes(answer.body)
            self.assertEqual((flags, json.loads(end)["error"]["code"]), (2, "invalid_argument"))

    def test_content_types_of_the_other_kind_are_refused(self):
        for version in VERSIONS:
            self.assertEqual(self.ask(b"{}", version=version, kind="application/json").status, 415)
            answer = curl("pool", f"{POOL}/GetStock", "--header", "Content-Type: application/connect+json",
                          version=version, body=framed(b"{}"))
            self.assertEqual(answer.status, 415)


class Unary(unittest.TestCase):
    def test_get_asks_what_changes_nothing(self):
        for version in VERSIONS:
            with self.subTest(version):
                sku = unique("SKU")
                call("SetSku", {"sku": {"sku": sku}}, version=version)
                message = urllib.parse.quote(json.dumps({"sku": sku}))
                answer = curl("pool", f"{POOL}/GetStock?connect=v1&encoding=json&message={message}", version=version)
                self.assertEqual((answer.status, answer.type), (200, "application/json"), answer.body)
                self.assertEqual(curl("pool", f"{POOL}/SetSku?encoding=json&message=%7B%7D", version=version).status, 405)

    def test_bodies_may_be_compressed(self):
        for version in VERSIONS:
            answer = call("ListSkus", gzip.compress(b'{"pageSize": 1}'), "--header", "Content-Encoding: gzip",
                          version=version)
            self.assertEqual(answer.status, 200)

    def test_the_version_is_checked(self):
        answer = call("ListSkus", {}, "--header", "Connect-Protocol-Version: 2")
        self.assertEqual((answer.status, answer.json()["code"]), (400, "invalid_argument"))


class Buf(unittest.TestCase):
    def test_unary_calls_by_reflection(self):
        sku = unique("SKU")
        status, _, errors = buf_curl(f"{POOL}/SetSku", {"sku": {"sku": sku}})
        self.assertEqual(status, 0, errors)
        status, output, errors = buf_curl(f"{POOL}/GetStock", {"sku": sku})
        self.assertEqual(status, 0, errors)
        json.loads(output)

    def test_errors_have_their_details(self):
        status, _, errors = buf_curl(f"{POOL}/GetStock", {"sku": unique("NO")})
        self.assertNotEqual(status, 0)
        self.assertIn("not_found", errors)
        self.assertIn("SKU_UNKNOWN", errors)

    def test_server_streams(self):
        with subprocess.Popen(buf_arguments("/grpc.health.v1.Health/Watch", {}), stdout=subprocess.PIPE,
                              text=True) as watch:
            text = ""
            while "SERVING" not in text:
                line = watch.stdout.readline()
                self.assertTrue(line, "the stream ended")
                text += line
            watch.kill()

    def test_a_streams_error_is_read(self):
        status, _, errors = buf_curl(f"{POOL}/WatchAvailability", {"channelIds": [""]})
        self.assertNotEqual(status, 0)
        self.assertIn("invalid_argument", errors)


if __name__ == "__main__":
    unittest.main()
