#include "jpeg/module.hpp"

#include "jpeg/coefficients.hpp"

namespace nb = nanobind;

namespace untone {

namespace {

nb::bytes moved(const nb::bytes &data, int left, int top, int width, int height, int orientation,
                std::uint64_t most_pixels, int most_scans) {
    std::string made;
    {
        const auto *start = static_cast<const std::uint8_t *>(data.data());
        const std::size_t size = data.size();
        const nb::gil_scoped_release unlocked;
        const jpeg::Window window{left, top, width, height};
        made = jpeg::encode(jpeg::decode(start, size, window, {most_pixels, most_scans}), window, orientation);
    }
    return nb::bytes(made.data(), made.size());
}

} // namespace

void add_jpeg(nb::module_ &m) {
    m.def("jpeg_moved", &moved, "A JPEG's blocks at other places; arguments as in ../blocks.py.");
}

} // namespace untone
