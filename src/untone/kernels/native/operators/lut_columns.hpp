// Tetrahedral reading of the LUT, column by column, for registers that hold two pixels' columns. The walk from corner
// 000 to 111 turns on the axes whose share is above t, while t falls from 1 to 0; a corner's weight is the length of t
// it stays. Seen along blue, which lies side by side in memory, the walk meets three columns: (r, g) = 00, then one of
// 10 and 01, then 11; each is one load of two records.
#pragma once

namespace untone::UNTONE_VARIANT {

// Where inner, in LUT nodes, falls: offsets of the first two columns; weights of both ends of all three
static void place_in_lut(const Operators &operators, Block &block, int count) {
    const float side = static_cast<float>(operators.n);
    const F step_b = splat(16), step_g = splat(16 * side), step_r = splat(16 * side * side); // bytes
    const F zero = splat(0), one = splat(1);
    const F end = splat((side - 1) * (1 - 1.2e-7f)); // just before the last node, so that a next one exists
    for (int p = 0; p < count; p += W) {
        F node[3], share[3];
        for (int c = 0; c < 3; ++c) {
            const F place = clamp(load(block.inner[c] + p), zero, end);
            node[c] = convert(trunc(place));
            share[c] = sub(place, node[c]);
        }
        const F r = share[0], g = share[1], b = share[2];
        const F high = larger(r, g), low = smaller(r, g);
        const F in_first = larger(b, high), in_second = smaller(larger(b, low), high), in_third = smaller(b, low);
        const F base = fma(node[0], step_r, fma(node[1], step_g, mul(node[2], step_b))); // exact: below 2^24
        store(block.at[0] + p, trunc(base));
        store(block.at[1] + p, trunc(add(base, choose(at_least(r, g), step_r, step_g))));
        store(block.weight[0] + p, sub(one, in_first));
        store(block.weight[1] + p, sub(in_first, high));
        store(block.weight[2] + p, sub(high, in_second));
        store(block.weight[3] + p, sub(in_second, low));
        store(block.weight[4] + p, sub(low, in_third));
        store(block.weight[5] + p, in_third);
    }
}

// Weighted columns of pixels 2Q and 2Q + 1: both ends of blue still apart
template <int Q>
static inline F weigh(const float *lut, const float *opposite, const Block &block, int p, const F (&weight)[6]) {
    const std::uint32_t *first = block.at[0] + p + 2 * Q, *second = block.at[1] + p + 2 * Q;
    F sum = mul(pair<Q>(weight[0], weight[1]), columns(lut, first));
    sum = fma(pair<Q>(weight[2], weight[3]), columns(lut, second), sum);
    return fma(pair<Q>(weight[4], weight[5]), columns(opposite, first), sum);
}

// Reading at inner into block.reading, packed RGB. Two loops, so that offsets take the way through memory, not out of
// registers
static void read_lut(const Operators &operators, Block &block, int count) {
    place_in_lut(operators, block, count);
    const float *lut = operators.lut, *opposite = lut + 4 * (operators.n * operators.n + operators.n); // 11 from 00
    for (int p = 0; p < count; p += W) {
        F weight[6];
        for (int k = 0; k < 6; ++k) weight[k] = load(block.weight[k] + p);
        const F a = add_ends(weigh<0>(lut, opposite, block, p, weight), weigh<1>(lut, opposite, block, p, weight));
        const F b = add_ends(weigh<2>(lut, opposite, block, p, weight), weigh<3>(lut, opposite, block, p, weight));
        const F c = add_ends(weigh<4>(lut, opposite, block, p, weight), weigh<5>(lut, opposite, block, p, weight));
        const F d = add_ends(weigh<6>(lut, opposite, block, p, weight), weigh<7>(lut, opposite, block, p, weight));
        store_rgb(block.reading + 3 * p, a, b, c, d);
    }
}

} // namespace untone::UNTONE_VARIANT
