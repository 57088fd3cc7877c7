// Every stage for AVX2 with FMA and F16C; this file alone is compiled with those instructions.
#define UNTONE_VARIANT avx2
#include <cstring>
#include <math.h>
#include <type_traits>

#include "frame.hpp"
#include "mlp.hpp"
#include "lanes_avx2.hpp"

#include "block.hpp"
#include "functions.hpp"
#include "pq.hpp"
#include "curve_pairs.hpp"
#include "grid_planar.hpp"
#include "lut_corners.hpp"

#include "apply.hpp"
#include "operators.hpp"
#include "thumbnail.hpp"
#include "mlp_layers.hpp"
#include "mlp_steps.hpp"

namespace untone {
const Variant avx2_variant = {
    "avx2", avx2::Curve::FLOATS, avx2::Pq10::FLOATS, avx2::PqPairs::FLOATS,
    avx2::operator_rows, avx2::apply_rows, avx2::pq16_rows, avx2::thumbnail_rows,
    &avx2::mlp_kernels,
};
}
