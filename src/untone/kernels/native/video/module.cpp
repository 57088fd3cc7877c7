// The Python door of films; ../../video/compiled.py has checked every argument, and what memory safety hangs on is
// checked here again.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <mutex>
#include <string>
#include <vector>

#include "bindings.hpp"
#include "threads/pool.hpp"
#include "video/deband.hpp"
#include "video/job.hpp"

namespace nb = nanobind;

namespace untone {
namespace {

using Plane = nb::ndarray<nb::ro, nb::ndim<2>, nb::device::cpu>;
using Codes = nb::ndarray<std::uint16_t, nb::ndim<2>, nb::device::cpu>;
using Counts = nb::ndarray<std::int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

constexpr int CHROMA_ROWS_AT_A_TIME = 16; // each such chunk works out the luma row above it once more

int sample_bytes(const Plane &plane) {
    if (plane.dtype() == nb::dtype<std::uint8_t>()) return 1;
    if (plane.dtype() == nb::dtype<std::uint16_t>()) return 2;
    throw nb::value_error("planes must be uint8 or uint16");
}

void require_plane(const Plane &plane, std::size_t height, std::size_t width, int bytes) {
    require(plane.shape(0) == height && plane.shape(1) == width, "a plane has the wrong size");
    require(plane.stride(1) == 1 || width == 1, "a plane must be packed within a row");
    require(sample_bytes(plane) == bytes, "planes must share a type");
}

VideoSource video_source(const std::vector<Plane> &planes, const std::vector<bool> &shape,
                         const std::vector<float> &levels) {
    require(planes.size() == 3 && shape.size() == 4 && levels.size() == 8, "three planes, four flags, eight levels");
    const Plane &luma = planes[0];
    require(luma.shape(0) > 0 && luma.shape(1) > 0, "planes must not be empty");
    require(luma.shape(0) < (1u << 20) && luma.shape(1) < (1u << 20), "too many pixels");
    VideoSource source{};
    source.height = static_cast<int>(luma.shape(0));
    source.width = static_cast<int>(luma.shape(1));
    source.sample_bytes = sample_bytes(luma);
    source.half_height = shape[0], source.half_width = shape[1];
    source.top_sited = shape[2], source.left_sited = shape[3];
    require_plane(luma, luma.shape(0), luma.shape(1), source.sample_bytes);
    for (int k = 0; k < 3; ++k) {
        if (k > 0)
            require_plane(planes[k], source.half_height ? (luma.shape(0) + 1) / 2 : luma.shape(0),
                          source.half_width ? (luma.shape(1) + 1) / 2 : luma.shape(1), source.sample_bytes);
        source.plane[k] = static_cast<const std::uint8_t *>(planes[k].data());
        source.stride[k] = static_cast<std::ptrdiff_t>(planes[k].stride(0)) * source.sample_bytes;
    }
    source.scale[0] = levels[0], source.scale[1] = levels[1];
    source.bias[0] = levels[2], source.bias[1] = levels[3];
    std::copy_n(levels.data() + 4, 4, source.to_rgb);
    return source;
}

void set_area(VideoJob &job, const std::vector<int> &area, const std::vector<double> &place) {
    require(area.size() == 4, "top, left, rows, columns");
    job.top = area[0], job.left = area[1], job.rows = area[2], job.columns = area[3];
    require(job.top >= 0 && job.left >= 0 && job.top % 2 == 0 && job.left % 2 == 0, "the area must begin at even places");
    require(job.rows > 0 && job.columns > 0, "the area must not be empty");
    const int bottom = job.source.height - job.rows, right = job.source.width - job.columns;
    require(job.top <= bottom && job.left <= right, "the area must lie in the frame");
    require(job.rows % 2 == 0 || job.top == bottom, "an odd area must end with the frame");
    require(job.columns % 2 == 0 || job.left == right, "an odd area must end with the frame");
    OperatorJob &base = job.base;
    require(place.size() == 4 && place[1] > 0 && place[3] > 0 && place[0] >= 0 && place[2] >= 0, "positions in 0..1");
    base.v0 = place[0], base.dv = place[1], base.u0 = place[2], base.du = place[3];
    require(base.v0 + (job.rows - 1) * base.dv <= 1 && base.u0 + (job.columns - 1) * base.du <= 1, "positions in 0..1");
}

void set_targets(VideoJob &job, const std::vector<Codes> &targets) {
    require(targets.size() == 3, "three targets");
    for (int k = 0; k < 3; ++k) {
        const int height = k == 0 ? job.source.height : (job.source.height + 1) / 2;
        const int width = k == 0 ? job.source.width : (job.source.width + 1) / 2;
        require(targets[k].shape(0) == static_cast<std::size_t>(height) &&
                    targets[k].shape(1) == static_cast<std::size_t>(width) && (targets[k].stride(1) == 1 || width == 1),
                "a target has the wrong size");
        job.target[k] = targets[k].data();
        job.target_stride[k] = static_cast<std::ptrdiff_t>(targets[k].stride(0)) * 2;
    }
}

void run_planes(const std::string &variant, int threads, const std::vector<Plane> &planes,
                const std::vector<bool> &shape, const std::vector<float> &levels, const std::vector<int> &area,
                const std::vector<double> &place, const Floats &nodes, const Floats &lut, float qmax,
                const Floats &curve, const std::vector<float> &curve_at, float offset, const Floats &eotf,
                const Floats &matrix, const Floats &pq, float ceiling, bool is_hlg, const Floats &dither, const Floats &pair_dither,
                const std::vector<Codes> &targets, const Counts &counts) {
    const Variant &chosen = variant_named(variant);
    VideoJob job{};
    job.source = video_source(planes, shape, levels);
    set_area(job, area, place);
    set_targets(job, targets);
    OperatorJob &base = job.base;
    base.operators = operators_of(nodes, lut, variant);
    require(curve_at.size() == 2, "steps per unit, bound");
    require_curve(curve, curve_at[0], curve_at[1], chosen);
    base.curve = curve.data(), base.curve_per_step = curve_at[0], base.curve_bound = curve_at[1];
    base.qmax = qmax, base.offset = offset;
    copy_matrix(base.matrix, matrix);
    require(pq.size() == chosen.pq10_floats, "the PQ table does not fit its variant");
    base.pq = pq.data();
    require(eotf.size() == EOTF_FLOATS, "the table of the EOTF does not fit");
    job.eotf = eotf.data();
    require(ceiling > 0 && ceiling <= 1, "the ceiling is a share of 10000 nits");
    job.ceiling = ceiling, job.is_hlg = is_hlg;
    require(dither.size() == DITHER_SIDE * DITHER_STRIDE, "the dither does not fit");
    require(pair_dither.size() == DITHER_SIDE * 2 * PAIR_STRIDE, "the dither does not fit");
    job.dither = dither.data(), job.pair_dither = pair_dither.data();
    require(counts.size() == LEVELS, "one count per level");
    const nb::gil_scoped_release unlocked;
    std::mutex mutex; // sums of integers, in whatever order
    share_rows((job.rows + 1) / 2, CHROMA_ROWS_AT_A_TIME, threads, [&](int first, int last) {
        thread_local std::vector<float> scratch; // a new one for each chunk would be new pages each time
        scratch.resize(std::max(scratch.size(), video_scratch(job.columns)));
        std::vector<std::int64_t> part(LEVELS);
        chosen.video->planes(job, first, last, scratch.data(), part.data());
        const std::lock_guard<std::mutex> lock(mutex);
        for (int k = 0; k < LEVELS; ++k) counts.data()[k] += part[k];
    });
}

void run_average(const std::string &variant, int threads, const Plane &plane, const Target &target) {
    const Variant &chosen = variant_named(variant);
    require(plane.shape(0) > 0 && plane.shape(1) > 0, "planes must not be empty");
    require(plane.shape(0) < (1u << 20) && plane.shape(1) < (1u << 20), "too many pixels");
    const int bytes = sample_bytes(plane);
    require_plane(plane, plane.shape(0), plane.shape(1), bytes);
    require(target.ndim() == 2 && target.shape(0) > 0 && target.shape(0) <= 4096 && target.itemsize() == sizeof(float) &&
                target.shape(1) == target.shape(0),
            "the target must be [size, size]");
    const ThumbnailJob job{{static_cast<const std::uint8_t *>(plane.data()),
                            static_cast<std::ptrdiff_t>(plane.stride(0)) * bytes, static_cast<int>(plane.shape(0)),
                            static_cast<int>(plane.shape(1)), bytes},
                           static_cast<int>(target.shape(0)), static_cast<float *>(target.data())};
    const nb::gil_scoped_release unlocked;
    share_rows(job.size, 16, threads, [&](int first, int last) { chosen.video->average(job, first, last); });
}

bool run_deband(int threads, const Plane &plane, const Codes &target) {
    require(plane.shape(0) > 0 && plane.shape(1) > 0, "planes must not be empty");
    require(plane.shape(0) < (1u << 20) && plane.shape(1) < (1u << 20), "too many pixels");
    require_plane(plane, plane.shape(0), plane.shape(1), 1);
    require(target.shape(0) == plane.shape(0) && target.shape(1) == plane.shape(1) && target.stride(1) == 1 &&
                target.stride(0) == static_cast<std::int64_t>(plane.shape(1)),
            "the target must be as large, and packed");
    const BandingJob job{static_cast<const std::uint8_t *>(plane.data()), static_cast<std::ptrdiff_t>(plane.stride(0)),
                         static_cast<int>(plane.shape(0)), static_cast<int>(plane.shape(1)), target.data()};
    const nb::gil_scoped_release unlocked;
    return deband(job, threads);
}

} // namespace

void add_video(nb::module_ &m) {
    m.def("video_planes", &run_planes, "A film's frame into given planes; arguments as in video/compiled.py.");
    m.def("video_deband", &run_deband, "Banding out of a plane; false where there is none: see video/banding.py.");
    m.def("video_average", &run_average, "Exact area average of a plane; arguments as in video/compiled.py.");
}

} // namespace untone
