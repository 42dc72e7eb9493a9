"""grpcio and curl against a pool that speaks TLS and has a policy: what gets through, what is refused, and what changes
while it runs. The program is that of the debug build, or what ONEPOOL_BIN has.
"""

import hashlib
import json
import os
import pathlib
import re
import signal
import subprocess
import time
import unittest

import grpc

from authority import Authority

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(os.environ.get("ONEPOOL_BIN", ROOT / ".build/debug")) / "onepool-pool"
SERVICE = "onepool.pool.v1.PoolService"
PATIENCE = 30


def policy(*tokens):
    grants = [
        {"to": "anyone", "allow": ["grpc.health.v1.Health/*"]},
        {"identity": "spiffe://onepool/gateway", "allow": [f"{SERVICE}/GetStock"]},
    ]
    for token in tokens:
        digest = hashlib.sha256(token.encode()).hexdigest()
        grants.append({"token": token, "sha256": digest, "allow": ["*"]})
    return json.dumps({"grants": grants})


def eventually(look):
    end = time.monotonic() + PATIENCE
    while not (answer := look()):
        if time.monotonic() > end:
            raise AssertionError("not in time")
        time.sleep(0.05)  # between looks
    return answer


class TLSTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.ca = Authority()
        cls.ca.issue("server", "DNS:localhost")
        cls.ca.issue("gateway", "URI:spiffe://onepool/gateway")
        (cls.ca.folder / "policy").write_text(policy("operator", "guest"))
        cls.log = open(cls.ca.path("log"), "w+", encoding="utf-8")
        environment = {
            "PATH": os.environ.get("PATH", ""),
            "ONEPOOL_LISTEN": "0.0.0.0:0",
            "ONEPOOL_DATA": cls.ca.path("data"),
            "ONEPOOL_TLS_CERTIFICATE": cls.ca.path("server.pem"),
            "ONEPOOL_TLS_KEY": cls.ca.path("server.key"),
            "ONEPOOL_TLS_CLIENT_CA": cls.ca.path("ca.pem"),
            "ONEPOOL_ACCESS_POLICY": cls.ca.path("policy"),
        }
        cls.process = subprocess.Popen([PROGRAM], env=environment, stdout=cls.log, stderr=cls.log)
        cls.port = eventually(lambda: re.search(r"address=\S*:(\d+)", cls.said())).group(1)

    @classmethod
    def tearDownClass(cls):
        cls.process.send_signal(signal.SIGTERM)
        status = cls.process.wait(PATIENCE)
        cls.log.close()
        if status != 0:
            raise AssertionError(f"the pool ended with {status}")

    @classmethod
    def said(cls):
        return pathlib.Path(cls.log.name).read_text(encoding="utf-8")

    def channel(self, identity=None):
        own = (self.ca.bytes(f"{identity}.key"), self.ca.bytes(f"{identity}.pem")) if identity else (None, None)
        channel = grpc.secure_channel(f"localhost:{self.port}", grpc.ssl_channel_credentials(self.ca.bytes("ca.pem"), *own))
        self.addCleanup(channel.close)
        return channel

    def code(self, channel, method, token=None):
        """The code that a call with an empty request ends with; NOT_FOUND and INVALID_ARGUMENT come from its handler."""
        call = channel.unary_unary(f"/{method}", request_serializer=bytes, response_deserializer=bytes)
        metadata = [("authorization", f"Bearer {token}")] if token else []
        try:
            call(b"", metadata=metadata, timeout=PATIENCE)
            return grpc.StatusCode.OK
        except grpc.RpcError as error:
            return error.code()

    def curl(self, *arguments, path="/readyz"):
        command = ["curl", "--silent", "--max-time", "20", "--write-out", "\n%{http_code} %{http_version}", *arguments]
        done = subprocess.run([*command, f"https://localhost:{self.port}{path}"], capture_output=True, check=False)
        return done.returncode, done.stdout.decode().split("\n")[-1], done.stdout.decode()

    def test_certificates_and_tokens_open_what_the_policy_says(self):
        code, stock, set_sku = grpc.StatusCode, f"{SERVICE}/GetStock", f"{SERVICE}/SetSku"
        self.assertEqual(self.code(self.channel(), "grpc.health.v1.Health/Check"), code.OK)
        self.assertEqual(self.code(self.channel(), stock), code.UNAUTHENTICATED)
        self.assertEqual(self.code(self.channel(), stock, "nobody"), code.PERMISSION_DENIED)
        self.assertIn(self.code(self.channel(), stock, "operator"), (code.INVALID_ARGUMENT, code.NOT_FOUND))
        gateway = self.channel("gateway")
        self.assertIn(self.code(gateway, stock), (code.INVALID_ARGUMENT, code.NOT_FOUND))
        self.assertEqual(self.code(gateway, set_sku), code.PERMISSION_DENIED)
        self.assertEqual(self.code(gateway, "grpc.reflection.v1.ServerReflection/ServerReflectionInfo"), code.PERMISSION_DENIED)

    def test_token_is_revoked_while_calls_go_on(self):
        channel, stock = self.channel(), f"{SERVICE}/GetStock"
        self.assertNotEqual(self.code(channel, stock, "guest"), grpc.StatusCode.PERMISSION_DENIED)
        (self.ca.folder / "policy").write_text(policy("operator"))
        eventually(lambda: self.code(channel, stock, "guest") == grpc.StatusCode.PERMISSION_DENIED)
        self.assertNotEqual(self.code(channel, stock, "operator"), grpc.StatusCode.PERMISSION_DENIED)

    def test_curl_speaks_both_versions(self):
        trust = ("--cacert", self.ca.path("ca.pem"))
        for option, version in (("--http1.1", "1.1"), ("--http2", "2")):
            status, last, _ = self.curl(option, *trust)
            self.assertEqual((status, last), (0, f"200 {version}"))
            self.assertEqual(self.curl(option)[0], 60, "curl knows no such authority")
            body = ("--json", '{"sku":"A"}')
            path = f"/{SERVICE}/GetStock"
            status, last, text = self.curl(option, *trust, *body, path=path)
            self.assertEqual((status, last), (0, f"401 {version}"))
            self.assertIn("CREDENTIALS_MISSING", text)
            token = ("--header", "authorization: Bearer operator")
            self.assertEqual(self.curl(option, *trust, *body, *token, path=path)[1], f"404 {version}")

    def test_plaintext_is_not_answered(self):
        done = subprocess.run(
            ["curl", "--silent", "--max-time", "20", f"http://localhost:{self.port}/readyz"], capture_output=True, check=False
        )
        self.assertEqual((done.returncode != 0, done.stdout), (True, b""))

    def test_certificate_is_reloaded(self):
        self.ca.issue("later", "DNS:localhost")
        for kind in ("key", "pem"):
            os.replace(self.ca.path(f"later.{kind}"), self.ca.path(f"server.{kind}"))
        eventually(lambda: self.said().count("certificates for callers") > 0)
        self.assertEqual(self.curl("--cacert", self.ca.path("ca.pem"))[0], 0)


if __name__ == "__main__":
    unittest.main()
