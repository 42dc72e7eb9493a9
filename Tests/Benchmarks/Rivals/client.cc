// gRPC C++'s client: `client ADDRESS CALLS SECONDS` keeps so many unary calls open on one connection, for so long.
#include <chrono>
#include <cstdlib>

#include "answers.h"

using grpc::testing::SimpleRequest;
using grpc::testing::SimpleResponse;
using Clock = std::chrono::steady_clock;

struct Call {
  grpc::ClientContext context;
  SimpleResponse response;
  grpc::Status status;
  std::unique_ptr<grpc::ClientAsyncResponseReader<SimpleResponse>> reader;

  Call(grpc::testing::TestService::Stub& stub, const SimpleRequest& request, grpc::CompletionQueue& queue) {
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
    reader = stub.AsyncUnaryCall(&context, request, &queue);
    reader->Finish(&response, &status, this);
  }
};

int main(int count, char** arguments) {
  if (count != 4) return 64;
  auto stub = grpc::testing::TestService::NewStub(
      grpc::CreateChannel(arguments[1], grpc::InsecureChannelCredentials()));
  grpc::CompletionQueue queue;
  SimpleRequest request;
  request.set_response_size(50);
  request.mutable_payload()->set_body(std::string(50, '\0'));
  const auto begin = Clock::now();
  const auto end = begin + std::chrono::milliseconds(static_cast<long>(std::atof(arguments[3]) * 1000));
  long done = 0;
  int open = std::atoi(arguments[2]);
  for (int call = 0; call < open; call++) new Call(*stub, request, queue);
  void* tag;
  bool ok;
  while (open > 0 && queue.Next(&tag, &ok)) {
    std::unique_ptr<Call> call(static_cast<Call*>(tag));
    if (!call->status.ok() || call->response.payload().body().size() != 50) {
      std::fprintf(stderr, "a call failed: %s\n", call->status.error_message().c_str());
      return 1;
    }
    done++;
    if (Clock::now() < end) {
      new Call(*stub, request, queue);
    } else {
      open--;
    }
  }
  const std::chrono::duration<double> seconds = Clock::now() - begin;
  std::printf("%ld calls in %.4f s\n", done, seconds.count());
}
