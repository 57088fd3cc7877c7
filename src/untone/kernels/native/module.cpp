// Python bindings: arrays become jobs, run without the GIL; ../compiled.py has checked every argument, and
// what memory safety hangs on is checked here again.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "bindings.hpp"
#include "operators/frame.hpp"
#include "jpeg/module.hpp"
#include "threads/pool.hpp"
#include "processor.hpp"

namespace nb = nanobind;
using namespace untone;

namespace {

using Light = nb::ndarray<const float, nb::ndim<3>, nb::device::cpu>;
using Words = nb::ndarray<const std::uint16_t, nb::ndim<3>, nb::c_contig, nb::device::cpu>;
using Counts = nb::ndarray<std::int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

constexpr int MAX_NODES = 32, MAX_LUT = 33, ROWS_AT_A_TIME = 8;

std::vector<const Variant *> runnable() {
    std::vector<const Variant *> found;
#ifdef UNTONE_X86
    if (has_avx512()) found.push_back(&avx512_variant);
    if (has_avx2()) found.push_back(&avx2_variant);
#endif
#ifdef UNTONE_ARM64
    found.push_back(&neon_variant); // every such processor has it
#endif
    found.push_back(&portable_variant);
    return found;
}

int code_bytes(const nb::dlpack::dtype &dtype) {
    if (dtype == nb::dtype<std::uint8_t>()) return 1;
    if (dtype == nb::dtype<std::uint16_t>()) return 2;
    throw nb::value_error("codes must be uint8 or uint16");
}

} // namespace

namespace untone {

void require(bool good, const char *what) {
    if (!good) throw nb::value_error(what);
}

const Variant &variant_named(const std::string &name) {
    for (const Variant *variant : runnable())
        if (name == variant->name) return *variant;
    throw nb::value_error("no such kernel variant on this processor");
}

Source source_of(const Pixels &pixels) {
    require(pixels.shape(2) == 3 && pixels.stride(2) == 1 && pixels.stride(1) == 3, "pixels must be packed RGB");
    require(pixels.shape(0) > 0 && pixels.shape(1) > 0, "pixels must not be empty");
    require(pixels.shape(0) < (1u << 30) && pixels.shape(1) < (1u << 28), "too many pixels");
    const int bytes = code_bytes(pixels.dtype());
    return {static_cast<const std::uint8_t *>(pixels.data()), static_cast<std::ptrdiff_t>(pixels.stride(0)) * bytes,
            static_cast<int>(pixels.shape(0)), static_cast<int>(pixels.shape(1)), bytes};
}

void require_target(const Target &target, std::size_t a, std::size_t b, std::size_t c, std::size_t bytes) {
    require(target.ndim() == 3 && target.shape(0) == a && target.shape(1) == b && target.shape(2) == c &&
                target.itemsize() == bytes,
            "the target has the wrong shape or type");
}

} // namespace untone

namespace {

std::vector<std::string> variants() {
    std::vector<std::string> names;
    for (const Variant *variant : runnable()) names.emplace_back(variant->name);
    return names;
}

const float *light_of(const Floats &table, const Source &source) {
    require(table.size() == (source.sample_bytes == 1 ? 256u : 65536u), "one light per code");
    return table.data();
}

void copy4(float (&to)[4], const Floats &from) {
    require(from.size() == 4, "four constants, RGBX");
    std::copy_n(from.data(), 4, to);
}

} // namespace

namespace untone {

void copy_matrix(float (&to)[3][4], const Floats &from) {
    require(from.size() == 12, "the matrix must be [3, 4]");
    std::copy_n(from.data(), 12, &to[0][0]);
}

// No reading within the bound may lead past the table: half its steps lie on either side of 0
void require_curve(const Floats &curve, float per_step, float bound, const Variant &variant) {
    require(curve.ndim() == 2 && curve.size() == variant.curve_floats, "the curve does not fit its variant");
    const std::size_t steps = std::max(curve.shape(0), curve.shape(1));
    require(per_step > 0 && bound > 0 && per_step * bound < static_cast<float>(steps) / 2, "the curve is too short");
}

Operators operators_of(const Floats &nodes, const Floats &lut, const std::string &variant) {
    const std::size_t cell = variant == "portable" ? 3 * 8 * 16 : 9 * 32; // floats, see the grid headers
    require(nodes.ndim() == 2 && nodes.shape(0) >= 2 && nodes.shape(0) <= MAX_NODES, "nodes must be [gy, table]");
    require(nodes.shape(1) % cell == 0 && nodes.shape(1) >= cell && nodes.shape(1) <= cell * (MAX_NODES - 1),
            "the node table does not fit its variant");
    require(lut.ndim() == 4 && lut.shape(0) >= 2 && lut.shape(0) <= MAX_LUT && lut.shape(1) == lut.shape(0) &&
                lut.shape(2) == lut.shape(0) && lut.shape(3) == 4,
            "the LUT must be [n, n, n, 4]");
    return {nodes.data(), nodes.shape(1), static_cast<int>(nodes.shape(0)), static_cast<int>(nodes.shape(1) / cell) + 1,
            lut.data(), static_cast<int>(lut.shape(0))};
}

} // namespace untone

namespace {

void run_operators(const std::string &variant, int threads, const Pixels &pixels, int divisor, const Floats &nodes,
                   const Floats &lut, float qmax, const Floats &curve, const std::vector<float> &curve_at,
                   bool curve_is_power, const std::vector<double> &place, int output, const Target &target,
                   const Floats &scale, const Floats &bias, const Floats &light, float offset, const Floats &matrix,
                   const Floats &pq) {
    static constexpr std::size_t sizes[] = {1, 4, 2, 4, 2};
    const Variant &chosen = variant_named(variant);
    OperatorJob job{};
    job.source = source_of(pixels);
    require(divisor == 1 || divisor == 2 || divisor == 4, "divisor must be 1, 2 or 4");
    require(output >= 0 && output <= 4, "no such output");
    job.divisor = divisor;
    job.output = static_cast<Output>(output);
    require(divisor == 1 || job.output == Output::codes, "only codes have a divisor");
    job.operators = operators_of(nodes, lut, variant);
    require(place.size() == 4 && place[1] > 0 && place[3] > 0 && place[0] >= 0 && place[2] >= 0, "positions in 0..1");
    job.v0 = place[0], job.dv = place[1], job.u0 = place[2], job.du = place[3];
    job.rows = (job.source.height + divisor - 1) / divisor;
    job.columns = (job.source.width + divisor - 1) / divisor;
    require(job.v0 + (job.rows - 1) * job.dv <= 1 && job.u0 + (job.columns - 1) * job.du <= 1, "positions in 0..1");
    require_target(target, job.rows, job.columns, 3, sizes[output]);
    job.target = static_cast<std::uint8_t *>(target.data());
    copy4(job.scale, scale);
    copy4(job.bias, bias);
    job.light = light_of(light, job.source);
    job.offset = offset;
    copy_matrix(job.matrix, matrix);
    require(pq.size() == chosen.pq10_floats, "the PQ table does not fit its variant");
    job.pq = pq.data();
    require(curve_at.size() == 2, "steps per unit, bound");
    require_curve(curve, curve_at[0], curve_at[1], chosen);
    job.curve = curve.data();
    job.curve_per_step = curve_at[0];
    job.curve_bound = curve_at[1];
    job.curve_is_power = curve_is_power;
    job.qmax = qmax;
    const nb::gil_scoped_release unlocked;
    share_rows(job.rows, ROWS_AT_A_TIME, threads, [&](int first, int last) { chosen.operators(job, first, last); });
}

void run_apply(const std::string &variant, int threads, const Pixels &pixels, int first_row, int whole_height,
               const Floats &light, const Pixels &map, const std::vector<Floats> &constants, bool half,
               const Target &target) {
    const Variant &chosen = variant_named(variant);
    ApplyJob job{};
    job.source = source_of(pixels);
    require(first_row >= 0 && first_row <= whole_height - job.source.height, "rows of the base");
    job.first_row = first_row;
    job.whole_height = whole_height;
    job.light = light_of(light, job.source);
    const std::size_t channels = map.shape(2);
    require(channels == 1 || channels == 3, "a map has 1 or 3 channels");
    require(map.stride(2) == 1 && map.stride(1) == static_cast<std::int64_t>(channels) &&
                map.stride(0) == static_cast<std::int64_t>(map.shape(1) * channels),
            "the map must be contiguous");
    require(map.shape(0) > 0 && map.shape(0) < (1u << 28) && map.shape(1) > 0 && map.shape(1) < (1u << 28), "map size");
    job.map = static_cast<const std::uint8_t *>(map.data());
    job.map_height = static_cast<int>(map.shape(0));
    job.map_width = static_cast<int>(map.shape(1));
    job.channels = static_cast<int>(channels);
    job.map_bytes = code_bytes(map.dtype());
    require(constants.size() == 5, "low, span, inverse gamma, base offset, alternate offset");
    copy4(job.low, constants[0]);
    copy4(job.span, constants[1]);
    copy4(job.inverse_gamma, constants[2]);
    copy4(job.base_offset, constants[3]);
    copy4(job.alternate_offset, constants[4]);
    job.has_gamma = !std::all_of(job.inverse_gamma, job.inverse_gamma + 3, [](float g) { return g == 1.0f; });
    job.output = half ? Output::half : Output::single;
    require_target(target, job.source.height, job.source.width, 3, half ? 2 : 4);
    job.target = static_cast<std::uint8_t *>(target.data());
    const nb::gil_scoped_release unlocked;
    const auto work = [&](int first, int last) { chosen.apply(job, first, last); };
    share_rows(job.source.height, ROWS_AT_A_TIME, threads, work);
}

void run_pq16(const std::string &variant, int threads, const Light &light, const Floats &matrix, const Floats &pq,
              const Target &target) {
    const Variant &chosen = variant_named(variant);
    PqJob job{};
    require(light.shape(2) == 3 && light.stride(2) == 1 && light.stride(1) == 3, "light must be packed RGB");
    require(light.shape(0) < (1u << 30) && light.shape(1) < (1u << 28), "too many pixels");
    job.light = reinterpret_cast<const std::uint8_t *>(light.data());
    job.stride = static_cast<std::ptrdiff_t>(light.stride(0) * static_cast<std::int64_t>(sizeof(float)));
    job.height = static_cast<int>(light.shape(0));
    job.width = static_cast<int>(light.shape(1));
    copy_matrix(job.matrix, matrix);
    require(pq.size() == chosen.pq16_floats, "the PQ table does not fit its variant");
    job.pq = pq.data();
    require_target(target, job.height, job.width, 3, 2);
    job.target = static_cast<std::uint16_t *>(target.data());
    const nb::gil_scoped_release unlocked;
    share_rows(job.height, ROWS_AT_A_TIME, threads, [&](int first, int last) { chosen.pq16(job, first, last); });
}

// Adds to `counts`, one for each code, how often it is the largest of a pixel; the order of pixels means nothing
void count_largest(const Words &codes, const Counts &counts) {
    require(codes.shape(2) == 3, "codes must be RGB");
    require(counts.size() == 65536, "one count per code");
    const std::uint16_t *sample = codes.data(), *end = sample + codes.size();
    std::int64_t *count = counts.data();
    const nb::gil_scoped_release unlocked;
    for (; sample != end; sample += 3) ++count[std::max(std::max(sample[0], sample[1]), sample[2])];
}

void run_thumbnail(const std::string &variant, int threads, const Pixels &pixels, const Target &target) {
    const Variant &chosen = variant_named(variant);
    require(target.ndim() == 3 && target.shape(1) > 0 && target.shape(1) <= 4096, "the target must be [3, size, size]");
    const std::size_t size = target.shape(1);
    require_target(target, 3, size, size, sizeof(float));
    const ThumbnailJob job{source_of(pixels), static_cast<int>(size), static_cast<float *>(target.data())};
    const nb::gil_scoped_release unlocked;
    share_rows(job.size, 4, threads, [&](int first, int last) { chosen.thumbnail(job, first, last); });
}

} // namespace

NB_MODULE(_native, m) {
    m.doc() = "Compiled kernels of untone; call them through untone.kernels.";
    add_network(m);
    m.def("variants", &variants, "Names of the variants this processor runs, fastest first.");
    m.def("operators", &run_operators, "Full-size stage into a given array; arguments as in compiled.py.");
    m.def("apply", &run_apply, "Gain map onto its base, into a given array; arguments as in compiled.py.");
    m.def("pq16", &run_pq16, "Light to 16-bit PQ, into a given array; arguments as in compiled.py.");
    m.def("count_largest", &count_largest, "Adds up how often each 16-bit code is the largest of a pixel.");
    m.def("thumbnail", &run_thumbnail, "Exact area average into a given array; arguments as in compiled.py.");
    add_jpeg(m);
    add_video(m);
}
