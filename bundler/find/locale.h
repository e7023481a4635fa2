// --locale NAME: a locale of glibc, compiled from its source as distributions do, and the message
// catalogues of its language.
//
// A compiled folder is taken as it is where the root file system has one. Most have none, only the
// archive that holds the machine's own locales, so it is made from /usr/share/i18n by the machine's
// localedef. The bytes depend on that source alone.
#pragma once

#include <string>
#include <vector>

#include "bundler/find/plan.h"
#include "bundler/find/sysroot.h"

namespace scratchpack {

/// A locale's name in its parts: language_TERRITORY.charset@modifier.
struct LocaleName {
  std::string language;   ///< "ko"
  std::string territory;  ///< "KR", or empty
  std::string charset;    ///< "UTF-8", also where none is given
  std::string modifier;   ///< "euro", or empty

  std::string source() const;  ///< as below /usr/share/i18n/locales: "ko_KR", "de_DE@euro"
  std::string folder() const;  ///< as glibc looks it up: "ko_KR.utf8"
};

/// Throws UsageError for what is no locale's name.
LocaleName parse_locale(const std::string& name);

/// Plans each locale and, for what the plan's programs and libraries translate, its messages. With
/// a musl program, which has none, a warning. Throws Error (`add locale NAME: …`) when it cannot be
/// made. To be called when everything else is planned.
void plan_locales(Plan& plan, const Sysroot& sysroot, const std::vector<std::string>& names);

}  // namespace scratchpack
