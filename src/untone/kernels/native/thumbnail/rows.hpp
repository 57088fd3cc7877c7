// Sums of a thumbnail's source rows by plain loops, which compilers vectorise.
#pragma once

namespace untone::UNTONE_VARIANT {

constexpr int TILE = 512; // source columns summed before they are shared out to cells

struct Tile {
    alignas(64) std::uint32_t wide[3 * TILE]; // sums of whole rows, 16-bit samples
    alignas(64) std::uint16_t narrow[3 * TILE]; // sums of up to 256 whole rows, 8-bit samples
    alignas(64) float column[3 * TILE + 4];   // rows weighted by coverage; the last load of a pixel runs over
};

// Rows that a cell covers, first..last, and what it covers of them: begin..end in units of 1 / size
struct Rows {
    std::int64_t first, last, begin, end;
    int size;
    Rows(std::int64_t cell, std::int64_t height, int size)
        : first(cell * height / size), last((cell * height + height - 1) / size), begin(cell * height),
          end(begin + height), size(size) {}
};

// Share of source sample `at` that lies in begin..end, both in units of 1 / size
static inline float coverage(std::int64_t at, std::int64_t begin, std::int64_t end, int size) {
    const std::int64_t low = at * size, high = low + size;
    const std::int64_t covered = (end < high ? end : high) - (begin > low ? begin : low);
    return static_cast<float>(covered) / static_cast<float>(size);
}

static inline const std::uint8_t *line_at(const Source &source, std::int64_t row) {
    return source.data + static_cast<std::ptrdiff_t>(row) * source.stride;
}

// column += sum of whole rows first..last-1, `count` samples from byte offset `at` on
static void add_whole_rows(const Source &source, std::int64_t first, std::int64_t last, std::size_t at, int count,
                           Tile &tile, float *column, std::uint8_t) {
    for (std::int64_t from = first; from < last; from += 256) { // 256 * 255 fits 16 bits
        const std::int64_t to = last < from + 256 ? last : from + 256;
        std::memset(tile.narrow, 0, static_cast<std::size_t>(count) * 2);
        std::int64_t row = from;
        for (; row + 4 <= to; row += 4) {
            const std::uint8_t *a = line_at(source, row) + at, *b = line_at(source, row + 1) + at;
            const std::uint8_t *c = line_at(source, row + 2) + at, *d = line_at(source, row + 3) + at;
            for (int i = 0; i < count; ++i)
                tile.narrow[i] = static_cast<std::uint16_t>(tile.narrow[i] + a[i] + b[i] + c[i] + d[i]);
        }
        for (; row < to; ++row) {
            const std::uint8_t *a = line_at(source, row) + at;
            for (int i = 0; i < count; ++i) tile.narrow[i] = static_cast<std::uint16_t>(tile.narrow[i] + a[i]);
        }
        for (int i = 0; i < count; ++i) column[i] += static_cast<float>(tile.narrow[i]);
    }
}

static void add_whole_rows(const Source &source, std::int64_t first, std::int64_t last, std::size_t at, int count,
                           Tile &tile, float *column, std::uint16_t) {
    for (std::int64_t from = first; from < last; from += 256) { // sums below 2^24 convert to float exactly
        const std::int64_t to = last < from + 256 ? last : from + 256;
        std::memset(tile.wide, 0, static_cast<std::size_t>(count) * 4);
        for (std::int64_t row = from; row < to; ++row) {
            const auto *a = reinterpret_cast<const std::uint16_t *>(line_at(source, row) + at);
            for (int i = 0; i < count; ++i) tile.wide[i] += a[i];
        }
        for (int i = 0; i < count; ++i) column[i] += static_cast<float>(tile.wide[i]);
    }
}

template <class T>
static void add_part_row(const Source &source, std::int64_t row, std::size_t at, int count, float weight,
                         float *column) {
    const auto *a = reinterpret_cast<const T *>(line_at(source, row) + at);
    for (int i = 0; i < count; ++i) column[i] += static_cast<float>(a[i]) * weight;
}

// column = sum over the rows of the share that a cell has of them, `count` samples from byte offset `at` on
template <class T>
static void plain_rows(const Source &source, const Rows &rows, std::size_t at, int count, Tile &tile, float *column) {
    std::memset(column, 0, static_cast<std::size_t>(count) * sizeof(float));
    add_part_row<T>(source, rows.first, at, count, coverage(rows.first, rows.begin, rows.end, rows.size), column);
    if (rows.last == rows.first) return;
    add_whole_rows(source, rows.first + 1, rows.last, at, count, tile, column, T{});
    add_part_row<T>(source, rows.last, at, count, coverage(rows.last, rows.begin, rows.end, rows.size), column);
}

// sum += `count` columns of C channels by their weights
template <int C>
static inline void plain_columns(const float *column, const float *weight, int count, float (&sum)[C]) {
    for (int i = 0; i < count; ++i)
        for (int c = 0; c < C; ++c) sum[c] += column[C * i + c] * weight[i];
}

} // namespace untone::UNTONE_VARIANT
