"""Plain curl against the real processes: Connect over HTTP/1.1 and HTTP/2, health, metrics, and the channels' hooks."""

import base64
import hashlib
import hmac
import json
import subprocess
import tempfile
import unittest

from interop import ADDRESSES, SERVICES, channel, module, stub, unique

POOL = "/onepool.pool.v1.PoolService"
VERSIONS = ("--http1.1", "--http2-prior-knowledge")


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def type(self):
        return self.headers.get("content-type", "").split(";")[0]

    def json(self):
        return json.loads(self.body)


def curl(service, path, *options, version="--http1.1", body=None):
    """Asks with curl, and returns what came back; fails when the connection was not answered."""
    with tempfile.NamedTemporaryFile() as headers:
        arguments = ["curl", "--silent", "--show-error", "--max-time", "20", version, "--dump-header", headers.name]
        if body is not None:
            arguments += ["--data-binary", "@-"]
        # Without it curl asks first whether a large body is wanted, and waits a second for the answer.
        arguments += ["--header", "Expect:", *options, f"http://{ADDRESSES[service]}{path}"]
        done = subprocess.run(arguments, input=body, capture_output=True, check=False)
        if done.returncode != 0:
            raise AssertionError(f"{' '.join(arguments)}: {done.stderr.decode()}")
        lines = headers.read().decode().splitlines()
    pairs = [line.split(":", 1) for line in lines[1:] if ":" in line]
    status = int(lines[0].split()[1])
    return Answer(status, {name.lower(): value.strip() for name, value in pairs}, done.stdout)


def call(name, request, *options, version="--http1.1"):
    body = request if isinstance(request, bytes) else json.dumps(request).encode()
    return curl("pool", f"{POOL}/{name}", "--header", "Content-Type: application/json", *options,
                version=version, body=body)


class Connect(unittest.TestCase):
    def test_a_call_is_json_both_ways(self):
        for version in VERSIONS:
            with self.subTest(version):
                sku, location = unique("SKU"), unique("LOC")
                self.assertEqual(call("SetSku", {"sku": {"sku": sku}}, version=version).status, 200)
                self.assertEqual(call("SetLocation", {"location": {"locationId": location}}, version=version).status, 200)
                # Counts are texts or numbers; names in JSON or as the proto has them.
                line = {"sku": sku, "location_id": location, "quantity": "3"}
                received = call("ReceiveStock", {"lines": [line, {**line, "quantity": 4}]}, version=version)
                self.assertEqual((received.status, received.type), (200, "application/json"), received.body)
                stock = call("GetStock", {"sku": sku}, version=version)
                self.assertEqual(stock.json()["total"]["onHandCount"], "7")

    def test_protobuf_bodies_work_too(self):
        requests = module("pool", "pool_service")
        for version in VERSIONS:
            answer = curl("pool", f"{POOL}/ListSkus", "--header", "Content-Type: application/proto", version=version,
                          body=requests.ListSkusRequest(page_size=1).SerializeToString())
            self.assertEqual((answer.status, answer.type), (200, "application/proto"))
            requests.ListSkusResponse.FromString(answer.body)

    def test_an_error_says_code_reason_and_details(self):
        sku = unique("NO")
        for version in VERSIONS:
            answer = call("GetStock", {"sku": sku}, version=version)
            self.assertEqual((answer.status, answer.type), (404, "application/json"))
            error = answer.json()
            self.assertEqual(error["code"], "not_found")
            info = next(each for each in error["details"] if each["type"] == "google.rpc.ErrorInfo")
            self.assertEqual(info["debug"]["reason"], "SKU_UNKNOWN")
            self.assertEqual(info["debug"]["metadata"], {"sku": sku})

    def test_a_wrong_field_is_named_by_its_path(self):
        answer = call("ReceiveStock", {"lines": [{"sku": "A", "locationId": "B", "quantity": "-1"}]})
        self.assertEqual((answer.status, answer.json()["code"]), (400, "invalid_argument"))
        fields = next(each for each in answer.json()["details"] if each["type"] == "google.rpc.BadRequest")
        self.assertEqual(fields["debug"]["fieldViolations"][0]["field"], "lines[0].quantity")

    def test_bad_json_is_a_bad_request_that_says_why(self):
        wrong = {
            "cut short": b'{"sku": "A"',
            "no object": b"[1]",
            "empty": b"",
            "not UTF-8": b'{"sku": "\xc3\x28"}',
            "a NUL": b'{"sku": "A\\u0000B"}',
            "a lone surrogate": b'{"sku": "\\ud800"}',
            "a wrong type": b'{"sku": 7}',
            "twice": b'{"sku": "A", "sku": "B"}',
            "something after it": b'{"sku": "A"} x',
            "nested deeply": b'{"sku":' * 100_000,
        }
        for version in VERSIONS:
            for name, body in wrong.items():
                with self.subTest(name, version=version):
                    answer = call("GetStock", body, version=version)
                    self.assertEqual((answer.status, answer.json()["code"]), (400, "invalid_argument"))
                    self.assertTrue(answer.json()["message"])

    def test_an_unknown_field_is_refused_by_name(self):
        answer = call("GetStock", {"sku": "A", "colour": "red"})
        self.assertEqual(answer.status, 400)
        self.assertIn("colour", answer.json()["message"])

    def test_numbers_too_large_are_refused(self):
        for quantity in ("9223372036854775808", 1e300, "1.5", "0x10", ""):
            with self.subTest(quantity):
                answer = call("ReceiveStock", {"lines": [{"sku": "A", "locationId": "B", "quantity": quantity}]})
                self.assertEqual((answer.status, answer.json()["code"]), (400, "invalid_argument"))

    def test_other_content_types_are_not_taken(self):
        for version in VERSIONS:
            for kind in ("text/plain", "application/xml", "multipart/form-data"):
                answer = curl("pool", f"{POOL}/GetStock", "--header", f"Content-Type: {kind}", version=version, body=b"{}")
                self.assertEqual(answer.status, 415)
            self.assertEqual(curl("pool", f"{POOL}/ReceiveStock", version=version).status, 405)
            self.assertEqual(curl("pool", "/nothing", version=version).status, 404)
            self.assertEqual(curl("pool", f"{POOL}/Nothing", version=version).status, 404)

    def test_a_body_too_large_is_refused(self):
        for version in VERSIONS:
            with self.subTest(version):
                body = b'{"sku": "' + b"a" * (5 << 20) + b'"}'
                self.assertEqual(call("GetStock", body, version=version).status, 413)
                self.assertEqual(call("ListSkus", {"pageSize": 1}, version=version).status, 200)

    def test_a_timeout_that_is_no_number_is_refused(self):
        answer = call("ListSkus", {}, "--header", "Connect-Timeout-Ms: soon")
        self.assertEqual((answer.status, answer.json()["code"]), (400, "invalid_argument"))


class Operations(unittest.TestCase):
    def test_every_service_tells_its_health_and_figures(self):
        for service in SERVICES:
            for version in VERSIONS:
                with self.subTest(service=service, version=version):
                    self.assertEqual(curl(service, "/healthz", version=version).status, 200)
                    ready = curl(service, "/readyz", version=version)
                    self.assertEqual((ready.status, ready.json()["status"]), (200, "ready"), ready.body)
                    metrics = curl(service, "/metrics", version=version)
                    self.assertEqual((metrics.status, metrics.type), (200, "text/plain"))
                    self.assert_exposition(metrics.body.decode())

    def assert_exposition(self, text):
        """Each line is a comment or `name{labels} value`, and each series' name has a HELP and a TYPE before it."""
        self.assertTrue(text.endswith("\n"))
        typed = set()
        for line in text.splitlines():
            if line.startswith("# TYPE "):
                typed.add(line.split()[2])
            elif not line.startswith("#"):
                name = line.split("{")[0].split(" ")[0]
                float(line.rsplit(" ", 1)[1])
                stems = {name} | {name[: -len(end)] for end in ("_bucket", "_sum", "_count") if name.endswith(end)}
                self.assertTrue(stems & typed, line)
        self.assertTrue(typed)

    def test_head_has_no_body(self):
        for version in VERSIONS:
            answer = curl("pool", "/healthz", "--head", version=version)
            self.assertEqual((answer.status, answer.body.count(b"{")), (200, 0))


class Hooks(unittest.TestCase):
    """Events as channels post them: what cannot be verified is refused, counted and never stored."""

    SECRET = "interop-secret-0123456789"

    @classmethod
    def setUpClass(cls):
        cls.connection = channel("gateway")
        cls.gateway = stub("gateway", cls.connection)
        cls.requests, values = module("gateway", "gateway_service"), module("gateway", "gateway")
        cls.account, cls.shop = unique("shop"), unique("shop") + ".myshopify.com"
        cls.gateway.ConnectAccount(
            cls.requests.ConnectAccountRequest(
                connection=values.Connection(
                    account_id=cls.account, channel_id="shopify", external_id=cls.shop,
                    # Nobody answers there: these tests are about what comes in.
                    base_url="http://127.0.0.1:9",
                    credentials={"client_secret": cls.SECRET, "access_token": "t", "location_id": "1"})),
            timeout=60)

    @classmethod
    def tearDownClass(cls):
        cls.connection.close()

    def stored(self):
        listed = self.gateway.ListInboxEvents(
            self.requests.ListInboxEventsRequest(account_id=self.account, page_size=1000), timeout=60)
        return len(listed.events)

    def post(self, body, *, secret=None, shop=None, kind="application/json", path="/hooks/shopify", event=None):
        digest = hmac.new((secret or self.SECRET).encode(), body, hashlib.sha256).digest()
        event = event or unique("event")
        return curl(
            "gateway", path, "--header", f"Content-Type: {kind}",
            "--header", f"X-Shopify-Hmac-Sha256: {base64.b64encode(digest).decode()}",
            "--header", f"X-Shopify-Shop-Domain: {shop or self.shop}",
            "--header", "X-Shopify-Topic: app/uninstalled",
            "--header", f"X-Shopify-Webhook-Id: {event}",
            "--header", f"X-Shopify-Event-Id: {event}",
            "--header", "X-Shopify-Triggered-At: 2026-11-23T12:00:00.000000Z", body=body)

    def test_a_forged_event_is_refused_and_not_stored(self):
        before = self.stored()
        self.assertEqual(self.post(b'{"id":1}', secret="wrong").status, 401)
        self.assertEqual(self.stored(), before)

    def test_an_altered_event_is_refused(self):
        before = self.stored()
        digest = hmac.new(self.SECRET.encode(), b'{"id":1}', hashlib.sha256).digest()
        answer = curl(
            "gateway", "/hooks/shopify", "--header", "Content-Type: application/json",
            "--header", f"X-Shopify-Hmac-Sha256: {base64.b64encode(digest).decode()}",
            "--header", f"X-Shopify-Shop-Domain: {self.shop}", "--header", "X-Shopify-Topic: orders/create",
            body=b'{"id":2}')
        self.assertEqual(answer.status, 401)
        self.assertEqual(self.stored(), before)

    def test_an_unsigned_event_is_refused(self):
        answer = curl("gateway", "/hooks/shopify", "--header", "Content-Type: application/json",
                      "--header", f"X-Shopify-Shop-Domain: {self.shop}", body=b"{}")
        self.assertIn(answer.status, (400, 401))

    def test_an_unknown_shop_and_an_unknown_channel_are_refused(self):
        self.assertIn(self.post(b'{"id":1}', shop="nobody.myshopify.com").status, (401, 404))
        self.assertEqual(self.post(b'{"id":1}', path="/hooks/nothing").status, 404)

    def test_other_bodies_are_refused_with_a_reason(self):
        before = self.stored()
        self.assertEqual(self.post(b"{}" + b" " * (8 << 20)).status, 413)
        self.assertIn(self.post(b"<a/>", kind="text/xml").status, (400, 415))
        self.assertEqual(curl("gateway", "/hooks/shopify").status, 405)
        self.assertEqual(self.stored(), before)

    def test_what_is_authentic_and_cannot_be_read_is_kept(self):
        before = self.stored()
        self.assertEqual(self.post(b'{"id":').status, 200)
        self.assertEqual(self.stored(), before + 1)

    def test_a_good_event_is_taken_once(self):
        before, event = self.stored(), unique("event")
        for _ in range(3):
            self.assertEqual(self.post(b'{"id":1}', event=event).status, 200)
        self.assertEqual(self.stored(), before + 1)


if __name__ == "__main__":
    print("services:", ADDRESSES)
    unittest.main(verbosity=2)
