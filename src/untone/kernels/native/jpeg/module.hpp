// JPEG blocks at the Python door.
#pragma once

#include <nanobind/nanobind.h>

namespace untone {

void add_jpeg(nanobind::module_ &m);

} // namespace untone
