// Slicing of the three grids for any processor: one RGBX record per node, so that a pixel reads four per guide.
// Table of one image row: [guide 3][x cell][node 8][16]: value, x slope, and their differences to the next node, RGBX.
#pragma once

namespace untone::UNTONE_VARIANT {

// inner[c] = sum over guides of the slice, for `count` pixels of x cell `cell`; guides are in 0..7
static inline void slice(const float *row, int cells, int cell, float x_share, float x_step, Block &block, int count) {
    for (int p = 0; p < count; ++p) {
        const float fx = x_share + x_step * static_cast<float>(p);
        F sum = splat(0);
        for (int k = 0; k < 3; ++k) {
            const float e = block.guide[k][p];
            const int r = e > 0 ? (e < 7 ? static_cast<int>(e) : 6) : 0;
            const float *record = row + ((static_cast<std::size_t>(k) * cells + cell) * 8 + r) * 16;
            const F value = fma(splat(fx), load(record + 4), load(record));
            const F rise = fma(splat(fx), load(record + 12), load(record + 8));
            sum = add(sum, fma(splat(e - static_cast<float>(r)), rise, value));
        }
        for (int c = 0; c < 3; ++c) block.inner[c][p] = sum[c];
    }
}

} // namespace untone::UNTONE_VARIANT
