// Rows of planar Y'CbCr, even and odd columns apart: chroma interpolated between its samples, wherever they are sited.
#pragma once

namespace untone::UNTONE_VARIANT {

// Full-size chroma of one row, half as many samples in each array
struct ChromaRow {
    float *cb[2], *cr[2]; // of even columns, of odd ones
};

// What rows of a frame need on their way, carved out of the caller's scratch memory; every array may be read and
// written SCRATCH_PAD samples before and after
struct VideoRows {
    std::uint16_t *luma[2];           // of two rows of the source
    std::uint16_t *codes, *levels;    // of the target
    float *near;                      // chroma samples under the row
    ChromaRow chroma[3], signal;      // of the source: the row above a pair, and the pair; of the target
    float *gain[2][3], *mixed[3];     // R, G and B, half as wide: of two half rows, and of a row between them
    float *thin[3][2];                // Cb and Cr of the target, half as wide: of three rows

    VideoRows(float *scratch, int columns) {
        const std::size_t floats = video_row_floats(columns);
        const auto next = [&]() {
            float *row = scratch + SCRATCH_PAD;
            scratch += floats;
            return row;
        };
        for (auto &row : luma) row = reinterpret_cast<std::uint16_t *>(next());
        codes = reinterpret_cast<std::uint16_t *>(next());
        levels = reinterpret_cast<std::uint16_t *>(next());
        near = next();
        const auto fill = [&](ChromaRow &row) {
            for (int k = 0; k < 2; ++k) row.cb[k] = next(), row.cr[k] = next();
        };
        for (ChromaRow &row : chroma) fill(row);
        fill(signal);
        for (auto &three : gain)
            for (auto &row : three) row = next();
        for (auto &row : mixed) row = next();
        for (auto &two : thin)
            for (auto &row : two) row = next();
    }
};

// Two rows of a plane and the share of the second
struct Between {
    int first, second;
    float share;
};

// Where luma row `row` falls among `rows` rows of chroma of half the height
static inline Between between(int row, int rows, bool cosited) {
    const int here = row >> 1;
    int first = here, second = here;
    float share = 0;
    if (cosited) {
        if (row & 1) second = here + 1, share = 0.5f;
    } else if (row & 1) {
        second = here + 1, share = 0.25f;
    } else {
        first = here - 1, share = 0.75f;
    }
    const int last = rows - 1;
    return {first < 0 ? 0 : first > last ? last : first, second > last ? last : second, share};
}

template <class T> static const T *samples(const VideoSource &source, int plane, int row) {
    return reinterpret_cast<const T *>(source.plane[plane] + static_cast<std::ptrdiff_t>(row) * source.stride[plane]);
}

// Luma of row `row` of the area; the last sample again where a pair has only one
template <class T> static void read_luma(const VideoJob &job, int row, std::uint16_t *out) {
    const T *from = samples<T>(job.source, 0, job.top + row) + job.left;
    for (int i = 0; i < job.columns; ++i) out[i] = from[i];
    out[job.columns] = out[job.columns - 1];
}

// Chroma of half the width: samples under the row into `near`, one more on either side, then what lies between them
template <class T>
static void read_half(const VideoJob &job, int plane, const Between &at, float *near, float *even, float *odd) {
    const VideoSource &source = job.source;
    const float scale = source.scale[1], bias = source.bias[1];
    const int width = (source.width + 1) / 2, under = job.left / 2, pairs = (job.columns + 1) / 2;
    const int begin = under > 0 ? -1 : 0, end = under + pairs < width ? pairs + 1 : pairs;
    const T *a = samples<T>(source, plane, at.first) + under, *b = samples<T>(source, plane, at.second) + under;
    for (int i = begin; i < end; ++i) {
        const float x = a[i], y = b[i];
        near[i] = (x + (y - x) * at.share) * scale + bias;
    }
    if (begin == 0) near[-1] = near[0];
    if (end == pairs) near[pairs] = near[pairs - 1];
    if (source.left_sited) {
        for (int i = 0; i < pairs; ++i) {
            even[i] = near[i];
            odd[i] = 0.5f * (near[i] + near[i + 1]);
        }
    } else {
        for (int i = 0; i < pairs; ++i) {
            even[i] = 0.25f * near[i - 1] + 0.75f * near[i];
            odd[i] = 0.75f * near[i] + 0.25f * near[i + 1];
        }
    }
    if (job.columns & 1) odd[pairs - 1] = even[pairs - 1]; // what is there counts
}

// Chroma of the full width
template <class T>
static void read_wide(const VideoJob &job, int plane, const Between &at, float *even, float *odd) {
    const float scale = job.source.scale[1], bias = job.source.bias[1];
    const T *a = samples<T>(job.source, plane, at.first) + job.left;
    const T *b = samples<T>(job.source, plane, at.second) + job.left;
    for (int i = 0; i < job.columns; ++i) {
        const float x = a[i], y = b[i];
        (i & 1 ? odd : even)[i >> 1] = (x + (y - x) * at.share) * scale + bias;
    }
    if (job.columns & 1) odd[job.columns >> 1] = even[job.columns >> 1];
}

// Full-size chroma of row `row` of the area
template <class T> static void read_chroma(const VideoJob &job, int row, float *near, const ChromaRow &out) {
    const VideoSource &source = job.source;
    const int line = job.top + row, height = source.half_height ? (source.height + 1) / 2 : source.height;
    const Between at = source.half_height ? between(line, height, source.top_sited) : Between{line, line, 0.0f};
    for (int plane = 1; plane < 3; ++plane) {
        float *const *to = plane == 1 ? out.cb : out.cr;
        if (source.half_width) read_half<T>(job, plane, at, near, to[0], to[1]);
        else read_wide<T>(job, plane, at, to[0], to[1]);
    }
}

// R', G' and B' of Y', Cb and Cr, not limited
static inline void to_rgb(const VideoSource &source, F y, F cb, F cr, F (&rgb)[3]) {
    const float *m = source.to_rgb;
    rgb[0] = fma(cr, splat(m[0]), y);
    rgb[1] = fma(cr, splat(m[2]), fma(cb, splat(m[1]), y));
    rgb[2] = fma(cb, splat(m[3]), y);
}

// Luma of even and of odd columns, from pair p on
static inline F luma_at(const VideoSource &source, I pairs, bool odd) {
    const I codes = odd ? shift_right<16>(pairs) : bit_and(pairs, splat_int(0xffff));
    return fma(convert(codes), splat(source.scale[0]), splat(source.bias[0]));
}

// The EOTF of the source, plus the offset of the gain: a cubic in each of the octaves 2^-7..1 of x * SPAN + START, so
// that it is fine in the dark; black is met exactly
struct Eotf {
    static constexpr float START = 1.0f / 128, SPAN = 1 - START - 1.0f / (1 << 20); // white stays below 1
    EightCubics cubics;

    explicit Eotf(const VideoJob &job) : cubics(job.eotf) {}

    F operator()(F encoded) const {
        const I x = bits(fma(encoded, splat(SPAN), splat(START)));
        const F mantissa = from_bits(bit_or(bit_and(x, splat_int(0x007fffff)), splat_int(0x3f800000)));
        return cubics.at(shift_right<23>(x), sub(mantissa, splat(1)));
    }
};

} // namespace untone::UNTONE_VARIANT
