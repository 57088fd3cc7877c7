// Python binding of moving DCT blocks of a JPEG.
#pragma once

#include <nanobind/nanobind.h>

namespace untone {

void add_jpeg(nanobind::module_ &m);

} // namespace untone
