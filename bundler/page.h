// `inspect --html`: a report as one page that needs nothing else, neither network nor other files.
//
// The page's markup, style and scripts are bundler/html/, bytes of the tool as the recipes are. The
// report is in it as JSON that cannot be taken for markup; the page makes text nodes of it, never
// markup. A policy allows that one style and that one script by their digests, and nothing else: no
// connection, no picture, no frame.
#pragma once

#include <string>

#include "bundler/report.h"

namespace scratchpack {

/// The page. The same report gives the same bytes.
std::string page_text(const Report& report);

/// What the page is drawn from: JSON, with every `<` escaped and nothing but ASCII. The form is the
/// page's and this version's alone (bundler/html/model.js reads it); others read `--json`.
std::string page_data(const Report& report);

}  // namespace scratchpack
