// Rows of a film's frame: Y'CbCr of any subsampling -> R'G'B' -> light, times the gains -> PQ or HLG -> dithered 10-bit
// limited-range Y'CbCr 4:2:0 with chroma sited top-left, in one pass. Even and odd columns go side by side, so that what
// belongs to two by two pixels lies where both need it. What a pixel becomes hangs on nothing but the pixels around it,
// so that rows can be shared out in any way.
#pragma once

namespace untone::UNTONE_VARIANT {

// Four histograms side by side, so that equal neighbours do not wait for each other
static void count_levels(const std::uint16_t *levels, int count, std::int32_t (*part)[LEVELS]) {
    int i = 0;
    for (; i + 4 <= count; i += 4) {
        std::uint64_t four;
        std::memcpy(&four, levels + i, sizeof four);
        for (int k = 0; k < 4; ++k) ++part[k][(four >> (16 * k)) & (LEVELS - 1)];
    }
    for (; i < count; ++i) ++part[0][levels[i] & (LEVELS - 1)];
}

template <class T> static inline void exchange(T &a, T &b) {
    const T kept = a;
    a = b, b = kept;
}

static inline void store_pairs(std::uint16_t *out, F even, F odd) {
    store_words(out, bit_or(trunc(even), shift_left<16>(trunc(odd))));
}

// Luma codes, levels and full-size chroma of one row of the area, from its luma, chroma and rows.mixed
template <bool HLG>
static void signal_row(const VideoJob &job, int row, const Signal<HLG> &given, const ChromaRow &chroma,
                       const VideoRows &rows) {
    const Signal<HLG> signal = given; // a copy that nothing else points to, so that its fields stay in registers
    const int pairs = (job.columns + 1) / 2, left = job.left / 2;
    const float *noise = job.pair_dither + ((job.top + row) & (DITHER_SIDE - 1)) * 2 * PAIR_STRIDE;
    const F near = splat(0.25f), here = splat(0.75f);
    for (int p = 0; p < pairs; p += W) {
        const I luma = load_words(rows.luma[0] + 2 * p);
        F y[2], level[2];
        for (int odd = 0; odd < 2; ++odd) {
            F rgb[3], gain[3], cb, cr;
            to_rgb(job.source, luma_at(job.source, luma, odd), load(chroma.cb[odd] + p), load(chroma.cr[odd] + p), rgb);
            for (int c = 0; c < 3; ++c) {
                const float *at = rows.mixed[c] + p;
                gain[c] = fma(load(at), here, mul(load(odd ? at + 1 : at - 1), near));
            }
            signal(rgb, gain, y[odd], cb, cr, level[odd]);
            y[odd] = add(y[odd], load(noise + odd * PAIR_STRIDE + ((left + p) & (DITHER_SIDE / 2 - 1))));
            store(rows.signal.cb[odd] + p, cb);
            store(rows.signal.cr[odd] + p, cr);
        }
        store_pairs(rows.codes + 2 * p, y[0], y[1]);
        store_pairs(rows.levels + 2 * p, level[0], level[1]);
    }
}

// One chroma plane of a row made half as wide: weights 1 2 1 over the columns around every even one
static void halve(int columns, float *even, float *odd, float *out) {
    const int pairs = (columns + 1) / 2;
    odd[-1] = even[0]; // the edge repeats
    if (columns & 1) odd[pairs - 1] = even[pairs - 1];
    for (int i = 0; i < pairs; ++i) out[i] = 0.25f * (odd[i - 1] + odd[i]) + 0.5f * even[i];
}

// One chroma row: weights 1 2 1 over the rows around
static void write_chroma(const VideoJob &job, int plane, int row, const float *above, const float *at,
                         const float *below, int phase, const VideoRows &rows) {
    const int pairs = (job.columns + 1) / 2, top = job.top / 2 + row, left = job.left / 2;
    const float *noise = job.dither + ((top + phase) & (DITHER_SIDE - 1)) * DITHER_STRIDE;
    const F quarter = splat(0.25f), half = splat(0.5f), middle = splat(512);
    for (int i = 0; i < pairs; i += W) {
        const F random = load(noise + ((left + i + phase) & (DITHER_SIDE - 1)));
        const F mixed = fma(load(at + i), half, mul(add(load(above + i), load(below + i)), quarter));
        store_words(rows.codes + i, add(add(mixed, middle), random));
    }
    auto *target = reinterpret_cast<std::uint8_t *>(job.target[plane]) + top * job.target_stride[plane];
    std::memcpy(target + left * sizeof(std::uint16_t), rows.codes, static_cast<std::size_t>(pairs) * 2);
}

static void write_luma(const VideoJob &job, int row, const VideoRows &rows) {
    auto *target = reinterpret_cast<std::uint8_t *>(job.target[0]) + (job.top + row) * job.target_stride[0];
    std::memcpy(target + job.left * sizeof(std::uint16_t), rows.codes, static_cast<std::size_t>(job.columns) * 2);
}

// The rows of an area, one after the other; half row h is told by its gains and those of its neighbours
template <bool HLG, class T> struct Walk {
    const VideoJob &job;
    VideoRows rows;
    Signal<HLG> signal;
    Curve curve;
    Block block;
    alignas(64) float table[MAX_TABLE];
    std::int32_t part[4][LEVELS];
    int halves;

    Walk(const VideoJob &given, float *scratch)
        : job(given), rows(scratch, given.columns), signal(given), curve(given.base), halves((given.rows + 1) / 2) {
        std::memset(&block, 0, sizeof block);
        std::memset(part, 0, sizeof part);
    }

    // Reads the rows of half row h, and what the operators say of it into rows.gain[1]; what was there is in [0]
    void enter(int h) {
        for (int c = 0; c < 3; ++c) exchange(rows.gain[0][c], rows.gain[1][c]);
        exchange(rows.chroma[0], rows.chroma[2]);
        read_chroma<T>(job, 2 * h, rows.near, rows.chroma[1]);
        read_chroma<T>(job, 2 * h + 1 < job.rows ? 2 * h + 1 : 2 * h, rows.near, rows.chroma[2]);
        gain_row<T>(job, h, curve, rows, rows.gain[1], table, block);
    }

    // Renders row `row`; its light counts and its luma is written where it is `kept`
    void render(int row, const ChromaRow &chroma, float *const (&here)[3], float *const (&near)[3], float *const (&thin)[2],
                bool kept) {
        read_luma<T>(job, row, rows.luma[0]);
        mix_gains((job.columns + 1) / 2, here, near, rows.mixed);
        signal_row<HLG>(job, row, signal, chroma, rows);
        halve(job.columns, rows.signal.cb[0], rows.signal.cb[1], thin[0]);
        halve(job.columns, rows.signal.cr[0], rows.signal.cr[1], thin[1]);
        if (!kept) return;
        write_luma(job, row, rows);
        count_levels(rows.levels, job.columns, part);
    }

    void write_pair(int h, int above, int below) {
        write_chroma(job, 1, h, rows.thin[above][0], rows.thin[1][0], rows.thin[below][0], 21, rows);
        write_chroma(job, 2, h, rows.thin[above][1], rows.thin[1][1], rows.thin[below][1], 43, rows);
    }

    // Half rows first..last-1
    void run(int first, int last, std::int64_t *counts) {
        if (first > 0) enter(first - 1);
        for (int h = first; h < last; ++h) {
            enter(h);
            if (h > 0) { // what lies between this half row and the one before it
                render(2 * h - 1, rows.chroma[0], rows.gain[0], rows.gain[1], rows.thin[2], h > first);
                if (h > first) write_pair(h - 1, h > 1 ? 0 : 1, 2);
                for (int k = 0; k < 2; ++k) exchange(rows.thin[0][k], rows.thin[2][k]);
            }
            render(2 * h, rows.chroma[1], rows.gain[1], rows.gain[h > 0 ? 0 : 1], rows.thin[1], true);
        }
        const int end = 2 * last - 1;
        if (end < job.rows) {
            const bool more = last < halves;
            if (more) enter(last);
            render(end, rows.chroma[more ? 0 : 2], rows.gain[more ? 0 : 1], rows.gain[1], rows.thin[2], true);
        }
        write_pair(last - 1, last > 1 ? 0 : 1, end < job.rows ? 2 : 1); // the edge repeats
        for (int level = 0; level < LEVELS; ++level)
            counts[level] += part[0][level] + part[1][level] + part[2][level] + part[3][level];
    }
};

template <bool HLG>
static void video_rows_as(const VideoJob &job, int first, int last, float *scratch, std::int64_t *counts) {
    if (job.source.sample_bytes == 1) Walk<HLG, std::uint8_t>(job, scratch).run(first, last, counts);
    else Walk<HLG, std::uint16_t>(job, scratch).run(first, last, counts);
}

static void video_rows(const VideoJob &job, int first, int last, float *scratch, std::int64_t *counts) {
    if (job.is_hlg) return video_rows_as<true>(job, first, last, scratch, counts);
    video_rows_as<false>(job, first, last, scratch, counts);
}

static const VideoKernels video_kernels = {video_rows, plane_rows};

} // namespace untone::UNTONE_VARIANT
