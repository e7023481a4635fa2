// Programs that came as data (--add-data of a folder that has some in it): nobody asked for what
// they need, but where their linker is in the bundle they start as they would in the plain root.
#pragma once

#include "bundler/content/file_set.h"
#include "bundler/find/plan.h"

namespace scratchpack {

/// Adds to plan.programs every executable dynamic program of the file set that is not yet there and
/// whose interpreter the file set has. Their libraries are not looked for. What only looks like an
/// ELF file is data.
void note_data_programs(Plan& plan, const FileSet& files);

}  // namespace scratchpack
