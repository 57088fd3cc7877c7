#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "jpeg/coefficients.hpp"
#include "jpeg/bits.hpp"
#include "jpeg/units.hpp"

namespace untone::jpeg {

const std::array<std::uint8_t, AREA> ZIGZAG = {
    0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,  12, 19, 26, 33, 40, 48,
    41, 34, 27, 20, 13, 6,  7,  14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23,
    30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63};

namespace {

constexpr int MAX_SHIFT = 13; // of a progressive scan

// One scan: its part of the spectrum and of the bits, and what each block leaves for the next
struct Scan {
    int first, last, high, low;
    std::array<int, MAX_COMPONENTS> predictions{};
    int empty = 0; // blocks to come without another coefficient
};

class File {
  public:
    File(const std::uint8_t *data, std::size_t size, const Window &window, const Limits &limits)
        : data_(data), at_(data), end_(data + size), size_(size), window_(window), limits_(limits) {}

    Picture read() {
        require(number(2) == 0xFFD8, "does not begin as one");
        for (int marker = next(); marker != 0xD9; marker = next()) segment(marker);
        require(!picture_.components.empty(), "has no frame");
        for (const Component &part : picture_.components) require(part.coded, "lacks the image data of a component");
        return std::move(picture_);
    }

  private:
    unsigned number(int bytes) {
        require(end_ - at_ >= bytes, "ends within a marker segment");
        unsigned value = 0;
        while (bytes--) value = value << 8 | *at_++;
        return value;
    }

    int next() {
        while (end_ - at_ >= 2 && !(at_[0] == 0xFF && at_[1] != 0xFF && at_[1] != 0)) ++at_;
        return static_cast<int>(number(2)) & 255;
    }

    void segment(int marker) {
        require(!(marker >= 0xD0 && marker <= 0xD8) && marker != 1, "has a marker where none belongs");
        const unsigned length = number(2);
        require(length >= 2 && end_ - at_ >= static_cast<std::ptrdiff_t>(length - 2), "has a segment that is too long");
        const std::uint8_t *body = at_, *after = at_ + (length - 2);
        stop_ = after;
        if (marker == 0xC4) huffman();
        else if (marker == 0xDB) quantisers();
        else if (marker == 0xDD) interval_ = static_cast<int>(field(2));
        else if (marker >= 0xC0 && marker <= 0xC2) frame(marker == 0xC2);
        else if (marker == 0xDA) return scan();
        else require(marker < 0xC0 || marker > 0xCF, "is coded arithmetically, without loss, or in layers");
        require(at_ >= body && at_ <= after, "has a segment that is too short");
        at_ = after;
    }

    // A number within the segment
    unsigned field(int bytes) {
        require(stop_ - at_ >= bytes, "has a segment that is too short");
        return number(bytes);
    }

    void huffman() {
        while (at_ < stop_) {
            const unsigned place = field(1);
            require(stop_ - at_ >= LONGEST_CODE && (place >> 4) < 2 && (place & 15) < MAX_TABLES, "has a bad table");
            const std::uint8_t *counts = at_;
            int total = 0;
            for (int i = 0; i < LONGEST_CODE; ++i) total += counts[i];
            at_ += LONGEST_CODE;
            require(total <= 256 && stop_ - at_ >= total, "has a bad Huffman table");
            codes_[place >> 4][place & 15] = Decoder(counts, at_, total);
            at_ += total;
        }
    }

    void quantisers() {
        while (at_ < stop_) {
            const unsigned place = field(1), bytes = (place >> 4) + 1;
            require(bytes <= 2 && (place & 15) < MAX_TABLES, "has a bad quantisation table");
            for (const std::uint8_t k : ZIGZAG) {
                quantisers_[place & 15][k] = static_cast<std::uint16_t>(field(static_cast<int>(bytes)));
                require(quantisers_[place & 15][k] > 0, "divides by zero");
            }
            quantised_[place & 15] = true;
        }
    }

    void frame(bool progressive) {
        require(picture_.components.empty(), "has two frames");
        require(field(1) == 8, "has samples of other than 8 bits");
        picture_.height = static_cast<int>(field(2));
        picture_.width = static_cast<int>(field(2));
        require(picture_.width > 0 && picture_.height > 0, "has no size in its frame");
        require(std::uint64_t(picture_.width) * picture_.height <= limits_.pixels, "has too many pixels");
        const unsigned count = field(1);
        require(count == 1 || count == 3, "has neither one nor three components");
        progressive_ = progressive;
        picture_.components.resize(count);
        for (Component &part : picture_.components) describe(part);
        allot();
    }

    void describe(Component &part) {
        part.id = static_cast<int>(field(1));
        const unsigned sampling = field(1);
        part.h = static_cast<int>(sampling >> 4), part.v = static_cast<int>(sampling & 15);
        part.table = static_cast<int>(field(1));
        const bool fits = part.h >= 1 && part.h <= MAX_SAMPLING && part.v >= 1 && part.v <= MAX_SAMPLING;
        require(fits && part.table < MAX_TABLES, "has a bad component");
        for (const Component &other : picture_.components)
            require(&other >= &part || other.id != part.id, "has two components of one name");
        if (picture_.components.size() == 1) part.h = part.v = 1; // alone, its factors mean nothing (A.2.2)
    }

    // Blocks of every component: how many there are, and those that are stored
    void allot() {
        const Window &w = window_;
        for (const Component &part : picture_.components)
            picture_.h = std::max(picture_.h, part.h), picture_.v = std::max(picture_.v, part.v);
        units_wide_ = divided_up(picture_.width, picture_.unit_width());
        units_high_ = divided_up(picture_.height, picture_.unit_height());
        require(w.left >= 0 && w.top >= 0 && w.width > 0 && w.height > 0 && w.width <= picture_.width - w.left &&
                    w.height <= picture_.height - w.top,
                "is smaller than the crop");
        std::uint64_t blocks = 0;
        for (const Component &part : picture_.components)
            blocks += std::uint64_t(units_wide_) * part.h * units_high_ * part.v;
        require(blocks <= std::uint64_t(size_) * 8, "is too short for so many pixels"); // a bit a block at the least
        for (Component &part : picture_.components) allot(part);
    }

    void allot(Component &part) {
        part.columns = divided_up(divided_up(picture_.width * part.h, picture_.h), SIDE);
        part.rows = divided_up(divided_up(picture_.height * part.v, picture_.v), SIDE);
        const int wide = picture_.unit_width(), high = picture_.unit_height();
        const int first_column = window_.left / wide, first_row = window_.top / high;
        const int last_column = divided_up(window_.left + window_.width, wide);
        const int last_row = divided_up(window_.top + window_.height, high);
        const bool whole = progressive_; // later scans are coded relative to what earlier ones left
        part.left = whole ? 0 : first_column * part.h, part.top = whole ? 0 : first_row * part.v;
        part.width = (whole ? units_wide_ : last_column) * part.h - part.left;
        part.height = (whole ? units_high_ : last_row) * part.v - part.top;
    }

    // Before the first scan: room for all blocks, or, where this scan has all of them, for where its units begin
    void make_room() {
        if (!progressive_ && parts_.size() == picture_.components.size()) {
            const int wide = picture_.unit_width(), high = picture_.unit_height();
            const int left = window_.left / wide, right = divided_up(window_.left + window_.width, wide);
            const int top = window_.top / high, bottom = divided_up(window_.top + window_.height, high);
            picture_.units = std::make_shared<Units>(data_, end_, Window{left, top, right - left, bottom - top});
            for (const Part &part : parts_) {
                const Component &component = picture_.components[part.index];
                picture_.units->add(part.index, component.h * component.v, *part.dc, *part.ac);
            }
            return;
        }
        for (Component &part : picture_.components)
            part.values.assign(static_cast<std::size_t>(part.width) * part.height * AREA, 0);
    }

    void scan() {
        require(!picture_.components.empty(), "has image data before its frame");
        require(++scans_ <= limits_.scans, "has too many scans");
        const unsigned count = field(1);
        require(count >= 1 && count <= picture_.components.size(), "has a scan of too many components");
        parts_.clear();
        for (unsigned i = 0; i < count; ++i) choose();
        const int first = static_cast<int>(field(1)), last = static_cast<int>(field(1));
        const unsigned shifts = field(1);
        Scan scan{first, last, static_cast<int>(shifts >> 4), static_cast<int>(shifts & 15), {}, 0};
        check(scan);
        if (scans_ == 1) make_room();
        at_ = stop_;
        Bits bits(at_, end_);
        units(bits, scan);
        at_ = bits.finish();
    }

    void choose() {
        const int id = static_cast<int>(field(1));
        const unsigned tables = field(1);
        const auto found = std::find_if(picture_.components.begin(), picture_.components.end(),
                                        [id](const Component &part) { return part.id == id; });
        require(found != picture_.components.end(), "has a scan of a component that it lacks");
        require((tables >> 4) < MAX_TABLES && (tables & 15) < MAX_TABLES, "names a table that cannot be");
        const int index = static_cast<int>(found - picture_.components.begin());
        for (const Part &other : parts_) require(other.index != index, "has a component twice in one scan");
        if (!found->described) {
            require(quantised_[found->table], "lacks a quantisation table");
            found->quantisers = quantisers_[found->table], found->described = true;
        }
        parts_.push_back({index, &codes_[0][tables >> 4], &codes_[1][tables & 15]});
    }

    void check(const Scan &scan) {
        const bool dc = scan.first == 0;
        if (progressive_) {
            require(dc ? scan.last == 0 : parts_.size() == 1, "mixes parts of the spectrum");
            require(scan.first <= scan.last && scan.last < AREA && scan.low <= MAX_SHIFT &&
                        (scan.high == 0 || scan.high == scan.low + 1),
                    "has a scan of no part of the spectrum");
        } else {
            require(dc && scan.last == AREA - 1 && scan.high == 0 && scan.low == 0, "has part of a sequential scan");
        }
        for (const Part &part : parts_) {
            Component &component = picture_.components[part.index];
            require(progressive_ ? dc || component.coded : !component.coded, "has scans out of order");
            if (dc) component.coded = true;
            require(!dc || scan.high || part.dc->known(), "lacks a Huffman table");
            require((progressive_ && dc) || part.ac->known(), "lacks a Huffman table");
        }
        int blocks = 0;
        for (const Part &part : parts_)
            blocks += picture_.components[part.index].h * picture_.components[part.index].v;
        require(parts_.size() == 1 || blocks <= MAX_UNIT_BLOCKS, "has units of too many blocks");
    }

    void units(Bits &bits, Scan &scan) {
        const bool alone = parts_.size() == 1;
        const Component &only = picture_.components[parts_[0].index];
        const int wide = alone ? only.columns : units_wide_, high = alone ? only.rows : units_high_;
        int left = interval_, restart = 0;
        for (int row = 0; row < high; ++row) {
            for (int column = 0; column < wide; ++column) {
                if (interval_ && left-- == 0) {
                    begin_again(bits, scan, restart++ & 7);
                    left = interval_ - 1;
                }
                if (picture_.units) picture_.units->mark(row, column, bits.place(data_), scan.predictions);
                if (alone) block(bits, scan, parts_[0], row, column);
                else unit(bits, scan, row, column);
            }
        }
    }

    void begin_again(Bits &bits, Scan &scan, int index) {
        const std::uint8_t *marker = bits.finish();
        require(end_ - marker >= 2 && marker[1] == 0xD0 + index, "lacks a restart marker");
        bits.restart(marker + 2);
        scan.predictions = {};
        scan.empty = 0;
    }

    struct Part {
        int index;
        const Decoder *dc, *ac;
    };

    void unit(Bits &bits, Scan &scan, int row, int column) {
        for (const Part &part : parts_) {
            const Component &component = picture_.components[part.index];
            for (int y = 0; y < component.v; ++y)
                for (int x = 0; x < component.h; ++x)
                    block(bits, scan, part, row * component.v + y, column * component.h + x);
        }
    }

    void block(Bits &bits, Scan &scan, const Part &part, int row, int column) {
        Component &component = picture_.components[part.index];
        std::int16_t *values = passed_over_.data();
        if (!picture_.units && component.holds(row, column)) values = &component.values[component.place(row, column)];
        else passed_over_.fill(0);
        int &prediction = scan.predictions[part.index];
        if (!progressive_) sequential(bits, *part.dc, *part.ac, prediction, values);
        else if (scan.first == 0 && scan.high) values[0] = static_cast<std::int16_t>(values[0] | bits.take(1) << scan.low);
        else if (scan.first == 0) values[0] = mean(bits, *part.dc, prediction, scan.low);
        else if (scan.high) refine(bits, scan, *part.ac, values);
        else begin(bits, scan, *part.ac, values);
    }

    // First bits of a band (G.1.2.2)
    static void begin(Bits &bits, Scan &scan, const Decoder &codes, std::int16_t *values) {
        if (scan.empty > 0) {
            --scan.empty;
            return;
        }
        for (int k = scan.first; k <= scan.last; ++k) {
            const int symbol = codes.read(bits), run = symbol >> 4, size = symbol & 15;
            if (size == 0 && run != 15) {
                scan.empty = (1 << run) + static_cast<int>(bits.take(run)) - 1;
                return;
            }
            k += run;
            if (size == 0) continue;
            require(k <= scan.last && size <= MAX_AC_BITS && size + scan.low <= MAX_SHIFT + 1,
                    "has a coefficient out of range");
            values[ZIGZAG[k]] = static_cast<std::int16_t>(bits.number(size) * (1 << scan.low));
        }
    }

    // One more bit of a band (G.1.2.3): of all that is not zero yet, and coefficients that begin with it
    static void refine(Bits &bits, Scan &scan, const Decoder &codes, std::int16_t *values) {
        int k = scan.first;
        while (k <= scan.last && scan.empty == 0) {
            const int symbol = codes.read(bits), size = symbol & 15;
            int run = symbol >> 4, fresh = 0;
            require(size <= 1, "has a coefficient out of range");
            if (size == 0 && run != 15) {
                scan.empty = (1 << run) + static_cast<int>(bits.take(run));
                break;
            }
            if (size) fresh = bits.take(1) ? 1 << scan.low : -(1 << scan.low);
            for (; k <= scan.last; ++k) {
                std::int16_t &value = values[ZIGZAG[k]];
                if (value) correct(bits, scan.low, value);
                else if (run-- == 0) break;
            }
            require(!fresh || k <= scan.last, "has a coefficient out of range");
            if (fresh) values[ZIGZAG[k]] = static_cast<std::int16_t>(fresh);
            ++k;
        }
        if (scan.empty == 0) return;
        for (; k <= scan.last; ++k)
            if (values[ZIGZAG[k]]) correct(bits, scan.low, values[ZIGZAG[k]]);
        --scan.empty;
    }

    static void correct(Bits &bits, int low, std::int16_t &value) {
        const int bit = 1 << low;
        if (bits.take(1) && !(std::abs(value) & bit)) value = static_cast<std::int16_t>(value + (value < 0 ? -bit : bit));
    }

    const std::uint8_t *data_, *at_, *end_, *stop_ = nullptr;
    std::size_t size_;
    Window window_;
    Limits limits_;
    Picture picture_;
    std::array<std::array<Decoder, MAX_TABLES>, 2> codes_; // of DC, of AC
    std::array<Quantisers, MAX_TABLES> quantisers_{};
    std::array<bool, MAX_TABLES> quantised_{};
    std::array<std::int16_t, AREA> passed_over_{};
    std::vector<Part> parts_;
    bool progressive_ = false;
    int units_wide_ = 0, units_high_ = 0, interval_ = 0, scans_ = 0;
};

} // namespace

Picture decode(const std::uint8_t *data, std::size_t size, const Window &window, const Limits &limits) {
    return File(data, size, window, limits).read();
}

} // namespace untone::jpeg
