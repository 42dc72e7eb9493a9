"""gRPC's own test service both ways: our server under grpcio's client, our client against grpcio's server.

The programs are those of the debug build, or what ONEPOOL_INTEROP_SERVER and ONEPOOL_INTEROP_CLIENT name. Cases are
described in grpc/grpc doc/interop-test-descriptions.md.
"""

import concurrent.futures
import importlib
import os
import pathlib
import queue
import subprocess
import sys
import tempfile
import unittest

import grpc
from grpc_tools import protoc

from authority import Authority

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROTOS = ROOT / "Tests/Fixtures/Protos"
SERVER = os.environ.get("ONEPOOL_INTEROP_SERVER", ROOT / ".build/debug/interop-server")
CLIENT = os.environ.get("ONEPOOL_INTEROP_CLIENT", ROOT / ".build/debug/interop-client")
TIMEOUT = 60
REQUESTS, RESPONSES = [27182, 8, 1828, 45904], [31415, 9, 2653, 58979]
LARGE_REQUEST, LARGE_RESPONSE = 271828, 314159
# What grpcio's server cannot say: whether a message came compressed.
OURS_ONLY = {"client_compressed_unary", "client_compressed_streaming"}
CASES = [
    "empty_unary", "large_unary", "client_compressed_unary", "server_compressed_unary", "client_streaming",
    "client_compressed_streaming", "server_streaming", "server_compressed_streaming", "ping_pong", "empty_stream",
    "custom_metadata", "status_code_and_message", "special_status_message", "unimplemented_method",
    "unimplemented_service", "cancel_after_begin", "cancel_after_first_response", "timeout_on_sleeping_server",
    "rpc_soak", "channel_soak",
]


def make_stubs():
    folder = tempfile.mkdtemp(prefix="onepool-interop-")
    files = [str(path) for path in sorted((PROTOS / "grpc/testing").glob("*.proto"))]
    if protoc.main(["protoc", f"-I{PROTOS}", f"--python_out={folder}", f"--grpc_python_out={folder}", *files]):
        raise SystemExit("protoc failed")
    # grpc is a package of its own: the stubs' folder joins it.
    grpc.__path__.append(f"{folder}/grpc")
    return [importlib.import_module(f"grpc.testing.{name}") for name in ("empty_pb2", "messages_pb2", "test_pb2_grpc")]


EMPTY, MESSAGES, TEST = make_stubs()


def payload(count):
    return MESSAGES.Payload(body=bytes(count))


class Peer(TEST.TestServiceServicer):
    """grpcio's side as a server."""

    def echo(self, context):
        for key, value in context.invocation_metadata():
            if key == "x-grpc-test-echo-initial":
                context.send_initial_metadata(((key, value),))
            elif key == "x-grpc-test-echo-trailing-bin":
                context.set_trailing_metadata(((key, value),))

    def fail(self, request, context):
        if request.HasField("response_status") and request.response_status.code:
            codes = {code.value[0]: code for code in grpc.StatusCode}
            context.abort(codes[request.response_status.code], request.response_status.message)

    def EmptyCall(self, request, context):
        self.echo(context)
        return EMPTY.Empty()

    def UnaryCall(self, request, context):
        self.echo(context)
        self.fail(request, context)
        if request.response_compressed.value:
            context.set_compression(grpc.Compression.Gzip)
        return MESSAGES.SimpleResponse(payload=payload(request.response_size))

    def answer(self, request, context):
        self.fail(request, context)
        for parameters in request.response_parameters:
            if not parameters.compressed.value:
                context.disable_next_message_compression()
            yield MESSAGES.StreamingOutputCallResponse(payload=payload(parameters.size))

    def StreamingOutputCall(self, request, context):
        self.echo(context)
        context.set_compression(grpc.Compression.Gzip)
        yield from self.answer(request, context)

    def StreamingInputCall(self, requests, context):
        self.echo(context)
        return MESSAGES.StreamingInputCallResponse(
            aggregated_payload_size=sum(len(request.payload.body) for request in requests))

    def FullDuplexCall(self, requests, context):
        self.echo(context)
        for request in requests:
            yield from self.answer(request, context)


class OurClient(unittest.TestCase):
    """Each case of our client, against grpcio's server and against our own."""

    FLAGS = ()
    SERVER_FLAGS = ()

    def run_case(self, name, port):
        done = subprocess.run(
            [CLIENT, "--server_host", "localhost", "--server_port", str(port), "--test_case", name, *self.FLAGS],
            capture_output=True, timeout=TIMEOUT, check=False)
        self.assertEqual(done.returncode, 0, f"{name}: {done.stderr.decode()}")

    def test_against_grpcio(self):
        server = grpc.server(concurrent.futures.ThreadPoolExecutor(max_workers=8))
        TEST.add_TestServiceServicer_to_server(Peer(), server)
        port = self.add_port(server)
        server.start()
        for name in CASES:
            if name not in OURS_ONLY:
                with self.subTest(name):
                    self.run_case(name, port)
        server.stop(None)

    def add_port(self, server):
        return server.add_insecure_port("localhost:0")

    def test_against_our_server(self):
        with OurServer(self.SERVER_FLAGS) as port:
            for name in CASES:
                with self.subTest(name):
                    self.run_case(name, port)

    def test_an_unknown_case_is_refused(self):
        done = subprocess.run([CLIENT, "--test_case", "nonsense"], capture_output=True, timeout=TIMEOUT, check=False)
        self.assertEqual(done.returncode, 64)


class OurServer:
    """Our server as a process, for as long as the block lasts."""

    def __init__(self, flags=()):
        self.flags = flags

    def __enter__(self):
        self.process = subprocess.Popen([SERVER, "--port", "0", *self.flags], stdout=subprocess.PIPE, text=True)
        return int(self.process.stdout.readline().rsplit(":", 1)[1])

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class GrpcioClient(unittest.TestCase):
    """grpcio's client against our server."""

    FLAGS = ()

    @classmethod
    def connect(cls):
        return grpc.insecure_channel(f"localhost:{cls.port}")

    @classmethod
    def setUpClass(cls):
        cls.server = OurServer(cls.FLAGS)
        cls.port = cls.server.__enter__()
        cls.channel = cls.connect()
        cls.stub = TEST.TestServiceStub(cls.channel)

    @classmethod
    def tearDownClass(cls):
        cls.channel.close()
        cls.server.__exit__()

    def large(self, **fields):
        return MESSAGES.SimpleRequest(response_size=LARGE_RESPONSE, payload=payload(LARGE_REQUEST), **fields)

    def outputs(self, sizes, size=0):
        parameters = [MESSAGES.ResponseParameters(size=each) for each in sizes]
        return MESSAGES.StreamingOutputCallRequest(response_parameters=parameters, payload=payload(size))

    def assert_fails(self, code, call):
        with self.assertRaises(grpc.RpcError) as caught:
            call()
        self.assertEqual(caught.exception.code(), code)
        return caught.exception

    def test_empty_unary(self):
        self.assertEqual(self.stub.EmptyCall(EMPTY.Empty(), timeout=TIMEOUT), EMPTY.Empty())

    def test_large_unary(self):
        answer = self.stub.UnaryCall(self.large(), timeout=TIMEOUT)
        self.assertEqual(answer.payload.body, bytes(LARGE_RESPONSE))

    def test_client_compressed_unary(self):
        yes, no = MESSAGES.BoolValue(value=True), MESSAGES.BoolValue(value=False)
        self.assert_fails(
            grpc.StatusCode.INVALID_ARGUMENT,
            lambda: self.stub.UnaryCall(self.large(expect_compressed=yes), timeout=TIMEOUT))
        for expected, how in ((yes, grpc.Compression.Gzip), (no, grpc.Compression.NoCompression)):
            answer = self.stub.UnaryCall(self.large(expect_compressed=expected), timeout=TIMEOUT, compression=how)
            self.assertEqual(len(answer.payload.body), LARGE_RESPONSE)

    def test_an_encoding_that_is_not_taken_is_unimplemented_and_the_others_are_named(self):
        error = self.assert_fails(
            grpc.StatusCode.UNIMPLEMENTED,
            lambda: self.stub.UnaryCall(self.large(), timeout=TIMEOUT, compression=grpc.Compression.Deflate))
        self.assertIn("gzip", error.details())

    def test_server_compressed_unary(self):
        for compressed in (True, False):
            request = self.large(response_compressed=MESSAGES.BoolValue(value=compressed))
            answer = self.stub.UnaryCall(request, timeout=TIMEOUT)
            self.assertEqual(len(answer.payload.body), LARGE_RESPONSE)

    def test_client_streaming(self):
        requests = (MESSAGES.StreamingInputCallRequest(payload=payload(size)) for size in REQUESTS)
        answer = self.stub.StreamingInputCall(requests, timeout=TIMEOUT)
        self.assertEqual(answer.aggregated_payload_size, sum(REQUESTS))

    def test_server_streaming(self):
        answers = self.stub.StreamingOutputCall(self.outputs(RESPONSES), timeout=TIMEOUT)
        self.assertEqual([len(each.payload.body) for each in answers], RESPONSES)

    def test_server_compressed_streaming(self):
        request = MESSAGES.StreamingOutputCallRequest(response_parameters=[
            MESSAGES.ResponseParameters(size=31415, compressed=MESSAGES.BoolValue(value=True)),
            MESSAGES.ResponseParameters(size=92653, compressed=MESSAGES.BoolValue(value=False))])
        answers = self.stub.StreamingOutputCall(request, timeout=TIMEOUT)
        self.assertEqual([len(each.payload.body) for each in answers], [31415, 92653])

    def test_ping_pong(self):
        asked = queue.Queue()
        answers = self.stub.FullDuplexCall(iter(asked.get, None), timeout=TIMEOUT)
        for size, answer_size in zip(REQUESTS, RESPONSES):
            asked.put(self.outputs([answer_size], size))
            self.assertEqual(len(next(answers).payload.body), answer_size)
        asked.put(None)
        self.assertEqual(list(answers), [])

    def test_half_duplex(self):
        requests = (self.outputs([size]) for size in RESPONSES)
        answers = self.stub.HalfDuplexCall(requests, timeout=TIMEOUT)
        self.assertEqual([len(each.payload.body) for each in answers], RESPONSES)

    def test_empty_stream(self):
        self.assertEqual(list(self.stub.FullDuplexCall(iter(()), timeout=TIMEOUT)), [])

    def test_custom_metadata(self):
        metadata = (("x-grpc-test-echo-initial", "test_initial_metadata_value"),
                    ("x-grpc-test-echo-trailing-bin", b"\xab\xab\xab"))
        _, call = self.stub.UnaryCall.with_call(self.large(), timeout=TIMEOUT, metadata=metadata)
        stream = self.stub.FullDuplexCall(iter((self.outputs([9], 8),)), timeout=TIMEOUT, metadata=metadata)
        list(stream)
        for each in (call, stream):
            self.assertIn(metadata[0], each.initial_metadata())
            self.assertIn(metadata[1], each.trailing_metadata())

    def test_status_code_and_message(self):
        status = MESSAGES.EchoStatus(code=2, message="test status message")
        error = self.assert_fails(
            grpc.StatusCode.UNKNOWN,
            lambda: self.stub.UnaryCall(MESSAGES.SimpleRequest(response_status=status), timeout=TIMEOUT))
        self.assertEqual(error.details(), status.message)
        request = MESSAGES.StreamingOutputCallRequest(response_status=status)
        error = self.assert_fails(
            grpc.StatusCode.UNKNOWN, lambda: list(self.stub.FullDuplexCall(iter((request,)), timeout=TIMEOUT)))
        self.assertEqual(error.details(), status.message)

    def test_special_status_message(self):
        text = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n"
        request = MESSAGES.SimpleRequest(response_status=MESSAGES.EchoStatus(code=2, message=text))
        error = self.assert_fails(
            grpc.StatusCode.UNKNOWN, lambda: self.stub.UnaryCall(request, timeout=TIMEOUT))
        self.assertEqual(error.details(), text)

    def test_unimplemented(self):
        for call in (self.stub.UnimplementedCall, TEST.UnimplementedServiceStub(self.channel).UnimplementedCall):
            self.assert_fails(grpc.StatusCode.UNIMPLEMENTED, lambda call=call: call(EMPTY.Empty(), timeout=TIMEOUT))

    def test_cancel_after_begin(self):
        asked = queue.Queue()
        call = self.stub.StreamingInputCall.future(iter(asked.get, None), timeout=TIMEOUT)
        call.cancel()
        self.assertTrue(call.cancelled())
        asked.put(None)

    def test_cancel_after_first_response(self):
        asked = queue.Queue()
        answers = self.stub.FullDuplexCall(iter(asked.get, None), timeout=TIMEOUT)
        asked.put(self.outputs([31415], 27182))
        self.assertEqual(len(next(answers).payload.body), 31415)
        answers.cancel()
        self.assert_fails(grpc.StatusCode.CANCELLED, lambda: next(answers))
        asked.put(None)

    def test_timeout_on_sleeping_server(self):
        asked = queue.Queue()
        asked.put(self.outputs([], 27182))
        self.assert_fails(
            grpc.StatusCode.DEADLINE_EXCEEDED,
            lambda: next(self.stub.FullDuplexCall(iter(asked.get, None), timeout=0.001)))
        asked.put(None)

    def test_soak(self):
        for _ in range(100):
            self.stub.UnaryCall(self.large(), timeout=TIMEOUT)
        for _ in range(20):
            with self.connect() as channel:
                TEST.TestServiceStub(channel).UnaryCall(self.large(), timeout=TIMEOUT)


AUTHORITY = Authority()
AUTHORITY.issue("server", "DNS:localhost")
SECURE_SERVER = (
    "--use_tls", "true", "--tls_certificate", AUTHORITY.path("server.pem"), "--tls_key", AUTHORITY.path("server.key"))


class OurClientOverTLS(OurClient):
    FLAGS = ("--use_tls", "true", "--ca_file", AUTHORITY.path("ca.pem"))
    SERVER_FLAGS = SECURE_SERVER

    def add_port(self, server):
        pair = (AUTHORITY.bytes("server.key"), AUTHORITY.bytes("server.pem"))
        return server.add_secure_port("localhost:0", grpc.ssl_server_credentials([pair]))


class GrpcioClientOverTLS(GrpcioClient):
    FLAGS = SECURE_SERVER

    @classmethod
    def connect(cls):
        return grpc.secure_channel(f"localhost:{cls.port}", grpc.ssl_channel_credentials(AUTHORITY.bytes("ca.pem")))


if __name__ == "__main__":
    unittest.main(verbosity=2, argv=[sys.argv[0]])
