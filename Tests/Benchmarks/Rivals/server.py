"""Python's grpcio as a server, with threads as its own examples have them: `server.py FOLDER`, where protoc's output lies."""

import sys
from concurrent import futures

import grpc

# grpc is a package of its own: the stubs' folder joins it.
grpc.__path__.append(f"{sys.argv[1]}/grpc")
from grpc.testing import messages_pb2, test_pb2_grpc  # noqa: E402


class TestService(test_pb2_grpc.TestServiceServicer):
    def UnaryCall(self, request, context):
        return messages_pb2.SimpleResponse(payload=messages_pb2.Payload(body=bytes(request.response_size)))


server = grpc.server(futures.ThreadPoolExecutor(max_workers=10))
test_pb2_grpc.add_TestServiceServicer_to_server(TestService(), server)
print(f"listening on 127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}", flush=True)
server.start()
server.wait_for_termination()
