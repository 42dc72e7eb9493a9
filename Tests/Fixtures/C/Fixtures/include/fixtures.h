// Made by Protos/generate; do not edit.
#pragma once
#include "fixture/everything.pb-c.h"
#include "fixture/service.pb-c.h"
#include "grpc/testing/empty.pb-c.h"
#include "grpc/testing/messages.pb-c.h"
#include "grpc/testing/test.pb-c.h"
