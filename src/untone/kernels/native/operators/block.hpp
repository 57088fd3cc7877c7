// A run of pixels of one row on its way through the stages, small enough for the first-level cache. Stages work
// in whole registers and run over the end of a block; near the end of a row they do so in the block's own buffers, so
// that no access ever leaves the row.
#pragma once

namespace untone::UNTONE_VARIANT {

constexpr int BLOCK = 256;        // pixels; a multiple of every W
constexpr int MAX_DIVISOR = 4;
constexpr int PAD = 64;           // bytes that a wide access may run over
constexpr int LEAD = 16;          // floats that Mixer may read before a block
constexpr int OVERRUN = 64;       // pixels that a stage may run over the end of a block, PAD included

struct Block {
    alignas(64) std::uint8_t raw[BLOCK * 3 * 2 + PAD];           // encoded RGB as in the source
    alignas(64) float guide[3][BLOCK];                           // encoded value as range coordinate, 0..7
    alignas(64) float inner[3][BLOCK];                           // after the grids
    alignas(64) std::uint32_t at[3][BLOCK];                      // byte offsets into the LUT
    alignas(64) float weight[6][BLOCK];                          // of what is read there
    alignas(64) float reading[3 * BLOCK + PAD];                  // of the LUT, packed RGB
    alignas(64) float light[3 * BLOCK + PAD];                    // of the base, packed RGB
    alignas(64) float hdr[LEAD + 3 * BLOCK + PAD];               // of the result on its way to PQ, from LEAD on
    alignas(64) std::uint8_t out[BLOCK * 3 * sizeof(float) + PAD];
    alignas(64) std::uint32_t sums[3 * BLOCK * MAX_DIVISOR];     // of the rows of a box
};

static inline const std::uint8_t *row_of(const Source &source, int row) {
    return source.data + static_cast<std::ptrdiff_t>(row) * source.stride;
}

// Guides from `first` of the block on of `count` boxes of D x D source pixels; boxes at the right and lower edge average
// what is there
template <class T, int D>
static void sum_boxes(const Source &source, int row, int column, int first, int count, Block &block) {
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
            block.guide[c][first + p] = static_cast<float>(sum) * scale;
        }
    const int present = width - (count - 1) * D; // columns of the last box
    for (int c = 0; c < 3; ++c) block.guide[c][first + count - 1] *= static_cast<float>(D) / static_cast<float>(present);
}

// Base light of `count` pixels, from the table of every code: exact, where a curve would err in the darks. Four at a
// time by hand, because a gather is slower than four loads on many processors; reads up to OVERRUN pixels more
template <class T> static void read_light(const float *light, const T *raw, int count, float *out) {
    for (int i = 0; i < 3 * count; i += 4) {
        const float a = light[raw[i]], b = light[raw[i + 1]], c = light[raw[i + 2]], d = light[raw[i + 3]];
        out[i] = a;
        out[i + 1] = b;
        out[i + 2] = c;
        out[i + 3] = d;
    }
}

} // namespace untone::UNTONE_VARIANT
