// Tetrahedral reading of the LUT, corner by corner: four RGBX records on the way 000 -> 111 of the cell, weighted by
// the differences of the sorted shares.
#pragma once

namespace untone::UNTONE_VARIANT {

// Where inner, in LUT nodes, falls: offsets of the records and their weights
static void place_in_lut(const Operators &operators, Block &block, int count) {
    const float side = static_cast<float>(operators.n);
    const F step_b = splat(16), step_g = splat(16 * side), step_r = splat(16 * side * side); // bytes
    const F zero = splat(0), one = splat(1);
    const F end = splat((side - 1) * (1 - 1.2e-7f)); // just before the last node, so that a next one exists
    // from the lowest corner to the third: past every axis but the one of the least share
    const F past_r = add(step_g, step_b), past_g = add(step_r, step_b), past_b = add(step_r, step_g);
    for (int p = 0; p < count; p += W) {
        F node[3], share[3];
        for (int c = 0; c < 3; ++c) {
            const F place = clamp(load(block.inner[c] + p), zero, end);
            node[c] = convert(trunc(place));
            share[c] = sub(place, node[c]);
        }
        const F r = share[0], g = share[1], b = share[2];
        const F most_gb = larger(g, b), least_rg = smaller(r, g), most_rg = larger(r, g);
        const F most = larger(r, most_gb), least = smaller(least_rg, b);
        const F middle = larger(least_rg, smaller(most_rg, b));
        const F first = choose(at_least(r, most_gb), step_r, choose(at_least(g, b), step_g, step_b));
        const F third = choose(at_least(least_rg, b), past_b, choose(at_least(r, g), past_g, past_r));
        const F base = fma(node[0], step_r, fma(node[1], step_g, mul(node[2], step_b))); // exact: below 2^24
        store(block.at[0] + p, trunc(base));
        store(block.at[1] + p, trunc(add(base, first)));
        store(block.at[2] + p, trunc(add(base, third)));
        store(block.weight[0] + p, sub(one, most));
        store(block.weight[1] + p, sub(most, middle));
        store(block.weight[2] + p, sub(middle, least));
        store(block.weight[3] + p, least);
    }
}

// Pixels p + Q * W / 4 on, then the following groups
template <int Q>
static inline void blend(const float *lut, const float *opposite, Block &block, int p, const F (&weight)[4]) {
    const int pixel = p + Q * (W / 4);
    F sum = mul(spread<Q>(weight[0]), records(lut, block.at[0] + pixel));
    sum = fma(spread<Q>(weight[1]), records(lut, block.at[1] + pixel), sum);
    sum = fma(spread<Q>(weight[2]), records(lut, block.at[2] + pixel), sum);
    store_rgb(block.reading + 3 * pixel, fma(spread<Q>(weight[3]), records(opposite, block.at[0] + pixel), sum));
    if constexpr (Q < 3) blend<Q + 1>(lut, opposite, block, p, weight);
}

// Reading at inner into block.reading, packed RGB. Two loops, so that offsets take the way through memory, not out of
// registers
static void read_lut(const Operators &operators, Block &block, int count) {
    place_in_lut(operators, block, count);
    const float *opposite = operators.lut + 4 * (operators.n * operators.n + operators.n + 1); // 111 as seen from 000
    for (int p = 0; p < count; p += W) {
        const F weight[4] = {load(block.weight[0] + p), load(block.weight[1] + p), load(block.weight[2] + p),
                             load(block.weight[3] + p)};
        blend<0>(operators.lut, opposite, block, p, weight);
    }
}

} // namespace untone::UNTONE_VARIANT
