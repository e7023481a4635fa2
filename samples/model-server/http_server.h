#pragma once

#include <cstdint>

#include "model.h"

/// Serves until SIGTERM or SIGINT: what was asked by then is answered, connections without a
/// request end after a second. `workers` threads share the connections and nothing but the model.
/// std::exception where the port cannot be had.
void serve(const Model& model, std::uint16_t port, unsigned workers);

/// Whether a server on this machine answers GET /healthz with 200 within five seconds.
bool healthy(std::uint16_t port);

/// A line with the time on standard error.
void log(const char* format, ...) __attribute__((format(printf, 1, 2)));
