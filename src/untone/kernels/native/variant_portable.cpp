// Every stage for any processor, in plain C++17.
#define UNTONE_VARIANT portable
#include <cstring>

#include "frame.hpp"
#include "lanes_portable.hpp"

#include "block.hpp"
#include "functions.hpp"
#include "grid_records.hpp"
#include "lut_corners.hpp"

#include "apply.hpp"
#include "operators.hpp"
#include "thumbnail.hpp"

namespace untone {
const Variant portable_variant = {"portable", portable::operator_rows, portable::apply_rows, portable::thumbnail_rows};
}
