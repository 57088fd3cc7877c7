// Every stage for AVX-512 (F, BW, DQ, VL); this file alone is compiled with those instructions.
#define UNTONE_VARIANT avx512
#include <cstring>
#include <math.h>
#include <type_traits>

#include "frame.hpp"
#include "mlp.hpp"
#include "lanes_avx512.hpp"

#include "block.hpp"
#include "functions.hpp"
#include "pq.hpp"
#include "curve_segments.hpp"
#include "grid_planar.hpp"
#include "lut_columns.hpp"

#include "apply.hpp"
#include "operators.hpp"
#include "thumbnail.hpp"
#include "mlp_layers.hpp"
#include "mlp_steps.hpp"

namespace untone {
const Variant avx512_variant = {
    "avx512", avx512::Curve::FLOATS, avx512::Pq10::FLOATS, avx512::PqPairs::FLOATS,
    avx512::operator_rows, avx512::apply_rows, avx512::pq16_rows, avx512::thumbnail_rows,
    &avx512::mlp_kernels,
};
}
