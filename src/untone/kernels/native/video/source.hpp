// Rows of planar Y'CbCr as R'G'B' at full size: chroma interpolated between its samples, wherever they are sited.
#pragma once

namespace untone::UNTONE_VARIANT {

// What one row of a frame needs on its way, carved out of the caller's scratch memory
struct VideoRows {
    float *luma, *cb, *cr, *mixed;
    float *out_cb[3], *out_cr[3]; // of the row above, this one, and the one below
    std::uint16_t *codes, *levels;

    VideoRows(float *scratch, int columns) {
        const std::size_t row = static_cast<std::size_t>(columns) + SCRATCH_PAD;
        luma = scratch, cb = luma + row, cr = cb + row, mixed = cr + row;
        for (int k = 0; k < 3; ++k) out_cb[k] = mixed + (1 + k) * row, out_cr[k] = mixed + (4 + k) * row;
        codes = reinterpret_cast<std::uint16_t *>(mixed + 7 * row);
        levels = codes + row;
    }

    void advance() { // what was below becomes above
        float *cb_row = out_cb[0], *cr_row = out_cr[0];
        out_cb[0] = out_cb[2], out_cb[2] = cb_row;
        out_cr[0] = out_cr[2], out_cr[2] = cr_row;
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
    const int above = here > 0 ? here - 1 : 0, below = here + 1 < rows ? here + 1 : rows - 1;
    if (cosited) return {here, below, row & 1 ? 0.5f : 0.0f};
    return row & 1 ? Between{here, below, 0.25f} : Between{above, here, 0.75f};
}

template <class T> static const T *samples(const VideoSource &source, int plane, int row) {
    return reinterpret_cast<const T *>(source.plane[plane] + static_cast<std::ptrdiff_t>(row) * source.stride[plane]);
}

// Chroma plane `plane` at luma row `row`, columns left..left+columns-1, into out
template <class T>
static void read_chroma(const VideoSource &source, int plane, int row, int left, int columns, float *mixed, float *out) {
    const float scale = source.scale[1], bias = source.bias[1];
    const int height = source.half_height ? (source.height + 1) / 2 : source.height;
    const int width = source.half_width ? (source.width + 1) / 2 : source.width;
    const Between at = source.half_height ? between(row, height, source.top_sited) : Between{row, row, 0.0f};
    const T *a = samples<T>(source, plane, at.first), *b = samples<T>(source, plane, at.second);
    if (!source.half_width) {
        a += left, b += left;
        for (int i = 0; i < columns; ++i) {
            const float x = a[i], y = b[i];
            out[i] = (x + (y - x) * at.share) * scale + bias;
        }
        return;
    }
    // samples begin..begin+count-1: those under these columns and one on either side, as far as there are any
    const int under = left / 2, pairs = (columns + 1) / 2;
    const int begin = under > 0 ? under - 1 : 0;
    const int end = under + pairs + 1 < width ? under + pairs + 1 : width;
    float *here = mixed + 1; // of the sample under the first column
    a += begin, b += begin;
    float *to = here + (begin - under);
    for (int i = 0; i < end - begin; ++i) {
        const float x = a[i], y = b[i];
        to[i] = (x + (y - x) * at.share) * scale + bias;
    }
    if (begin == under) here[-1] = here[0];
    if (end == under + pairs) here[pairs] = here[pairs - 1];
    if (source.left_sited) {
        for (int i = 0; i < pairs; ++i) {
            out[2 * i] = here[i];
            out[2 * i + 1] = 0.5f * (here[i] + here[i + 1]);
        }
    } else {
        for (int i = 0; i < pairs; ++i) {
            out[2 * i] = 0.25f * here[i - 1] + 0.75f * here[i];
            out[2 * i + 1] = 0.75f * here[i] + 0.25f * here[i + 1];
        }
    }
}

template <class T> static void read_row(const VideoJob &job, int row, const VideoRows &rows) {
    const VideoSource &source = job.source;
    const T *luma = samples<T>(source, 0, job.top + row) + job.left;
    const float scale = source.scale[0], bias = source.bias[0];
    for (int i = 0; i < job.columns; ++i) rows.luma[i] = static_cast<float>(luma[i]) * scale + bias;
    read_chroma<T>(source, 1, job.top + row, job.left, job.columns, rows.mixed, rows.cb);
    read_chroma<T>(source, 2, job.top + row, job.left, job.columns, rows.mixed, rows.cr);
}

// The EOTF of the source plus the offset of the gain: x <= threshold ? x * slope : (x * scale + bias) ** power
struct Eotf {
    static constexpr int N = 3;
    F threshold, slope, scale, bias, power, offset;

    explicit Eotf(const VideoJob &job)
        : threshold(splat(job.eotf[0])), slope(splat(job.eotf[1])), scale(splat(job.eotf[2])),
          bias(splat(job.eotf[3])), power(splat(job.eotf[4])), offset(splat(job.base.offset)) {}

    void operator()(const F (&encoded)[N], F (&light)[N]) const {
        UNTONE_ALL light[k] = larger(fma(encoded[k], scale, bias), splat(1e-7f));
        log2(light);
        UNTONE_ALL light[k] = mul(light[k], power);
        exp2(light);
        UNTONE_ALL light[k] = add(choose(at_least(threshold, encoded[k]), mul(encoded[k], slope), light[k]), offset);
    }
};

// Guides and light of `count` pixels from `column` of the row on
static void read_video_block(const VideoJob &job, const VideoRows &rows, const Eotf &eotf, int column, int count,
                             Block &block) {
    const float *m = job.source.to_rgb;
    const F zero = splat(0), one = splat(1), seven = splat(7);
    for (int p = 0; p < count; p += W) {
        const F y = load(rows.luma + column + p), cb = load(rows.cb + column + p), cr = load(rows.cr + column + p);
        F encoded[3] = {fma(cr, splat(m[0]), y), fma(cr, splat(m[2]), fma(cb, splat(m[1]), y)),
                        fma(cb, splat(m[3]), y)};
        F light[3];
        for (int c = 0; c < 3; ++c) {
            encoded[c] = clamp(encoded[c], zero, one);
            store(block.guide[c] + p, mul(encoded[c], seven));
        }
        eotf(encoded, light);
        for (int c = 0; c < 3; ++c) store(block.light + c * BLOCK + p, light[c]);
    }
}

} // namespace untone::UNTONE_VARIANT
