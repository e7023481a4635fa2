#pragma once

#include <string>
#include <string_view>

#include "model.h"

/// What the server answers, whoever speaks HTTP for it: a status and JSON.
struct Answer {
  unsigned status = 200;
  std::string body = {};
};

Answer answer(const Model& model, std::string_view method, std::string_view path,
              std::string_view body);
Answer fault(unsigned status, const std::string& text);
