"""What the interop tests share: where the services are, stubs made from Protos/, and how errors read.

The services' addresses are the variables that the services themselves read, such as ONEPOOL_POOL=127.0.0.1:7001;
without them the tests ask what `make run` starts.
"""

import atexit
import importlib
import importlib.resources
import os
import pathlib
import shutil
import sys
import tempfile
import uuid

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from grpc_tools import protoc

PROTOS = pathlib.Path(__file__).resolve().parents[2] / "Protos"
SERVICES = {
    "pool": "127.0.0.1:7001",
    "mapping": "127.0.0.1:7002",
    "fulfilment": "127.0.0.1:7003",
    "returns": "127.0.0.1:7004",
    "gateway": "127.0.0.1:8080",
}
ADDRESSES = {name: os.environ.get(f"ONEPOOL_{name.upper()}", default) for name, default in SERVICES.items()}
# Two runs against the same stores do not meet.
RUN = uuid.uuid4().hex[:8]


def _protoc(*arguments):
    known = importlib.resources.files("grpc_tools") / "_proto"
    status = protoc.main(["protoc", f"-I{PROTOS}", f"-I{known}", *arguments])
    if status != 0:
        raise SystemExit(f"protoc ended with {status}")


def _make_stubs():
    folder = tempfile.mkdtemp(prefix="onepool-stubs-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    ours = [str(path) for path in sorted((PROTOS / "onepool").rglob("*.proto"))]
    _protoc(f"--python_out={folder}", f"--grpc_python_out={folder}", *ours)
    # What ours import beside protobuf's own.
    _protoc(f"--python_out={folder}", str(PROTOS / "google/rpc/status.proto"))
    sys.path.insert(0, folder)


def _load_vendored():
    """Messages of google.rpc and grpc.*: their packages' names are taken in Python, so they are made at run time."""
    with tempfile.NamedTemporaryFile() as file:
        names = [str(path) for folder in ("google", "grpc") for path in sorted((PROTOS / folder).rglob("*.proto"))]
        _protoc("--include_imports", f"--descriptor_set_out={file.name}", *names)
        files = descriptor_pb2.FileDescriptorSet.FromString(pathlib.Path(file.name).read_bytes())
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    return message_factory.GetMessageClassesForFiles([file.name for file in files.file], pool)


_make_stubs()
VENDORED = _load_vendored()


def module(service, name):
    return importlib.import_module(f"onepool.{service}.v1.{name}_pb2")


def channel(service, **options):
    return grpc.insecure_channel(ADDRESSES[service], options=list(options.items()))


def stub(service, connection):
    made = importlib.import_module(f"onepool.{service}.v1.{service}_service_pb2_grpc")
    return getattr(made, f"{service.capitalize()}ServiceStub")(connection)


def method(connection, path, request, response, kind="unary_unary"):
    """A callable for a method of a vendored service."""
    return getattr(connection, kind)(
        path,
        request_serializer=VENDORED[request].SerializeToString,
        response_deserializer=VENDORED[response].FromString,
    )


def details(error):
    """The `google.rpc.Status` of a failed call, with its details by the short name of their type."""
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            status = VENDORED["google.rpc.Status"].FromString(value)
            found = {}
            for detail in status.details:
                name = detail.type_url.rsplit("/", 1)[1]
                short = name.rsplit(".", 1)[1]
                assert short not in found, f"two details of type {name}"
                found[short] = VENDORED[name].FromString(detail.value)
            return status, found
    return None, {}


def unique(name):
    return f"{name}-{RUN}-{uuid.uuid4().hex[:6]}"
