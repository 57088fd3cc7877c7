// Guides of gain maps smaller than the picture, for processors that load packed RGB apart: boxes of bytes that are whole
// are summed up in registers, those at the edges one by one.
#pragma once

namespace untone::UNTONE_VARIANT {

// Guides of `count` boxes of D x D source pixels
template <class T, int D> static void read_boxes(const Source &source, int row, int column, int count, Block &block) {
    int done = 0;
    if (sizeof(T) == 1 && (row + 1) * D <= source.height) {
        const int whole = source.width / D - column < count ? source.width / D - column : count;
        const std::uint8_t *corner = row_of(source, row * D) + static_cast<std::size_t>(column) * D * 3;
        const F scale = splat(7.0f / (255 * D * D));
        for (; done + W <= whole; done += W) {
            F r, g, b;
            box_sums<D>(corner + static_cast<std::size_t>(done) * D * 3, source.stride, r, g, b);
            store(block.guide[0] + done, mul(r, scale));
            store(block.guide[1] + done, mul(g, scale));
            store(block.guide[2] + done, mul(b, scale));
        }
    }
    if (done < count) sum_boxes<T, D>(source, row, column + done, done, count - done, block);
}

} // namespace untone::UNTONE_VARIANT
