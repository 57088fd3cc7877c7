// Rows of the full-size stage: guides -> grids -> LUT -> gain -> output, a block of one grid cell at a time.
#pragma once

namespace untone::UNTONE_VARIANT {

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

constexpr int sample_size(Output kind) {
    return kind == Output::codes ? 1 : kind == Output::half || kind == Output::pq10 ? 2 : 4;
}

// Bytes of a sample as Finish writes it: light, where PQ follows
template <Output KIND> constexpr int FINISHED = KIND == Output::pq10 ? 4 : sample_size(KIND);

// What one output kind does with the LUT readings of W pixels, three registers of packed RGB
template <Output KIND> struct Finish {
    static constexpr int N = 3;
    static constexpr bool HDR = KIND != Output::codes && KIND != Output::stops;
    Curve curve;
    bool power; // whether the curve yields 2 ** stops
    F scale[N], bias[N], offset;

    explicit Finish(const OperatorJob &job) : curve(job), power(job.curve_is_power), offset(splat(job.offset)) {
        phases(job.scale, scale);
        phases(job.bias, bias);
    }

    // The base's light plus the offset, times 2 ** stops, less the offset
    F hdr(F raised, const float *light) const { return sub(mul(load(light), raised), offset); }

    void operator()(const float *reading, const float *light, std::uint8_t *out) const {
        F v[N];
        UNTONE_ALL v[k] = load(reading + k * W);
        if constexpr (HDR) {
            if (KIND == Output::half && power) {
                curve.power(v);
            } else {
                curve.stops(v);
                exp2(v);
            }
        } else {
            curve.stops(v);
        }
        UNTONE_ALL {
            const int sample = k * W;
            if constexpr (KIND == Output::codes) {
                store_bytes(out + sample, clamp(fma(v[k], scale[k], bias[k]), splat(0.5f), splat(255.5f)));
            } else if constexpr (KIND == Output::half) {
                store_halves(reinterpret_cast<std::uint16_t *>(out) + sample, hdr(v[k], light + sample));
            } else if constexpr (KIND == Output::stops) {
                store(reinterpret_cast<float *>(out) + sample, v[k]);
            } else {
                store(reinterpret_cast<float *>(out) + sample, hdr(v[k], light + sample));
            }
        }
    }
};

// The copies are ones that nothing else points to, so that their fields stay in registers
template <Output KIND>
static void finish_block(const Finish<KIND> &given, Block &block, int count, std::uint8_t *out) {
    const Finish<KIND> finish = given;
    for (int p = 0; p < count; p += W)
        finish(block.reading + 3 * p, block.light + 3 * p, out + 3 * p * FINISHED<KIND>);
}

// PQ of block.hdr: each sample mixes those next to it
static void mix_block(const Mixer &given, const Pq10 &curve, const Block &block, int count, std::uint8_t *out) {
    const Mixer mixer = given;
    const Pq10 pq = curve;
    auto *codes = reinterpret_cast<std::uint16_t *>(out);
    for (int i = 0; i < 3 * count; i += 3 * W) {
        F v[3];
        mixer(block.hdr + LEAD + i, v);
        for (int k = 0; k < 3; ++k) store_words(codes + i + k * W, pq(v[k]));
    }
}

template <Output KIND> struct Finisher {
    Finish<KIND> finish;
    Mixer mixer;
    Pq10 pq;

    explicit Finisher(const OperatorJob &job) : finish(job), mixer(job.matrix), pq(job.pq) {}

    void operator()(Block &block, int count, std::uint8_t *out) const {
        if constexpr (KIND == Output::pq10) {
            finish_block(finish, block, count, reinterpret_cast<std::uint8_t *>(block.hdr + LEAD));
            mix_block(mixer, pq, block, count, out);
        } else {
            finish_block(finish, block, count, out);
        }
    }
};

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
static void row_blocks(const OperatorJob &job, int row, const float *table, const Finisher<KIND> &finisher,
                       Block &block) {
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
            finisher(block, count, out);
        } else {
            finisher(block, count, block.out);
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
    const Finisher<KIND> finisher(job);
    const Operators &operators = job.operators;
    for (int row = first; row < last; ++row) {
        const double y = (job.v0 + row * job.dv) * (operators.gy - 1);
        int node = static_cast<int>(y);
        node = node < operators.gy - 2 ? node : operators.gy - 2;
        const float share = static_cast<float>(y - node);
        const float *low = operators.nodes + node * operators.table_floats, *high = low + operators.table_floats;
        for (std::size_t i = 0; i < operators.table_floats; ++i) table[i] = low[i] + (high[i] - low[i]) * share;
        row_blocks<KIND, T>(job, row, table, finisher, block);
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
