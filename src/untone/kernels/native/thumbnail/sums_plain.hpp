// Sums of a thumbnail's rows and columns, for any processor.
#pragma once

namespace untone::UNTONE_VARIANT {

template <class T>
static void sum_rows(const Source &source, const Rows &rows, std::size_t at, int count, Tile &tile) {
    plain_rows<T>(source, rows, at, count, tile, tile.column);
}

template <int C>
static inline void add_columns(const float *column, const float *weight, int count, float (&sum)[C]) {
    plain_columns<C>(column, weight, count, sum);
}

} // namespace untone::UNTONE_VARIANT
