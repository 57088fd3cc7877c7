// Every stage for any processor, in plain C++17.
#define UNTONE_VARIANT portable
#include <cstring>
#include <math.h>
#include <type_traits>

#include "operators/frame.hpp"
#include "network/network.hpp"
#include "video/job.hpp"
#include "lanes_portable.hpp"
#include "registers_plain.hpp"

#include "operators/block.hpp"
#include "operators/boxes_plain.hpp"
#include "operators/functions.hpp"
#include "operators/pq.hpp"
#include "operators/curve_pairs.hpp"
#include "operators/grid_records.hpp"
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
const Variant portable_variant = {
    "portable", portable::Curve::FLOATS, portable::Pq10::FLOATS, portable::PqPairs::FLOATS,
    portable::operator_rows, portable::apply_rows, portable::pq16_rows, portable::thumbnail_rows,
    &portable::network_kernels, &portable::video_kernels,
};
}
