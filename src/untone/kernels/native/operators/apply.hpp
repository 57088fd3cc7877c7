// Rows of a gain map applied to its base: upsample the codes, then ISO 21496-1 clause 6.
#pragma once

namespace untone::UNTONE_VARIANT {

constexpr int MAP_SPAN = 512; // map columns that one block may touch

struct ApplyBlock {
    alignas(64) std::uint8_t raw[BLOCK * 3 * 2 + PAD];
    alignas(64) float map[(MAP_SPAN + 1) * 3 + PAD]; // the map row at this image row, RGB shares, last column twice
    alignas(64) std::uint32_t at[BLOCK + W];    // byte offset of each pixel's left map sample
    alignas(64) float share[BLOCK + W];         // of the right one
    alignas(64) float light[3 * BLOCK + PAD];   // of the base, packed RGB
    alignas(64) std::uint8_t out[BLOCK * 3 * sizeof(float) + PAD];
};

// A position along one map axis: the lower sample and the share of the upper
struct Place {
    int lower;
    float share;
};

static inline Place place(int index, int count, int samples) {
    const double x = (index + 0.5) * samples / count - 0.5;
    if (!(x > 0)) return {0, 0};
    const int lower = static_cast<int>(x);
    return lower >= samples - 1 ? Place{samples - 1, 0} : Place{lower, static_cast<float>(x - lower)};
}

// Columns first..first+span of the map between two of its rows, as RGB shares in 0..1
template <class T, int CHANNELS>
static void read_map(const ApplyJob &job, Place y, int first, int span, float *out) {
    const std::size_t stride = static_cast<std::size_t>(job.map_width) * CHANNELS;
    const auto *upper = reinterpret_cast<const T *>(job.map) + y.lower * stride + std::size_t(first) * CHANNELS;
    const auto *lower = y.lower + 1 < job.map_height ? upper + stride : upper;
    const float scale = 1.0f / (sizeof(T) == 1 ? 255.0f : 65535.0f);
    for (int i = 0; i < span * CHANNELS; ++i) {
        const float a = upper[i], b = lower[i], share = (a + (b - a) * y.share) * scale;
        if constexpr (CHANNELS == 3) out[i] = share;
        else out[3 * i] = out[3 * i + 1] = out[3 * i + 2] = share;
    }
    std::memcpy(out + 3 * span, out + 3 * (span - 1), 3 * sizeof(float)); // the right neighbour of the last column
}

static void read_map_of(const ApplyJob &job, Place y, int first, int span, float *out) {
    if (job.map_bytes == 1 && job.channels == 1) return read_map<std::uint8_t, 1>(job, y, first, span, out);
    if (job.map_bytes == 1) return read_map<std::uint8_t, 3>(job, y, first, span, out);
    if (job.channels == 1) return read_map<std::uint16_t, 1>(job, y, first, span, out);
    read_map<std::uint16_t, 3>(job, y, first, span, out);
}

// As many pixels from `column` on as fit a block and MAP_SPAN; fills their offsets and shares; returns the count
static int place_pixels(const ApplyJob &job, int column, int &first, int &span, ApplyBlock &block) {
    const int most = job.source.width - column < BLOCK ? job.source.width - column : BLOCK;
    first = place(column, job.source.width, job.map_width).lower;
    int count = 0;
    span = 1;
    for (; count < most; ++count) {
        const Place x = place(column + count, job.source.width, job.map_width);
        const int needed = x.lower - first + (x.lower + 1 < job.map_width ? 2 : 1);
        if (needed > MAP_SPAN) break;
        span = needed;
        block.at[count] = static_cast<std::uint32_t>(x.lower - first) * 12;
        block.share[count] = x.share;
    }
    for (int k = count; k % W != 0; ++k) { // lanes past the end read a sample that is there
        block.at[k] = 0;
        block.share[k] = 0;
    }
    return count;
}

template <bool GAMMA, bool HALF> struct Applier {
    static constexpr int N = 4, PIXELS = W / 4; // the four RGBX registers of one planar register
    F low, span, inverse_gamma, base_offset, alternate_offset;

    explicit Applier(const ApplyJob &job)
        : low(repeat(job.low)), span(repeat(job.span)), inverse_gamma(repeat(job.inverse_gamma)),
          base_offset(repeat(job.base_offset)), alternate_offset(repeat(job.alternate_offset)) {}

    // Bilinear shares of W pixels from `pixel` on
    template <int Q> static void upsample(F (&v)[N], const ApplyBlock &block, int pixel, F share) {
        const std::uint32_t *at = block.at + pixel + Q * PIXELS;
        const F left = records(block.map, at), right = records(block.map + 3, at);
        v[Q] = fma(spread<Q>(share), sub(right, left), left);
        if constexpr (Q < 3) upsample<Q + 1>(v, block, pixel, share);
    }

    void raise(F (&v)[N]) const { // to the power of inverse_gamma; 0 stays 0
        const F tiny = splat(1e-30f), bound = splat(126);
        F power[N];
        UNTONE_ALL power[k] = larger(v[k], tiny);
        log2(power);
        UNTONE_ALL power[k] = clamp(mul(power[k], inverse_gamma), sub(splat(0), bound), bound);
        exp2(power);
        UNTONE_ALL v[k] = choose(at_least(tiny, v[k]), splat(0), power[k]);
    }

    void operator()(ApplyBlock &block, int pixel) const {
        F v[N];
        upsample<0>(v, block, pixel, load(block.share + pixel));
        if constexpr (GAMMA) raise(v);
        UNTONE_ALL v[k] = clamp(fma(v[k], span, low), splat(-126), splat(126));
        exp2(v);
        UNTONE_ALL {
            const int sample = 3 * (pixel + k * PIXELS);
            const F value = sub(mul(add(load_rgb(block.light + sample), base_offset), v[k]), alternate_offset);
            if constexpr (HALF) {
                auto *out = reinterpret_cast<std::uint16_t *>(block.out) + sample;
                store_rgb_halves(out, clamp(value, splat(-65504), splat(65504)));
            } else {
                store_rgb(reinterpret_cast<float *>(block.out) + sample, value);
            }
        }
    }
};

template <bool GAMMA, bool HALF, class T> static void apply_rows_of(const ApplyJob &job, int first_row, int last_row) {
    constexpr int bytes = 3 * (HALF ? 2 : 4);
    ApplyBlock block;
    std::memset(&block, 0, sizeof block);
    const Applier<GAMMA, HALF> applier(job);
    const int width = job.source.width;
    for (int column = 0, count = 0; column < width; column += count) {
        int first = 0, span = 0;
        count = place_pixels(job, column, first, span, block);
        const std::size_t samples = 3 * static_cast<std::size_t>(count);
        for (int row = first_row; row < last_row; ++row) {
            const std::uint8_t *line = job.source.data + static_cast<std::ptrdiff_t>(row) * job.source.stride;
            std::uint8_t *target = job.target + static_cast<std::size_t>(row) * width * bytes;
            read_map_of(job, place(job.first_row + row, job.whole_height, job.map_height), first, span, block.map);
            std::memcpy(block.raw, line + static_cast<std::size_t>(column) * 3 * sizeof(T), samples * sizeof(T));
            read_light(job.light, reinterpret_cast<const T *>(block.raw), count, block.light);
            for (int p = 0; p < count; p += W) applier(block, p);
            std::memcpy(target + std::size_t(column) * bytes, block.out, std::size_t(count) * bytes);
        }
    }
}

template <class T> static void apply_rows_as(const ApplyJob &job, int first, int last) {
    const bool half = job.output == Output::half;
    if (job.has_gamma && half) return apply_rows_of<true, true, T>(job, first, last);
    if (job.has_gamma) return apply_rows_of<true, false, T>(job, first, last);
    if (half) return apply_rows_of<false, true, T>(job, first, last);
    apply_rows_of<false, false, T>(job, first, last);
}

static void apply_rows(const ApplyJob &job, int first, int last) {
    if (job.source.sample_bytes == 1) return apply_rows_as<std::uint8_t>(job, first, last);
    apply_rows_as<std::uint16_t>(job, first, last);
}

} // namespace untone::UNTONE_VARIANT
