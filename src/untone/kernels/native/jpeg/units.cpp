#include "jpeg/units.hpp"

namespace untone::jpeg {

Units::Units(const std::uint8_t *data, const std::uint8_t *end, const Window &window)
    : data_(data), end_(end), window_(window), marks_(static_cast<std::size_t>(window.width) * window.height) {}

void Units::add(int index, int blocks, const Decoder &dc, const Decoder &ac) {
    require(blocks <= MAX_UNIT_BLOCKS - blocks_, "has units of too many blocks");
    firsts_[index] = blocks_;
    blocks_ += blocks;
    parts_.push_back({index, blocks, dc, ac});
}

bool Units::holds(int row, int column) const {
    return row >= window_.top && column >= window_.left && row - window_.top < window_.height &&
           column - window_.left < window_.width;
}

std::size_t Units::number(int row, int column) const {
    return static_cast<std::size_t>(row - window_.top) * window_.width + (column - window_.left);
}

void Units::mark(int row, int column, std::uint64_t place, const std::array<int, MAX_COMPONENTS> &predictions) {
    if (!holds(row, column)) return;
    Mark &mark = marks_[number(row, column)];
    mark.place = place;
    for (int i = 0; i < MAX_COMPONENTS; ++i) mark.predictions[i] = static_cast<std::int16_t>(predictions[i]);
}

const std::int16_t *Units::block(int row, int column, int index, int within) {
    if (row != row_ || column != column_) {
        require(holds(row, column), "has no such block");
        decode(marks_[number(row, column)]);
        row_ = row, column_ = column;
    }
    return &values_[static_cast<std::size_t>(firsts_[index] + within) * AREA];
}

void Units::decode(const Mark &mark) {
    values_.fill(0);
    Bits bits(data_ + mark.place / 8, end_);
    bits.take(static_cast<int>(mark.place % 8));
    std::int16_t *values = values_.data();
    for (const Part &part : parts_) {
        int prediction = mark.predictions[part.index];
        for (int i = 0; i < part.blocks; ++i, values += AREA) sequential(bits, part.dc, part.ac, prediction, values);
    }
}

const std::int16_t *Picture::block(const Component &part, int row, int column) const {
    if (!units) return &part.values[part.place(row, column)];
    const int index = static_cast<int>(&part - components.data()), within = row % part.v * part.h + column % part.h;
    return units->block(row / part.v, column / part.h, index, within);
}

} // namespace untone::jpeg
