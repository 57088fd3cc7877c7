// The work of one step of training, and of decoding, by one variant.
#pragma once

namespace untone::UNTONE_VARIANT {

static void network_tables(const float *basis, const float *weights, const float *bias, int first, int last, int padded,
                       float *tables) {
    product<After::nothing>(basis + static_cast<std::size_t>(first) * NETWORK_EMBEDDED, NETWORK_EMBEDDED,
                            last - first, weights, NETWORK_EMBEDDED, padded, bias, nullptr,
                            tables + static_cast<std::size_t>(first) * padded);
}

static void network_mixed(const float *mix, const float *rows, int count, int padded, float *out) {
    product<After::nothing>(mix, static_cast<std::size_t>(count), count, rows, count, padded, nullptr, nullptr, out);
}

struct TrainingBlock {
    alignas(64) float first[NETWORK_BLOCK * NETWORK_WIDEST], second[NETWORK_BLOCK * NETWORK_WIDEST]; // after ReLU
    alignas(64) float slope1[NETWORK_BLOCK * NETWORK_WIDEST], slope2[NETWORK_BLOCK * NETWORK_WIDEST];
    alignas(64) float wide[NETWORK_BLOCK * NETWORK_TILE]; // outputs, TILE to a sample
    alignas(64) float slope3[NETWORK_BLOCK * NETWORK_OUT + 64];
};

// Slopes of the outputs, four to a sample, added up to those of their biases; returns the weighted square error. Runs
// over the end by less than one register, where weights count as 0
static UNTONE_APART double output_slopes(const TrainingJob &job, const float *target, const float *weight, int n,
                                   TrainingBlock &block, float *bias_slope) {
    alignas(64) float errors[W], slopes[W];
    const F bias = repeat(job.net->third_bias), scale = splat(job.scale);
    F loss = splat(0), sum = splat(0);
    const auto some = [&](int s, const float *wanted, const float *matters) {
        std::uint32_t at[W / 4];
        for (int k = 0; k < W / 4; ++k) at[k] = static_cast<std::uint32_t>((s + k) * NETWORK_TILE * sizeof(float));
        const F error = sub(add(records(block.wide, at), bias), load(wanted));
        const F weighed = mul(error, load(matters)), slope = mul(weighed, scale);
        loss = fma(weighed, error, loss);
        sum = add(sum, slope);
        store(block.slope3 + s * NETWORK_OUT, slope);
    };
    int s = 0;
    for (; s + W / 4 <= n; s += W / 4) some(s, target + s * NETWORK_OUT, weight + s * NETWORK_OUT);
    if (s < n) {
        alignas(64) float last[2][W] = {};
        std::memcpy(last[0], target + s * NETWORK_OUT, sizeof(float) * static_cast<std::size_t>(n - s) * NETWORK_OUT);
        std::memcpy(last[1], weight + s * NETWORK_OUT, sizeof(float) * static_cast<std::size_t>(n - s) * NETWORK_OUT);
        some(s, last[0], last[1]);
    }
    store(errors, loss);
    store(slopes, sum);
    double total = 0;
    for (int k = 0; k < W; ++k) {
        total += errors[k];
        bias_slope[k % NETWORK_OUT] += slopes[k];
    }
    return total;
}

// SECTIONS is 0, or the number of sections of a network of one tile
template <int SECTIONS>
static UNTONE_APART void add_tables(const TrainingJob &job, const std::int32_t *index, int n, float *out) {
    const int padded = SECTIONS ? NETWORK_TILE : job.shape.padded, sections = SECTIONS ? SECTIONS : job.shape.sections;
    for (int s = 0; s < n; ++s, index += sections)
        for (int at = 0; at < padded; at += NETWORK_TILE) {
            F sum[REGISTERS];
            for (int k = 0; k < sections; ++k) {
                const float *row = settled(job.tables + static_cast<std::size_t>(index[k]) * padded + at);
                for (int r = 0; r < REGISTERS; ++r) sum[r] = k ? add(sum[r], load(row + r * W)) : load(row + r * W);
            }
            for (int r = 0; r < REGISTERS; ++r) sum[r] = positive(sum[r]);
            store(out + static_cast<std::size_t>(s) * padded + at, sum);
        }
}

template <int SECTIONS>
static UNTONE_APART void add_bins(const TrainingJob &job, const std::int32_t *index, int n, const float *slope,
                                  float *bins) {
    const int padded = SECTIONS ? NETWORK_TILE : job.shape.padded, sections = SECTIONS ? SECTIONS : job.shape.sections;
    for (int s = 0; s < n; ++s, index += sections)
        for (int at = 0; at < padded; at += NETWORK_TILE) {
            F x[REGISTERS], sum[REGISTERS];
            load(slope + static_cast<std::size_t>(s) * padded + at, x);
            for (int k = 0; k < sections; ++k) {
                float *bin = bins + static_cast<std::size_t>(index[k]) * padded + at;
                load(bin, sum);
                for (int r = 0; r < REGISTERS; ++r) sum[r] = add(sum[r], x[r]);
                store(bin, sum);
            }
        }
}

template <int SECTIONS>
static void learn(const TrainingJob &job, int first, int last, BatchShare &share) {
    TrainingBlock block;
    std::memset(block.wide, 0, sizeof block.wide);
    const int padded = SECTIONS ? NETWORK_TILE : job.shape.padded, sections = SECTIONS ? SECTIONS : job.shape.sections;
    const int neurons = job.shape.neurons;
    for (int at = first; at < last; at += NETWORK_BLOCK) {
        const int n = last - at < NETWORK_BLOCK ? last - at : NETWORK_BLOCK;
        const std::int32_t *index = job.samples.index + static_cast<std::size_t>(at) * sections;
        const std::size_t four = static_cast<std::size_t>(at) * NETWORK_OUT;
        add_tables<SECTIONS>(job, index, n, block.first);
        product<After::relu>(block.first, padded, n, job.net->second, neurons, padded, job.net->second_bias, nullptr,
                             block.second);
        outputs(block.second, padded, n, job.third_transposed, neurons, block.wide);
        share.loss += output_slopes(job, job.samples.target + four, job.samples.weight + four, n, block,
                                    share.slope.third_bias);
        product<After::mask>(block.slope3, NETWORK_OUT, n, job.net->third, OUT_INPUTS, padded, nullptr, block.second,
                             block.slope2);
        product<After::mask>(block.slope2, padded, n, job.second_transposed, neurons, padded, nullptr, block.first,
                             block.slope1);
        outer(block.slope3, NETWORK_OUT, n, OUT_INPUTS, block.second, padded, share.slope.third);
        outer(block.first, padded, n, padded, block.slope2, padded, share.slope.second);
        add_rows(block.slope2, n, padded, share.slope.second_bias);
        add_bins<SECTIONS>(job, index, n, block.slope1, share.bins);
    }
}

static void network_learn(const TrainingJob &job, int first, int last, BatchShare &share) {
    const bool usual = job.shape.padded == NETWORK_TILE && job.shape.sections == NETWORK_SECTIONS;
    usual ? learn<NETWORK_SECTIONS>(job, first, last, share) : learn<0>(job, first, last, share);
}

static void network_bins(const float *basis, float *const *bins, int shares, int first, int last, int padded,
                     float *weights, float *bias) {
    F none[REGISTERS];
    for (int r = 0; r < REGISTERS; ++r) none[r] = splat(0);
    const std::size_t begin = static_cast<std::size_t>(first) * padded, end = static_cast<std::size_t>(last) * padded;
    for (int k = 1; k < shares; ++k) {
        float *to = bins[0], *from = bins[k];
        for (std::size_t at = begin; at < end; at += NETWORK_TILE) {
            F sum[REGISTERS];
            load(to + at, sum);
            add_rows_of(from + at, sum);
            store(to + at, sum);
            store(from + at, none);
        }
    }
    const int n = last - first;
    std::memset(weights, 0, sizeof(float) * NETWORK_EMBEDDED * static_cast<std::size_t>(padded));
    std::memset(bias, 0, sizeof(float) * static_cast<std::size_t>(padded));
    const float *rows = basis + static_cast<std::size_t>(first) * NETWORK_EMBEDDED;
    outer(rows, NETWORK_EMBEDDED, n, NETWORK_EMBEDDED, bins[0] + begin, padded, weights);
    add_rows(bins[0] + begin, n, padded, bias);
    std::memset(bins[0] + begin, 0, sizeof(float) * static_cast<std::size_t>(n) * padded);
}

static void network_adam(const AdamStep &step, const float *slope, float *weight, float *mean, float *square,
                     std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        const float g = slope[i];
        mean[i] = step.keep1 * mean[i] + (1 - step.keep1) * g;
        square[i] = step.keep2 * square[i] + (1 - step.keep2) * g * g;
        weight[i] -= step.rate * (mean[i] * step.correction1) / (sqrtf(square[i] * step.correction2) + 1e-8f);
    }
}

struct ValueRow {
    alignas(64) float first[NETWORK_BLOCK * NETWORK_WIDEST], second[NETWORK_BLOCK * NETWORK_WIDEST];
    alignas(64) float wide[NETWORK_BLOCK * NETWORK_TILE];
    alignas(64) float line[NETWORK_WIDEST];
    alignas(64) float out[NETWORK_BLOCK * NETWORK_OUT];
    alignas(64) std::uint8_t packed[NETWORK_BLOCK * 3 * sizeof(float) + PAD];
};

// `n` pixels of one row from column `left` on
static inline void value_run(const ValueJob &job, const std::uint8_t *raw, int left, int n, ValueRow &row) {
    const int padded = job.padded;
    const std::size_t plane = static_cast<std::size_t>(256) * padded;
    for (int s = 0; s < n; ++s) {
        const float *x = job.columns + static_cast<std::size_t>(left + s) * padded;
        const float *r = job.codes + static_cast<std::size_t>(raw[3 * s]) * padded;
        const float *g = job.codes + plane + static_cast<std::size_t>(raw[3 * s + 1]) * padded;
        const float *b = job.codes + 2 * plane + static_cast<std::size_t>(raw[3 * s + 2]) * padded;
        for (int at = 0; at < padded; at += NETWORK_TILE) {
            F sum[REGISTERS];
            load(row.line + at, sum);
            add_rows_of(x + at, sum), add_rows_of(r + at, sum), add_rows_of(g + at, sum), add_rows_of(b + at, sum);
            for (int i = 0; i < REGISTERS; ++i) sum[i] = positive(sum[i]);
            store(row.first + static_cast<std::size_t>(s) * padded + at, sum);
        }
    }
    product<After::relu>(row.first, padded, n, job.second, job.neurons, padded, job.second_bias, nullptr, row.second);
    outputs(row.second, padded, n, job.third_transposed, job.neurons, row.wide);
}

// Values of `n` pixels to the residual, packed RGB in row.packed
static inline void finish_run(const ValueJob &job, int n, ValueRow &row) {
    const F bias = repeat(job.third_bias), scale = repeat(job.scale), offset = repeat(job.offset);
    const F low = repeat(job.low), high = repeat(job.high);
    for (int s = 0; s < n; s += W / 4) {
        std::uint32_t at[W / 4];
        for (int k = 0; k < W / 4; ++k) at[k] = static_cast<std::uint32_t>((s + k) * NETWORK_TILE * sizeof(float));
        const F value = clamp(fma(add(records(row.wide, at), bias), scale, offset), low, high);
        if (job.half)
            store_rgb_halves(reinterpret_cast<std::uint16_t *>(row.packed) + 3 * s, value);
        else
            store_rgb(reinterpret_cast<float *>(row.packed) + 3 * s, value);
    }
}

static void network_values(const ValueJob &job, int first, int last) {
    ValueRow row;
    std::memset(row.wide, 0, sizeof row.wide);
    const std::size_t bytes = job.half ? 2 : 4;
    for (int y = first; y < last; ++y) {
        const std::uint8_t *raw = job.source.data + static_cast<std::ptrdiff_t>(y) * job.source.stride;
        std::memcpy(row.line, job.rows + static_cast<std::size_t>(y) * job.padded,
                    sizeof(float) * static_cast<std::size_t>(job.padded));
        for (int left = 0; left < job.source.width; left += NETWORK_BLOCK) {
            const int n = job.source.width - left < NETWORK_BLOCK ? job.source.width - left : NETWORK_BLOCK;
            value_run(job, raw + 3 * left, left, n, row);
            finish_run(job, n, row);
            const std::size_t at = (static_cast<std::size_t>(y) * job.source.width + left) * 3 * bytes;
            std::memcpy(job.target + at, row.packed, static_cast<std::size_t>(n) * 3 * bytes);
        }
    }
}

static const NetworkKernels network_kernels = {network_tables, network_mixed, network_learn,
                                               network_bins,   network_adam,  network_values};

} // namespace untone::UNTONE_VARIANT
