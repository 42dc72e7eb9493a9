// gRPC C++ with its callback API, which its documentation recommends.
#include "answers.h"

using grpc::testing::StreamingOutputCallRequest;
using grpc::testing::StreamingOutputCallResponse;

struct Stream : grpc::ServerWriteReactor<StreamingOutputCallResponse> {
  const StreamingOutputCallRequest* request;
  StreamingOutputCallResponse response;
  int next = 0;

  explicit Stream(const StreamingOutputCallRequest* request) : request(request) { write(); }

  void write() {
    if (next == request->response_parameters_size()) {
      Finish(grpc::Status::OK);
      return;
    }
    answer(request->response_parameters(next++).size(), &response);
    StartWrite(&response);
  }

  void OnWriteDone(bool ok) override {
    if (ok) {
      write();
    } else {
      Finish(grpc::Status::CANCELLED);
    }
  }

  void OnDone() override { delete this; }
};

struct Service : grpc::testing::TestService::CallbackService {
  grpc::ServerUnaryReactor* UnaryCall(
      grpc::CallbackServerContext* context, const grpc::testing::SimpleRequest* request,
      grpc::testing::SimpleResponse* response) override {
    answer(*request, response);
    auto* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }

  grpc::ServerWriteReactor<StreamingOutputCallResponse>* StreamingOutputCall(
      grpc::CallbackServerContext*, const StreamingOutputCallRequest* request) override {
    return new Stream(request);
  }
};

int main() {
  Service service;
  grpc::ServerBuilder builder;
  builder.RegisterService(&service);
  listen(builder)->Wait();
}
