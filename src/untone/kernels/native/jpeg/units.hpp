// Blocks of a JPEG that one sequential scan holds, decoded again wherever they are asked for: the coefficients of 200
// megapixels take 600 MB or more, the places of their units some 20.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "jpeg/bits.hpp"

namespace untone::jpeg {

constexpr int MAX_UNIT_BLOCKS = 10;

class Units {
  public:
    // Of data that outlives this; the window counts units
    Units(const std::uint8_t *data, const std::uint8_t *end, const Window &window);

    // The next component of the scan: its place among the picture's, its blocks in a unit, its codes
    void add(int index, int blocks, const Decoder &dc, const Decoder &ac);

    // Notes where a unit begins, and what the means of its components are relative to
    void mark(int row, int column, std::uint64_t place, const std::array<int, MAX_COMPONENTS> &predictions);

    // One of the blocks that a component has in a marked unit, until another unit is asked for
    const std::int16_t *block(int row, int column, int index, int within);

  private:
    struct Mark {
        std::uint64_t place;
        std::array<std::int16_t, MAX_COMPONENTS> predictions;
    };
    struct Part {
        int index, blocks;
        Decoder dc, ac;
    };

    bool holds(int row, int column) const;
    std::size_t number(int row, int column) const;
    void decode(const Mark &mark);

    const std::uint8_t *data_, *end_;
    Window window_;
    std::vector<Mark> marks_;
    std::vector<Part> parts_;
    std::array<int, MAX_COMPONENTS> firsts_{}; // block of each component
    int blocks_ = 0, row_ = -1, column_ = -1;  // in a unit; the one that is decoded
    std::array<std::int16_t, MAX_UNIT_BLOCKS * AREA> values_{};
};

} // namespace untone::jpeg
