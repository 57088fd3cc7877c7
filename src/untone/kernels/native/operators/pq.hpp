// Linear light to PQ codes of BT.2020, by the matrix of the job and a table of the curve.
#pragma once

namespace untone::UNTONE_VARIANT {

// Three registers of packed RGB that repeat one value per channel
static inline void phases(const float *rgb, F (&out)[3]) {
    float repeated[3 * W];
    for (int i = 0; i < 3 * W; ++i) repeated[i] = rgb[i % 3];
    for (int k = 0; k < 3; ++k) out[k] = load(repeated + k * W);
}

// A 3 x 3 matrix on packed RGB where it lies: a sample's channels are at most two places away, on either side, and
// what belongs to another pixel has weight 0. Everything within reach must be finite.
struct Mixer {
    F weight[5][3];

    explicit Mixer(const float (&matrix)[3][4]) { // columns: what R, G and B of the source give, RGBX
        for (int reach = -2; reach <= 2; ++reach) {
            float rgb[3];
            for (int c = 0; c < 3; ++c) rgb[c] = c + reach >= 0 && c + reach < 3 ? matrix[c + reach][c] : 0.0f;
            phases(rgb, weight[reach + 2]);
        }
    }

    void operator()(const float *light, F (&v)[3]) const {
        for (int k = 0; k < 3; ++k) {
            const float *at = light + k * W;
            v[k] = mul(load(at), weight[2][k]);
            v[k] = fma(load(at - 2), weight[0][k], fma(load(at - 1), weight[1][k], v[k]));
            v[k] = fma(load(at + 1), weight[3][k], fma(load(at + 2), weight[4][k], v[k]));
        }
    }
};

// Codes + 0.5 of a share of 10000 nits, linear between 64 steps of each octave from 2^-44 to 1
struct PqPairs {
    static constexpr int FLOATS = 2 * (44 * 64 + 1);
    const float *pairs; // value where a step begins, and slope per unit of the 17 mantissa bits below the step
    explicit PqPairs(const float *table) : pairs(table) {}

    UNTONE_INLINE F operator()(F share) const {
        const F x = clamp(share, from_bits(splat_int(0x29800000)), splat(1)); // 2^-44: code 0.2 of 65535
        const I step = add(bits(x), splat_int(-0x29800000));
        F value, slope;
        look_up(pairs, shift_right<17>(step), value, slope);
        return fma(slope, convert(bit_and(step, splat_int(0x1ffff))), value);
    }
};

struct LightBlock {
    alignas(64) float light[LEAD + 3 * BLOCK + PAD];
    alignas(64) std::uint16_t out[3 * BLOCK + PAD];
};

// Light of `count` samples; NaN becomes 0 and what no photo has its bound, which spoils no neighbour in Mixer
static void read_finite(const float *from, int count, LightBlock &block) {
    float *light = block.light + LEAD;
    std::memcpy(light, from, static_cast<std::size_t>(count) * sizeof(float));
    const F bound = splat(1e9f);
    for (int i = 0; i < count; i += W) {
        const F x = load(light + i);
        store(light + i, choose(at_least(x, x), clamp(x, sub(splat(0), bound), bound), splat(0)));
    }
}

static void pq16_rows(const PqJob &job, int first, int last) {
    LightBlock block;
    std::memset(&block, 0, sizeof block);
    const Mixer mixer(job.matrix);
    const PqPairs curve(job.pq);
    for (int row = first; row < last; ++row) {
        const auto *line = reinterpret_cast<const float *>(job.light + static_cast<std::ptrdiff_t>(row) * job.stride);
        std::uint16_t *target = job.target + static_cast<std::size_t>(row) * 3 * job.width;
        for (int column = 0; column < job.width; column += BLOCK) {
            const int count = 3 * (job.width - column < BLOCK ? job.width - column : BLOCK);
            read_finite(line + 3 * static_cast<std::size_t>(column), count, block);
            for (int i = 0; i < count; i += 3 * W) {
                F v[3];
                mixer(block.light + LEAD + i, v);
                for (int k = 0; k < 3; ++k) store_words(block.out + i + k * W, curve(v[k]));
            }
            std::memcpy(target + 3 * static_cast<std::size_t>(column), block.out, count * sizeof(std::uint16_t));
        }
    }
}

} // namespace untone::UNTONE_VARIANT
