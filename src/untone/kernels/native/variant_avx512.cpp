// Every stage for AVX-512 (F, BW, DQ, VL); this file alone is compiled with those instructions.
#define UNTONE_VARIANT avx512
#include <cstring>
#include <math.h>
#include <type_traits>

#include "operators/frame.hpp"
#include "network/network.hpp"
#include "video/job.hpp"
#include "lanes_avx512.hpp"
#include "registers_plain.hpp"

#include "operators/block.hpp"
#include "operators/boxes_plain.hpp"
#include "operators/functions.hpp"
#include "operators/pq.hpp"
#include "operators/curve_segments.hpp"
#include "operators/grid_planar.hpp"
#include "operators/lut_columns.hpp"

#include "operators/apply.hpp"
#include "operators/operators.hpp"
#include "thumbnail/rows.hpp"
#include "thumbnail/sums_plain.hpp"
#include "thumbnail/thumbnail.hpp"
#include "video/source.hpp"
#include "video/gains.hpp"
#include "video/hlg_logarithm.hpp"
#include "video/signal.hpp"
#include "video/planes.hpp"
#include "network/layers.hpp"
#include "network/steps.hpp"

namespace untone {
const Variant avx512_variant = {
    "avx512", avx512::Curve::FLOATS, avx512::Pq10::FLOATS, avx512::PqPairs::FLOATS,
    avx512::operator_rows, avx512::apply_rows, avx512::pq16_rows, avx512::thumbnail_rows,
    &avx512::network_kernels, &avx512::video_kernels,
};
}
