// Guides of gain maps smaller than the picture, for any processor.
#pragma once

namespace untone::UNTONE_VARIANT {

// Guides of `count` boxes of D x D source pixels
template <class T, int D> static void read_boxes(const Source &source, int row, int column, int count, Block &block) {
    sum_boxes<T, D>(source, row, column, 0, count, block);
}

} // namespace untone::UNTONE_VARIANT
