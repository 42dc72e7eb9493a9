// Made by Protos/generate; do not edit.
#pragma once
#include "fixture/everything.pb-c.h"
#include "fixture/service.pb-c.h"
