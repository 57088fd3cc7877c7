// Every stage for AVX2 with FMA and F16C; this file alone is compiled with those instructions.
#define UNTONE_VARIANT avx2
#include <cstring>
#include <math.h>
#include <type_traits>

#include "operators/frame.hpp"
#include "network/network.hpp"
#include "video/job.hpp"
#include "lanes_avx2.hpp"
#include "registers_plain.hpp"

#include "operators/block.hpp"
#include "operators/boxes_plain.hpp"
#include "operators/functions.hpp"
#include "operators/pq.hpp"
#include "operators/curve_pairs.hpp"
#include "operators/grid_planar.hpp"
#include "operators/lut_corners.hpp"

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
const Variant avx2_variant = {
    "avx2", avx2::Curve::FLOATS, avx2::Pq10::FLOATS, avx2::PqPairs::FLOATS,
    avx2::operator_rows, avx2::apply_rows, avx2::pq16_rows, avx2::thumbnail_rows,
    &avx2::network_kernels, &avx2::video_kernels,
};
}
