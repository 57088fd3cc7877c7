// Every stage for any processor, in plain C++17.
#define UNTONE_VARIANT portable
#include <cstring>
#include <math.h>
#include <type_traits>

#include "frame.hpp"
#include "mlp.hpp"
#include "lanes_portable.hpp"

#include "block.hpp"
#include "functions.hpp"
#include "pq.hpp"
#include "curve_pairs.hpp"
#include "grid_records.hpp"
#include "lut_corners.hpp"

#include "apply.hpp"
#include "operators.hpp"
#include "thumbnail.hpp"
#include "mlp_layers.hpp"
#include "mlp_steps.hpp"

namespace untone {
const Variant portable_variant = {
    "portable", portable::Curve::FLOATS, portable::Pq10::FLOATS, portable::PqPairs::FLOATS,
    portable::operator_rows, portable::apply_rows, portable::pq16_rows, portable::thumbnail_rows,
    &portable::mlp_kernels,
};
}
