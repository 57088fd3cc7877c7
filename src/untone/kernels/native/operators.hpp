// Rows of the full-size stage: guides -> grids -> LUT -> gain -> output, a block of one grid cell at a time.
#pragma once

namespace untone::UNTONE_VARIANT {

static inline const std::uint8_t *row_of(const Source &source, int row) {
    return source.data + static_cast<std::ptrdiff_t>(row) * source.stride;
}

// Guides of `count` pixels from `raw` on, one source pixel each; reads up to OVERRUN pixels more
template <class T> static void read_guides(const T *raw, int count, Block &block) {
    if constexpr (sizeof(T) == 1) {
        const F scale = splat(7.0f / 255);
        for (int p = 0; p < count; p += W) {
            F r, g, b;
            planes(raw + 3 * p, r, g, b);
            store(block.guide[0] + p, mul(r, scale));
            store(block.guide[1] + p, mul(g, scale));
            store(block.guide[2] + p, mul(b, scale));
        }
    } else {
        for (int c = 0; c < 3; ++c)
            for (int p = 0; p < count; ++p) block.guide[c][p] = static_cast<float>(raw[3 * p + c]) * (7.0f / 65535);
    }
}

// Guides of `count` boxes of D x D source pixels; boxes at the right and lower edge average what is there
template <class T, int D> static void read_boxes(const Source &source, int row, int column, int count, Block &block) {
    const int top = row * D, left = column * D;
    const int height = source.height - top < D ? source.height - top : D;
    const int width = source.width - left < count * D ? source.width - left : count * D;
    std::memset(block.sums, 0, static_cast<std::size_t>(count) * 3 * D * sizeof(std::uint32_t));
    for (int y = 0; y < height; ++y) {
        const auto *line = reinterpret_cast<const T *>(row_of(source, top + y)) + static_cast<std::size_t>(left) * 3;
        for (int i = 0; i < 3 * width; ++i) block.sums[i] += line[i];
    }
    const float maximum = sizeof(T) == 1 ? 255.0f : 65535.0f;
    const float scale = 7.0f / (maximum * static_cast<float>(D * height));
    for (int c = 0; c < 3; ++c)
        for (int p = 0; p < count; ++p) {
            std::uint32_t sum = 0;
            for (int x = 0; x < D; ++x) sum += block.sums[(p * D + x) * 3 + c];
            block.guide[c][p] = static_cast<float>(sum) * scale;
        }
    const int present = width - (count - 1) * D; // columns of the last box
    for (int c = 0; c < 3; ++c) block.guide[c][count - 1] *= static_cast<float>(D) / static_cast<float>(present);
}

// What one output kind does with LUT readings of N * W / 4 pixels, RGBX; every loop runs over registers
template <Output KIND> struct Finish {
    static constexpr int N = TOGETHER, PIXELS = W / 4;
    F scale, bias, offset, qmax;
    F column[3];
    Table32 c0, c1, c2, c3;

    explicit Finish(const OperatorJob &job)
        : scale(mul(repeat(job.scale), splat(job.operators.qmax))), bias(repeat(job.bias)), offset(splat(job.offset)),
          qmax(splat(job.operators.qmax)),
          c0(job.pq), c1(job.pq + 32), c2(job.pq + 64), c3(job.pq + 96) {
        for (int c = 0; c < 3; ++c) column[c] = repeat(job.matrix[c]);
    }

    // Stops to light, given the base's light plus the offset
    void hdr(F (&v)[N], const float *light) const {
        exp2(v);
        UNTONE_ALL v[k] = sub(mul(load_rgb(light + 3 * k * PIXELS), v[k]), offset);
    }

    // Light to BT.2020 as a share of 10000 nits, to 1023 * PQ + 0.5: a cubic in the mantissa for each octave
    void pq(F (&v)[N]) const {
        UNTONE_ALL {
            const F blue = mul(channel<2>(v[k]), column[2]);
            v[k] = fma(channel<0>(v[k]), column[0], fma(channel<1>(v[k]), column[1], blue));
        }
        UNTONE_ALL {
            const F x = clamp(v[k], from_bits(splat_int(0x30000000)), splat(1)); // 2^-31: code 0.3
            const I octave = add(shift_right<23>(bits(x)), splat_int(-96));
            const F m = from_bits(bit_or(bit_and(bits(x), splat_int(0x007fffff)), splat_int(0x3f800000)));
            const F t = sub(m, splat(1.5f));
            v[k] = fma(fma(fma(c3.at(octave), t, c2.at(octave)), t, c1.at(octave)), t, c0.at(octave));
        }
    }

    void operator()(const float *reading, const float *light, std::uint8_t *out) const {
        F v[N];
        UNTONE_ALL v[k] = load(reading + k * W);
        tanh(v);
        if constexpr (KIND != Output::codes) UNTONE_ALL v[k] = mul(v[k], qmax); // scale has it for codes
        if constexpr (KIND == Output::half || KIND == Output::single || KIND == Output::pq10) hdr(v, light);
        if constexpr (KIND == Output::pq10) pq(v);
        UNTONE_ALL {
            const int sample = 3 * k * PIXELS;
            if constexpr (KIND == Output::codes) {
                store_rgb(out + sample, trunc(clamp(fma(v[k], scale, bias), splat(0.5f), splat(255.5f))));
            } else if constexpr (KIND == Output::half) {
                store_half(reinterpret_cast<std::uint16_t *>(out) + sample, v[k]);
            } else if constexpr (KIND == Output::pq10) {
                store_rgb(reinterpret_cast<std::uint16_t *>(out) + sample, trunc(v[k]));
            } else {
                store_rgb(reinterpret_cast<float *>(out) + sample, v[k]);
            }
        }
    }
};

constexpr int sample_size(Output kind) {
    return kind == Output::codes ? 1 : kind == Output::half || kind == Output::pq10 ? 2 : 4;
}

template <Output KIND>
static void finish_block(const Finish<KIND> &given, const Block &block, int count, std::uint8_t *out) {
    const Finish<KIND> finish = given; // a copy that nothing else points to: its fields stay in registers
    for (int p = 0; p < count; p += TOGETHER * W / 4)
        finish(block.reading + 4 * p, block.light + 3 * p, out + 3 * p * sample_size(KIND));
}

// Pixels from `column` on where they lie, or, near the end of the row, a copy that may be read beyond
template <class T> static const T *reach(const Source &source, int row, int column, int count, Block &block) {
    const auto *there = reinterpret_cast<const T *>(row_of(source, row)) + 3 * static_cast<std::size_t>(column);
    if (column + count + OVERRUN <= source.width) return there;
    std::memcpy(block.raw, there, static_cast<std::size_t>(count) * 3 * sizeof(T));
    return reinterpret_cast<const T *>(block.raw);
}

// Guides of a block, and what the output needs of its pixels besides
template <Output KIND, class T>
static void read(const OperatorJob &job, int row, int column, int count, Block &block) {
    if (job.divisor == 4) return read_boxes<T, 4>(job.source, row, column, count, block);
    if (job.divisor == 2) return read_boxes<T, 2>(job.source, row, column, count, block);
    const T *raw = reach<T>(job.source, row, column, count, block);
    read_guides<T>(raw, count, block);
    if constexpr (KIND != Output::codes && KIND != Output::stops) read_light(job.light, raw, count, block.light);
}

template <Output KIND, class T>
static void row_blocks(const OperatorJob &job, int row, const float *table, Block &block) {
    const Finish<KIND> finish(job);
    const int cells = job.operators.gx - 1;
    const double x0 = job.u0 * cells, dx = job.du * cells; // x grid coordinate of column 0, and its step
    const int pixel = 3 * sample_size(KIND);
    std::uint8_t *target = job.target + static_cast<std::size_t>(row) * job.columns * pixel;
    for (int column = 0; column < job.columns;) {
        const double x = x0 + column * dx;
        int cell = static_cast<int>(x);
        cell = cell < cells - 1 ? cell : cells - 1;
        int count = job.columns - column < BLOCK ? job.columns - column : BLOCK;
        if (cell < cells - 1) { // stop where the next cell begins
            const double left = (cell + 1 - x) / dx;
            if (left < count) count = left > 1 ? static_cast<int>(left) + (left > static_cast<int>(left)) : 1;
        }
        read<KIND, T>(job, row, column, count, block);
        slice(table, cells, cell, static_cast<float>(x - cell), static_cast<float>(dx), block, count);
        read_lut(job.operators, block, count);
        std::uint8_t *out = target + static_cast<std::size_t>(column) * pixel;
        if (column + count + OVERRUN <= job.columns) { // what is written too far, this thread writes again
            finish_block(finish, block, count, out);
        } else {
            finish_block(finish, block, count, block.out);
            std::memcpy(out, block.out, static_cast<std::size_t>(count) * pixel);
        }
        column += count;
    }
}

constexpr int MAX_CELLS = 31, MAX_TABLE = 3 * MAX_CELLS * 8 * 16;

template <Output KIND, class T> static void rows(const OperatorJob &job, int first, int last) {
    Block block;
    std::memset(&block, 0, sizeof block); // lanes past the end of a run hold old pixels, never rubbish
    alignas(64) float table[MAX_TABLE];
    const Operators &operators = job.operators;
    for (int row = first; row < last; ++row) {
        const double y = (job.v0 + row * job.dv) * (operators.gy - 1);
        int node = static_cast<int>(y);
        node = node < operators.gy - 2 ? node : operators.gy - 2;
        const float share = static_cast<float>(y - node);
        const float *low = operators.nodes + node * operators.table_floats, *high = low + operators.table_floats;
        for (std::size_t i = 0; i < operators.table_floats; ++i) table[i] = low[i] + (high[i] - low[i]) * share;
        row_blocks<KIND, T>(job, row, table, block);
    }
}

template <Output KIND> static void rows_of(const OperatorJob &job, int first, int last) {
    if (job.source.sample_bytes == 1) return rows<KIND, std::uint8_t>(job, first, last);
    rows<KIND, std::uint16_t>(job, first, last);
}

static void operator_rows(const OperatorJob &job, int first, int last) {
    switch (job.output) {
    case Output::codes: return rows_of<Output::codes>(job, first, last);
    case Output::stops: return rows_of<Output::stops>(job, first, last);
    case Output::half: return rows_of<Output::half>(job, first, last);
    case Output::single: return rows_of<Output::single>(job, first, last);
    case Output::pq10: return rows_of<Output::pq10>(job, first, last);
    }
}

} // namespace untone::UNTONE_VARIANT
