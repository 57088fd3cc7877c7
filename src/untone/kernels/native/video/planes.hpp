// Rows of a film's frame: Y'CbCr of any subsampling -> R'G'B' -> operators -> light -> PQ or HLG -> dithered 10-bit
// limited-range Y'CbCr 4:2:0 with chroma sited top-left, in one pass. What a pixel becomes hangs on nothing but the
// pixels around it, so that rows can be shared out in any way.
#pragma once

namespace untone::UNTONE_VARIANT {

static inline const float *dither_row(const VideoJob &job, int row) {
    return job.dither + (row & (DITHER_SIDE - 1)) * DITHER_STRIDE;
}

// Luma codes, levels and full-size chroma of one row of the area
template <bool HLG, class T>
static void video_row(const VideoJob &job, int row, const Signal<HLG> &given, const Eotf &eotf, const VideoRows &rows,
                      float *out_cb, float *out_cr, float *table, Block &block) {
    const Signal<HLG> signal = given; // a copy that nothing else points to, so that its fields stay in registers
    const Operators &operators = job.base.operators;
    const double y = (job.base.v0 + row * job.base.dv) * (operators.gy - 1);
    int node = static_cast<int>(y);
    node = node < operators.gy - 2 ? node : operators.gy - 2;
    const float share = static_cast<float>(y - node);
    const float *low = operators.nodes + node * operators.table_floats, *high = low + operators.table_floats;
    for (std::size_t i = 0; i < operators.table_floats; ++i) table[i] = low[i] + (high[i] - low[i]) * share;
    read_row<T>(job, row, rows);
    const float *noise = dither_row(job, job.top + row);
    const int cells = operators.gx - 1;
    const double x0 = job.base.u0 * cells, dx = job.base.du * cells;
    for (int column = 0; column < job.columns;) {
        const double x = x0 + column * dx;
        int cell = static_cast<int>(x);
        cell = cell < cells - 1 ? cell : cells - 1;
        int count = job.columns - column < BLOCK ? job.columns - column : BLOCK;
        if (cell < cells - 1) { // stop where the next cell begins
            const double left = (cell + 1 - x) / dx;
            if (left < count) count = left > 1 ? static_cast<int>(left) + (left > static_cast<int>(left)) : 1;
        }
        read_video_block(job, rows, eotf, column, count, block);
        slice(table, cells, cell, static_cast<float>(x - cell), static_cast<float>(dx), block, count);
        read_lut(operators, block, count);
        for (int p = 0; p < count; p += W) {
            F luma, cb, cr, level;
            signal(block, p, luma, cb, cr, level);
            const int at = column + p;
            const F random = load(noise + ((job.left + at) & (DITHER_SIDE - 1)));
            store_words(rows.codes + at, add(luma, random));
            store_words(rows.levels + at, level);
            store(out_cb + at, cb);
            store(out_cr + at, cr);
        }
        column += count;
    }
}

// Four histograms side by side, so that equal neighbours do not wait for each other
static void count_levels(const std::uint16_t *levels, int count, std::int32_t (*part)[LEVELS]) {
    int i = 0;
    for (; i + 4 <= count; i += 4)
        for (int k = 0; k < 4; ++k) ++part[k][levels[i + k] & (LEVELS - 1)];
    for (; i < count; ++i) ++part[0][levels[i] & (LEVELS - 1)];
}

// One chroma row: weights 1 2 1 over the rows around, and over the columns around every second one
static void write_chroma(const VideoJob &job, int plane, int row, const float *const (&from)[3], int phase,
                         const VideoRows &rows) {
    const int columns = job.columns, half = (columns + 1) / 2;
    float *mixed = rows.luma + 1, *thin = rows.cb; // free again
    for (int i = 0; i < columns; ++i) mixed[i] = 0.25f * (from[0][i] + from[2][i]) + 0.5f * from[1][i];
    mixed[-1] = mixed[0];
    mixed[columns] = mixed[columns - 1];
    for (int i = 0; i < half; ++i) thin[i] = 0.25f * (mixed[2 * i - 1] + mixed[2 * i + 1]) + 0.5f * mixed[2 * i] + 512.0f;
    const int top = job.top / 2 + row, left = job.left / 2;
    const float *noise = dither_row(job, top + phase);
    for (int i = 0; i < half; i += W) {
        const F random = load(noise + ((left + i + phase) & (DITHER_SIDE - 1)));
        store_words(rows.codes + i, add(load(thin + i), random));
    }
    auto *target = reinterpret_cast<std::uint8_t *>(job.target[plane]) + top * job.target_stride[plane];
    std::memcpy(target + left * sizeof(std::uint16_t), rows.codes, static_cast<std::size_t>(half) * 2);
}

static void write_luma(const VideoJob &job, int row, const VideoRows &rows) {
    auto *target = reinterpret_cast<std::uint8_t *>(job.target[0]) + (job.top + row) * job.target_stride[0];
    std::memcpy(target + job.left * sizeof(std::uint16_t), rows.codes, static_cast<std::size_t>(job.columns) * 2);
}

template <bool HLG, class T>
static void video_rows_of(const VideoJob &job, int first, int last, float *scratch, std::int64_t *counts) {
    Block block;
    std::memset(&block, 0, sizeof block);
    alignas(64) float table[MAX_TABLE];
    std::int32_t part[4][LEVELS];
    std::memset(part, 0, sizeof part);
    VideoRows rows(scratch, job.columns);
    const Signal<HLG> signal(job);
    const Eotf eotf(job);
    const auto run = [&](int row, int slot) {
        video_row<HLG, T>(job, row, signal, eotf, rows, rows.out_cb[slot], rows.out_cr[slot], table, block);
    };
    const auto keep = [&](int row) {
        write_luma(job, row, rows);
        count_levels(rows.levels, job.columns, part);
    };
    if (first > 0) run(2 * first - 1, 0);
    for (int pair = first; pair < last; ++pair) {
        run(2 * pair, 1);
        keep(2 * pair);
        const bool whole = 2 * pair + 1 < job.rows;
        if (whole) {
            run(2 * pair + 1, 2);
            keep(2 * pair + 1);
        }
        const int above = pair > 0 ? 0 : 1, below = whole ? 2 : 1; // the edge repeats
        write_chroma(job, 1, pair, {rows.out_cb[above], rows.out_cb[1], rows.out_cb[below]}, 21, rows);
        write_chroma(job, 2, pair, {rows.out_cr[above], rows.out_cr[1], rows.out_cr[below]}, 43, rows);
        rows.advance();
    }
    for (int level = 0; level < LEVELS; ++level)
        counts[level] += part[0][level] + part[1][level] + part[2][level] + part[3][level];
}

template <bool HLG>
static void video_rows_as(const VideoJob &job, int first, int last, float *scratch, std::int64_t *counts) {
    if (job.source.sample_bytes == 1) return video_rows_of<HLG, std::uint8_t>(job, first, last, scratch, counts);
    video_rows_of<HLG, std::uint16_t>(job, first, last, scratch, counts);
}

static void video_rows(const VideoJob &job, int first, int last, float *scratch, std::int64_t *counts) {
    if (job.is_hlg) return video_rows_as<true>(job, first, last, scratch, counts);
    video_rows_as<false>(job, first, last, scratch, counts);
}

static const VideoKernels video_kernels = {video_rows, plane_rows};

} // namespace untone::UNTONE_VARIANT
