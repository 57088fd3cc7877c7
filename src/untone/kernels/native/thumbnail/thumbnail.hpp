// Rows of the thumbnail: the exact area integral of the encoded values, in plain loops that compilers vectorise.
// Measured in units of 1/size of a source pixel, every border is an integer, so coverage is exact.
#pragma once

namespace untone::UNTONE_VARIANT {

constexpr int TILE = 512; // source columns summed before they are shared out to cells
constexpr int MAX_SIZE = 4096; // of the thumbnail

struct Tile {
    alignas(64) std::uint32_t wide[3 * TILE]; // sums of whole rows, 16-bit samples
    alignas(64) std::uint16_t narrow[3 * TILE]; // sums of up to 256 whole rows, 8-bit samples
    alignas(64) float column[3 * TILE];       // rows weighted by coverage
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

// tile.column += sum of whole rows first..last-1, `count` samples from byte offset `at` on
static void add_whole_rows(const Source &source, std::int64_t first, std::int64_t last, std::size_t at, int count,
                           Tile &tile, std::uint8_t) {
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
        for (int i = 0; i < count; ++i) tile.column[i] += static_cast<float>(tile.narrow[i]);
    }
}

static void add_whole_rows(const Source &source, std::int64_t first, std::int64_t last, std::size_t at, int count,
                           Tile &tile, std::uint16_t) {
    for (std::int64_t from = first; from < last; from += 256) { // sums below 2^24 convert to float exactly
        const std::int64_t to = last < from + 256 ? last : from + 256;
        std::memset(tile.wide, 0, static_cast<std::size_t>(count) * 4);
        for (std::int64_t row = from; row < to; ++row) {
            const auto *a = reinterpret_cast<const std::uint16_t *>(line_at(source, row) + at);
            for (int i = 0; i < count; ++i) tile.wide[i] += a[i];
        }
        for (int i = 0; i < count; ++i) tile.column[i] += static_cast<float>(tile.wide[i]);
    }
}

template <class T>
static void add_part_row(const Source &source, std::int64_t row, std::size_t at, int count, float weight, Tile &tile) {
    const auto *a = reinterpret_cast<const T *>(line_at(source, row) + at);
    for (int i = 0; i < count; ++i) tile.column[i] += static_cast<float>(a[i]) * weight;
}

// Which cells the columns of a tile belong to, and by how much
struct Shares {
    struct Span {
        int cell, first, count; // columns of the tile
    };
    Span spans[MAX_SIZE + 1];
    float weights[MAX_SIZE + TILE]; // of the columns of each span in turn
    int cells;

    // Of `count` columns from source column `left` on, of `width`
    void set(std::int64_t left, int count, std::int64_t width, int size) {
        int done = 0, at = 0;
        cells = 0;
        for (std::int64_t cell = left * size / width; done < count; ++cell) {
            const std::int64_t begin = cell * width, end = begin + width; // in 1 / size
            Span &span = spans[cells++];
            span = {static_cast<int>(cell), done, 0};
            while (done < count && (left + done) * size < end) {
                weights[at++] = coverage(left + done, begin, end, size);
                ++span.count;
                if ((left + done + 1) * size > end) break; // the next cell has the rest of this column
                ++done;
            }
        }
    }

    // Adds the summed columns of C channels to the cells of an output row per channel
    template <int C> void add(const float *column, float *out, std::size_t plane) const {
        const float *weight = weights;
        for (int k = 0; k < cells; ++k) {
            const Span span = spans[k];
            const float *from = column + C * static_cast<std::size_t>(span.first);
            float sum[C] = {};
            for (int i = 0; i < span.count; ++i)
                for (int c = 0; c < C; ++c) sum[c] += from[C * i + c] * weight[i];
            weight += span.count;
            for (int c = 0; c < C; ++c) out[c * plane + static_cast<std::size_t>(span.cell)] += sum[c];
        }
    }
};

// Columns of one output row's source rows, weighted by coverage and summed
template <class T, int C>
static void sum_rows(const ThumbnailJob &job, int cell, std::size_t at, int count, Tile &tile) {
    const Source &source = job.source;
    const std::int64_t begin = cell * static_cast<std::int64_t>(source.height), end = begin + source.height;
    const std::int64_t first = begin / job.size, last = (end - 1) / job.size; // rows touched, both included
    std::memset(tile.column, 0, sizeof tile.column);
    add_part_row<T>(source, first, at, count, coverage(first, begin, end, job.size), tile);
    if (last == first) return;
    add_whole_rows(source, first + 1, last, at, count, tile, T{});
    add_part_row<T>(source, last, at, count, coverage(last, begin, end, job.size), tile);
}

// Of packed pixels of C channels
template <class T, int C> static void thumbnail_of(const ThumbnailJob &job, int first, int last) {
    const std::int64_t width = job.source.width;
    const std::size_t side = static_cast<std::size_t>(job.size), plane = side * side;
    Tile tile;
    Shares shares;
    for (int c = 0; c < C; ++c)
        std::memset(job.target + c * plane + first * side, 0, static_cast<std::size_t>(last - first) * side * sizeof(float));
    for (std::int64_t left = 0; left < width; left += TILE) {
        const int columns = static_cast<int>(width - left < TILE ? width - left : TILE);
        shares.set(left, columns, width, job.size);
        for (int cell = first; cell < last; ++cell) {
            sum_rows<T, C>(job, cell, static_cast<std::size_t>(left) * C * sizeof(T), C * columns, tile);
            shares.add<C>(tile.column, job.target + static_cast<std::size_t>(cell) * side, plane);
        }
    }
    const double area = static_cast<double>(job.source.height) / job.size * (static_cast<double>(width) / job.size);
    const float scale = static_cast<float>(1 / (area * (sizeof(T) == 1 ? 255.0 : 65535.0)));
    for (int c = 0; c < C; ++c)
        for (std::size_t k = first * side; k < last * side; ++k) job.target[c * plane + k] *= scale;
}

template <int C> static void thumbnail_rows_of(const ThumbnailJob &job, int first, int last) {
    if (job.source.sample_bytes == 1) thumbnail_of<std::uint8_t, C>(job, first, last);
    else thumbnail_of<std::uint16_t, C>(job, first, last);
}

static void thumbnail_rows(const ThumbnailJob &job, int first, int last) { thumbnail_rows_of<3>(job, first, last); }

// Of one plane instead of packed RGB, in codes / largest code
static void plane_rows(const ThumbnailJob &job, int first, int last) { thumbnail_rows_of<1>(job, first, last); }

} // namespace untone::UNTONE_VARIANT
