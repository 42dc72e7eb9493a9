"""The servers that are measured: ours, and rivals that are built from Debian's packages into .build/bench."""

import importlib
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import time

import grpc
from grpc_tools import protoc

import processors

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
SOURCES = pathlib.Path(__file__).resolve().parent / "Rivals"
PROTOS = REPOSITORY / "Tests/Fixtures/Protos"
BUILT = REPOSITORY / ".build/bench"
PROGRAMS = pathlib.Path(os.environ.get("ONEPOOL_BENCH_BIN", REPOSITORY / ".build/release"))
PATH = "/grpc.testing.TestService"
PAYLOAD_BYTES = 50
START_SECONDS = 20


def _stale(target, *sources):
    return not target.exists() or any(source.stat().st_mtime > target.stat().st_mtime for source in sources)


def flags(package):
    return subprocess.run(
        ["pkg-config", "--cflags", "--libs", package], check=True, capture_output=True, text=True).stdout.split()


def build():
    """Builds what is missing or older than its source; about a minute for all."""
    generated = BUILT / "generated"
    generated.mkdir(parents=True, exist_ok=True)
    protos = sorted((PROTOS / "grpc/testing").glob("*.proto"))
    plugin = shutil.which("grpc_cpp_plugin")
    stamp = BUILT / "messages.a"
    if _stale(stamp, *protos):
        subprocess.run(
            ["protoc", f"-I{PROTOS}", f"--cpp_out={generated}", f"--grpc_out={generated}",
             f"--plugin=protoc-gen-grpc={plugin}", *protos], check=True)
        _stubs(protos)
        objects = []
        for source in sorted(generated.rglob("*.cc")):
            objects.append(BUILT / f"{source.stem}.o")
            subprocess.run(["g++", "-O2", f"-I{generated}", "-c", source, "-o", objects[-1]], check=True)
        stamp.unlink(missing_ok=True)
        subprocess.run(["ar", "rcs", stamp, *objects], check=True)
    for name in ("async", "callback", "client"):
        source = SOURCES / f"{name}.cc"
        if _stale(BUILT / name, source, SOURCES / "answers.h", stamp):
            print(f"building {source.relative_to(REPOSITORY)}", flush=True)
            subprocess.run(
                ["g++", "-O2", f"-I{generated}", source, stamp, "-o", BUILT / name, *flags("grpc++"),
                 *flags("protobuf")], check=True)
    if _stale(BUILT / "floor", SOURCES / "floor.c"):
        subprocess.run(
            ["gcc", "-O2", "-Wall", "-Wextra", "-Werror", SOURCES / "floor.c", "-o", BUILT / "floor",
             *flags("libnghttp2")], check=True)


def _stubs(protos):
    folder = BUILT / "python"
    folder.mkdir(exist_ok=True)
    names = [str(path) for path in protos]
    if protoc.main(["protoc", f"-I{PROTOS}", f"--python_out={folder}", f"--grpc_python_out={folder}", *names]):
        raise SystemExit("protoc failed")


def modules():
    """grpcio's messages and stubs of the test service."""
    if f"{BUILT}/python/grpc" not in grpc.__path__:
        grpc.__path__.append(f"{BUILT}/python/grpc")
    return [importlib.import_module(f"grpc.testing.{name}") for name in ("messages_pb2", "test_pb2_grpc")]


class Server:
    """A server that runs, pinned to `cores`."""

    def __init__(self, name, command, cores="0", port=None, ready=r"listening on 127\.0\.0\.1:(\d+)"):
        self.name = name
        self.process = subprocess.Popen(
            ["taskset", "-c", cores, *map(str, command)], stdout=subprocess.DEVNULL if port else subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True)
        self.port = port
        if port is None:
            line = self.process.stdout.readline()
            found = re.search(ready, line)
            if not found:
                raise SystemExit(f"{name} did not start: {line!r}")
            self.port = int(found.group(1))
        self._wait()

    def _wait(self):
        end = time.monotonic() + START_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                if time.monotonic() > end or self.process.poll() is not None:
                    raise SystemExit(f"{self.name} does not listen") from None
                time.sleep(0.01)

    @property
    def pid(self):
        return self.process.pid

    def cpu_seconds(self):
        return processors.cpu_seconds(self.pid)

    def resident_bytes(self):
        return processors.resident_bytes(self.pid)

    def stop(self):
        self.process.kill()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def _free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def ours(cores="0", loops=1):
    return Server("ours", [PROGRAMS / "interop-server", "--port", "0", "--loops", loops], cores)


def grpc_async(cores="0"):
    return Server("gRPC C++ async", [BUILT / "async"], cores)


def grpc_callback(cores="0"):
    return Server("gRPC C++ callback", [BUILT / "callback"], cores)


def floor(cores="0"):
    return Server("C echo (floor)", [BUILT / "floor"], cores)


def nghttpd(cores="0"):
    """Answers every call with a file of 64 bytes: HTTP/2 without gRPC."""
    file = BUILT / f"static{PATH}/UnaryCall"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(bytes(64))
    port = _free_port()
    return Server("nghttpd static", ["nghttpd", "--no-tls", "-n1", "-d", BUILT / "static", port], cores, port)


def grpcio(cores="0"):
    return Server("Python grpcio", [sys.executable, SOURCES / "server.py", BUILT / "python"], cores)


UNARY = [ours, grpc_async, grpc_callback, floor, nghttpd, grpcio]
STREAMING = [ours, grpc_async, grpc_callback]


def check_unary(server):
    """One call by grpcio: h2load would count an error as success."""
    if server.name == "nghttpd static":
        return
    messages, stubs = modules()
    with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        answer = stubs.TestServiceStub(channel).UnaryCall(unary_request(), timeout=10)
    if answer.payload.body != bytes(PAYLOAD_BYTES):
        raise SystemExit(f"{server.name} answers {answer}")


def unary_request():
    messages, _ = modules()
    return messages.SimpleRequest(
        response_size=PAYLOAD_BYTES, payload=messages.Payload(body=bytes(PAYLOAD_BYTES)))


def streaming_request(count):
    """Asks for `count` messages of 60 bytes each."""
    messages, _ = modules()
    return messages.StreamingOutputCallRequest(
        response_parameters=[messages.ResponseParameters(size=56) for _ in range(count)])


def check_streaming(server):
    messages, stubs = modules()
    with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        answers = list(stubs.TestServiceStub(channel).StreamingOutputCall(streaming_request(100), timeout=10))
    if len(answers) != 100 or any(answer.ByteSize() != 60 for answer in answers):
        raise SystemExit(f"{server.name} answers {len(answers)} messages")
