// gRPC C++ with a completion queue and one thread: its fastest server on one core.
#include "answers.h"

using grpc::testing::SimpleRequest;
using grpc::testing::SimpleResponse;
using grpc::testing::StreamingOutputCallRequest;
using grpc::testing::StreamingOutputCallResponse;
using Service = grpc::testing::TestService::AsyncService;

struct Call {
  virtual ~Call() = default;
  // Goes on after an operation has ended; `ok` as the queue says it.
  virtual void proceed(bool ok) = 0;
};

struct UnaryCall : Call {
  Service* service;
  grpc::ServerCompletionQueue* queue;
  grpc::ServerContext context;
  SimpleRequest request;
  SimpleResponse response;
  grpc::ServerAsyncResponseWriter<SimpleResponse> writer{&context};
  bool answered = false;

  UnaryCall(Service* service, grpc::ServerCompletionQueue* queue) : service(service), queue(queue) {
    service->RequestUnaryCall(&context, &request, &writer, queue, queue, this);
  }

  void proceed(bool ok) override {
    if (!ok || answered) {
      delete this;
      return;
    }
    new UnaryCall(service, queue);
    answer(request, &response);
    answered = true;
    writer.Finish(response, grpc::Status::OK, this);
  }
};

struct StreamCall : Call {
  Service* service;
  grpc::ServerCompletionQueue* queue;
  grpc::ServerContext context;
  StreamingOutputCallRequest request;
  grpc::ServerAsyncWriter<StreamingOutputCallResponse> writer{&context};
  int next = -1;
  bool ended = false;

  StreamCall(Service* service, grpc::ServerCompletionQueue* queue) : service(service), queue(queue) {
    service->RequestStreamingOutputCall(&context, &request, &writer, queue, queue, this);
  }

  void proceed(bool ok) override {
    if (!ok || ended) {
      delete this;
      return;
    }
    if (next < 0) {
      new StreamCall(service, queue);
      next = 0;
    }
    if (next == request.response_parameters_size()) {
      ended = true;
      writer.Finish(grpc::Status::OK, this);
      return;
    }
    StreamingOutputCallResponse response;
    answer(request.response_parameters(next++).size(), &response);
    writer.Write(response, this);
  }
};

int main() {
  Service service;
  grpc::ServerBuilder builder;
  builder.RegisterService(&service);
  auto queue = builder.AddCompletionQueue();
  auto server = listen(builder);
  // Calls that wait to be matched: more than h2load has open at once.
  for (int count = 0; count < 1000; count++) new UnaryCall(&service, queue.get());
  for (int count = 0; count < 100; count++) new StreamCall(&service, queue.get());
  void* tag;
  bool ok;
  while (queue->Next(&tag, &ok)) static_cast<Call*>(tag)->proceed(ok);
}
