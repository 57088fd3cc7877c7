// Gains of a film's frame, at the size of its chroma: what the operators say of the mean of two by two pixels, as a
// factor of light; between them it is interpolated.
#pragma once

namespace untone::UNTONE_VARIANT {

// Guides of `count` pairs from `first` on: means of two rows, of even and odd columns
static inline void read_pair_guides(const VideoJob &job, const VideoRows &rows, int first, int count, Block &block) {
    const F quarter = splat(0.25f), zero = splat(0), one = splat(1), seven = splat(7);
    const ChromaRow &upper = rows.chroma[1], &lower = rows.chroma[2];
    const auto mean = [&](float *const *a, float *const *b, int at) {
        return mul(add(add(load(a[0] + at), load(a[1] + at)), add(load(b[0] + at), load(b[1] + at))), quarter);
    };
    for (int p = 0; p < count; p += W) {
        const int at = first + p;
        F y = zero;
        for (const std::uint16_t *luma : rows.luma) {
            const I pairs = load_words(luma + 2 * at);
            y = add(y, add(luma_at(job.source, pairs, false), luma_at(job.source, pairs, true)));
        }
        F rgb[3];
        to_rgb(job.source, mul(y, quarter), mean(upper.cb, lower.cb, at), mean(upper.cr, lower.cr, at), rgb);
        for (int c = 0; c < 3; ++c) store(block.guide[c] + p, mul(clamp(rgb[c], zero, one), seven));
    }
}

// 2 ** stops of `count` readings of the LUT
static inline void write_gains(const Curve &given, const Block &block, int first, int count, float *const (&gain)[3]) {
    constexpr int N = 3;
    const Curve curve = given; // a copy that nothing else points to, so that its fields stay in registers
    for (int p = 0; p < count; p += W) {
        F v[N];
        planes(block.reading + 3 * p, v[0], v[1], v[2]);
        curve.stops(v);
        exp2(v);
        UNTONE_ALL store(gain[k] + first + p, v[k]);
    }
}

// Half row `half` of the area, whose chroma lies in rows.chroma[1] and [2]; its ends are repeated beyond the area
template <class T>
static void gain_row(const VideoJob &job, int half, const Curve &curve, const VideoRows &rows, float *const (&gain)[3],
                     float *table, Block &block) {
    const Operators &operators = job.base.operators;
    read_luma<T>(job, 2 * half, rows.luma[0]);
    read_luma<T>(job, 2 * half + 1 < job.rows ? 2 * half + 1 : 2 * half, rows.luma[1]);
    const double y = (job.base.v0 + (2 * half + 0.5) * job.base.dv) * (operators.gy - 1);
    int node = static_cast<int>(y);
    node = node < operators.gy - 2 ? node : operators.gy - 2;
    const float share = static_cast<float>(y - node);
    const float *low = operators.nodes + node * operators.table_floats, *high = low + operators.table_floats;
    for (std::size_t i = 0; i < operators.table_floats; ++i) table[i] = low[i] + (high[i] - low[i]) * share;
    const int cells = operators.gx - 1, pairs = (job.columns + 1) / 2;
    const double x0 = (job.base.u0 + 0.5 * job.base.du) * cells, dx = 2 * job.base.du * cells;
    for (int pair = 0; pair < pairs;) {
        const double x = x0 + pair * dx;
        int cell = static_cast<int>(x);
        cell = cell < cells - 1 ? cell : cells - 1;
        int count = pairs - pair < BLOCK ? pairs - pair : BLOCK;
        if (cell < cells - 1) { // stop where the next cell begins
            const double left = (cell + 1 - x) / dx;
            if (left < count) count = left > 1 ? static_cast<int>(left) + (left > static_cast<int>(left)) : 1;
        }
        read_pair_guides(job, rows, pair, count, block);
        slice(table, cells, cell, static_cast<float>(x - cell), static_cast<float>(dx), block, count);
        read_lut(operators, block, count);
        write_gains(curve, block, pair, count, gain);
        pair += count;
    }
    for (float *row : gain) row[-1] = row[0], row[pairs] = row[pairs - 1];
}

// Gains of a row between two half rows, a quarter of the way from `here` to `near`
static void mix_gains(int pairs, float *const (&here)[3], float *const (&near)[3], float *const (&out)[3]) {
    for (int c = 0; c < 3; ++c) {
        const float *a = here[c], *b = near[c];
        float *to = out[c];
        for (int i = -1; i <= pairs; ++i) to[i] = 0.75f * a[i] + 0.25f * b[i];
    }
}

} // namespace untone::UNTONE_VARIANT
