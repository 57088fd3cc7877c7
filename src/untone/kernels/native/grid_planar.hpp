// Slicing of the three grids for processors that permute registers: planar, eight guide nodes in a register.
// Table of one image row: [guide 3][channel 3][x cell][32]: value, x slope, and their differences to the next node.
#pragma once

namespace untone::UNTONE_VARIANT {

// inner[c] = sum over guides of the slice, for `count` pixels of x cell `cell`; guides are in 0..7
static inline void slice(const float *row, int cells, int cell, float x_share, float x_step, Block &block, int count) {
    const F step = splat(x_step);
    for (int c = 0; c < 3; ++c) {
        const auto table = [&](int k) { return Nodes(row + (static_cast<std::size_t>(k * 3 + c) * cells + cell) * 32); };
        const Nodes from_r = table(0), from_g = table(1), from_b = table(2);
        for (int p = 0; p < count; p += W) {
            const F fx = fma(add(ramp(), splat(static_cast<float>(p))), step, splat(x_share));
            const auto read = [&](const Nodes &nodes, const float *guide) {
                const F e = load(guide + p), node = clamp(convert(trunc(e)), splat(0), splat(6));
                return nodes.at(trunc(node), fx, sub(e, node));
            };
            F sum = read(from_r, block.guide[0]);
            sum = add(sum, read(from_g, block.guide[1]));
            sum = add(sum, read(from_b, block.guide[2]));
            store(block.inner[c] + p, sum);
        }
    }
}

} // namespace untone::UNTONE_VARIANT
