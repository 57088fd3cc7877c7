// Every stage for NEON, which every 64-bit ARM processor has: no flags of its own.
#define UNTONE_VARIANT neon
#include <cstring>
#include <math.h>
#include <type_traits>

#include "operators/frame.hpp"
#include "network/network.hpp"
#include "video/job.hpp"
#include "lanes_neon.hpp"

#include "operators/block.hpp"
#include "operators/boxes_lanes.hpp"
#include "operators/functions.hpp"
#include "operators/pq.hpp"
#include "operators/curve_pairs.hpp"
#include "operators/slice_pairs.hpp"
#include "operators/lut_corners.hpp"

#include "operators/apply.hpp"
#include "operators/operators.hpp"
#include "thumbnail/rows.hpp"
#include "thumbnail/sums_neon.hpp"
#include "thumbnail/thumbnail.hpp"
#include "video/source.hpp"
#include "video/gains.hpp"
#include "video/hlg_cubics.hpp"
#include "video/signal.hpp"
#include "video/planes.hpp"
#include "network/layers.hpp"
#include "network/steps.hpp"

namespace untone {
const Variant neon_variant = {
    "neon", neon::Curve::FLOATS, neon::Pq10::FLOATS, neon::PqPairs::FLOATS,
    neon::operator_rows, neon::apply_rows, neon::pq16_rows, neon::thumbnail_rows,
    &neon::network_kernels, &neon::video_kernels,
};
}
