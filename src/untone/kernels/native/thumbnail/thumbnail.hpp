// Rows of the thumbnail: the exact area integral of the encoded values. Measured in units of 1/size of a source pixel,
// every border is an integer, so coverage is exact.
#pragma once

namespace untone::UNTONE_VARIANT {

constexpr int MAX_SIZE = 4096; // of the thumbnail

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
            add_columns<C>(from, weight, span.count, sum);
            weight += span.count;
            for (int c = 0; c < C; ++c) out[c * plane + static_cast<std::size_t>(span.cell)] += sum[c];
        }
    }
};

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
            const Rows rows(cell, job.source.height, job.size);
            sum_rows<T>(job.source, rows, static_cast<std::size_t>(left) * C * sizeof(T), C * columns, tile);
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
