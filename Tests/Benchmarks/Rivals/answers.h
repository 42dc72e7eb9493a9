// What every C++ rival answers, so that none has more to do than another.
#pragma once
#include <grpcpp/grpcpp.h>

#include <cstdio>
#include <memory>
#include <string>

#include "grpc/testing/test.grpc.pb.h"

inline void answer(const grpc::testing::SimpleRequest& request, grpc::testing::SimpleResponse* response) {
  response->mutable_payload()->set_type(request.response_type());
  response->mutable_payload()->set_body(std::string(request.response_size(), '\0'));
}

inline void answer(int size, grpc::testing::StreamingOutputCallResponse* response) {
  response->mutable_payload()->set_body(std::string(size, '\0'));
}

// Starts what `builder` holds on a free port and says which.
inline std::unique_ptr<grpc::Server> listen(grpc::ServerBuilder& builder) {
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  auto server = builder.BuildAndStart();
  std::printf("listening on 127.0.0.1:%d\n", port);
  std::fflush(stdout);
  return server;
}
