// Python bindings of gain networks: training, gradient, values; ../network.py has checked every argument.
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "bindings.hpp"
#include "network/network.hpp"
#include "network/trainer.hpp"
#include "threads/pool.hpp"

namespace nb = nanobind;

namespace untone {
namespace {

using Indices = nb::ndarray<const std::int32_t, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Vector = nb::ndarray<float, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

constexpr int ROWS_AT_A_TIME = 8;
constexpr int MOST_ROWS = 1 << 22, MOST_SAMPLES = 1 << 26;

std::size_t vector_size(std::size_t sections, std::size_t n) {
    return (sections * NETWORK_EMBEDDED + 1) * n + (n + 1) * n + (n + 1) * 3;
}

// Everything that training reads, checked: no index leads out of the tables
struct CheckedSamples {
    std::vector<int> start{0};
    TrainingSamples samples{};
    int count = 0;

    CheckedSamples(const Floats &basis, const std::vector<int> &counts, const Indices &index, const Floats &target,
           const Floats &weight, int neurons, int batch, const Vector &vector) {
        require(!counts.empty() && counts.size() <= 16, "1 to 16 sections");
        for (int rows : counts) {
            require(rows > 0 && rows <= MOST_ROWS - start.back(), "too many rows");
            start.push_back(start.back() + rows);
        }
        require(basis.ndim() == 2 && basis.shape(0) == static_cast<std::size_t>(start.back()) &&
                    basis.shape(1) == NETWORK_EMBEDDED, "the basis must be [rows, 24]");
        require(index.shape(0) > 0 && index.shape(0) <= MOST_SAMPLES && index.shape(1) == counts.size(), "the index");
        count = static_cast<int>(index.shape(0));
        for (const Floats *four : {&target, &weight})
            require(four->ndim() == 2 && four->shape(0) == index.shape(0) && four->shape(1) == NETWORK_OUT,
                    "four a sample");
        require(neurons > 0 && neurons <= NETWORK_WIDEST && vector.size() == vector_size(counts.size(), neurons),
                "vector");
        require(batch > 0 && batch <= count, "the batch must not exceed the samples");
        const std::int32_t *at = index.data();
        for (int s = 0; s < count; ++s)
            for (std::size_t k = 0; k < counts.size(); ++k, ++at)
                require(*at >= start[k] && *at < start[k + 1], "an index outside of its section");
        samples = {index.data(), target.data(), weight.data()};
    }
};

const NetworkKernels &kernels_named(const std::string &variant) { return *variant_named(variant).network; }

double slopes(const std::string &variant, int threads, const Floats &basis, const std::vector<int> &counts,
              const Indices &index, const Floats &target, const Floats &weight, int neurons, const Vector &vector,
              const Vector &gradient) {
    const int count = static_cast<int>(index.shape(0));
    const CheckedSamples checked(basis, counts, index, target, weight, neurons, count, vector);
    require(gradient.size() == vector.size(), "the gradient must be as long as the vector");
    const NetworkKernels &kernels = kernels_named(variant);
    const nb::gil_scoped_release unlocked;
    NetworkTrainer trainer(kernels, basis.data(), checked.start, neurons, checked.samples, count, count);
    trainer.set(vector.data());
    const double loss = trainer.conduct_slopes(0, threads);
    trainer.slopes_into(gradient.data());
    return loss;
}

bool interrupted() {
    const nb::gil_scoped_acquire locked;
    return PyErr_CheckSignals() != 0;
}

nb::object train(const std::string &variant, int threads, const Floats &basis, const std::vector<int> &counts,
                 const Indices &index, const Floats &target, const Floats &weight, int neurons, const Vector &vector,
                 const std::vector<double> &schedule, const Floats &mix) {
    require(schedule.size() == 6, "steps, batch, rate, last rate, seconds, keep2");
    const std::size_t inputs = counts.size() * NETWORK_EMBEDDED;
    require(mix.size() == 0 || (mix.ndim() == 2 && mix.shape(0) == inputs && mix.shape(1) == inputs), "the mix");
    const TrainingSchedule how{static_cast<int>(schedule[0]), static_cast<int>(schedule[1]), schedule[2], schedule[3],
                          schedule[4], schedule[5]};
    require(how.steps >= 0 && how.rate > 0 && how.last_rate >= 0 && how.keep2 > 0 && how.keep2 < 1, "the schedule");
    const CheckedSamples checked(basis, counts, index, target, weight, neurons, how.batch, vector);
    const NetworkKernels &kernels = kernels_named(variant);
    int steps = 0;
    double loss = 0;
    bool stopped = false;
    {
        const nb::gil_scoped_release unlocked;
        NetworkTrainer trainer(kernels, basis.data(), checked.start, neurons, checked.samples, checked.count, how.batch,
                           mix.size() ? mix.data() : nullptr);
        trainer.set(vector.data());
        steps = trainer.train(how, threads, [&] { return stopped = interrupted(); });
        trainer.get(vector.data());
        loss = trainer.last_loss();
    }
    if (stopped) throw nb::python_error();
    return nb::make_tuple(steps, loss);
}

// A network's parts, padded, as decoding reads them
struct Padded {
    int padded;
    std::vector<float> first, first_bias, second, second_bias, third_transposed;
    float third_bias[4] = {0, 0, 0, 0};

    Padded(const float *vector, int inputs, int n) : padded((n + NETWORK_TILE - 1) / NETWORK_TILE * NETWORK_TILE) {
        const auto rows = [&](std::vector<float> &to, int count, int have, int step) {
            to.assign(static_cast<std::size_t>(std::max(count, 1)) * step, 0.0f);
            for (int r = 0; r < count; ++r, vector += have)
                std::copy_n(vector, have, &to[static_cast<std::size_t>(r) * step]);
        };
        rows(first, inputs, n, padded);
        rows(first_bias, 1, n, padded);
        rows(second, n, n, padded);
        rows(second_bias, 1, n, padded);
        rows(third_transposed, n, 3, NETWORK_TILE);
        std::copy_n(vector, 3, third_bias);
    }
};

void values(const std::string &variant, int threads, const Pixels &pixels, const Floats &basis, int neurons,
            const Floats &vector, const Floats &ends, bool half, const Target &target) {
    ValueJob job{};
    job.source = source_of(pixels);
    require(job.source.sample_bytes == 1, "pixels must be uint8");
    const int height = job.source.height, width = job.source.width, inputs = 5 * NETWORK_EMBEDDED;
    require(neurons > 0 && neurons <= NETWORK_WIDEST && vector.size() == vector_size(5, neurons), "vector");
    require(basis.ndim() == 2 && basis.shape(1) == NETWORK_EMBEDDED && basis.shape(0) <= MOST_ROWS &&
                basis.shape(0) == static_cast<std::size_t>(height) + width + 768, "the basis");
    require(ends.size() == 16, "scale, offset, low, high, each RGBX");
    require_target(target, height, width, 3, half ? 2 : 4);
    const NetworkKernels &kernels = kernels_named(variant);
    const nb::gil_scoped_release unlocked;
    const Padded net(vector.data(), inputs, neurons);
    std::vector<float> tables(basis.shape(0) * static_cast<std::size_t>(net.padded));
    int first = 0;
    for (int section = 0; section < 5; ++section) {
        const int last = first + (section == 0 ? width : section == 1 ? height : 256);
        kernels.tables(basis.data(), &net.first[static_cast<std::size_t>(section) * NETWORK_EMBEDDED * net.padded],
                       section == 0 ? net.first_bias.data() : nullptr, first, last, net.padded, tables.data());
        first = last;
    }
    job.columns = tables.data();
    job.rows = job.columns + static_cast<std::size_t>(width) * net.padded;
    job.codes = job.rows + static_cast<std::size_t>(height) * net.padded;
    job.padded = net.padded;
    job.neurons = neurons;
    job.second = net.second.data();
    job.second_bias = net.second_bias.data();
    job.third_transposed = net.third_transposed.data();
    std::copy_n(net.third_bias, 4, job.third_bias);
    std::copy_n(ends.data(), 4, job.scale);
    std::copy_n(ends.data() + 4, 4, job.offset);
    std::copy_n(ends.data() + 8, 4, job.low);
    std::copy_n(ends.data() + 12, 4, job.high);
    job.half = half;
    job.target = static_cast<std::uint8_t *>(target.data());
    share_rows(height, ROWS_AT_A_TIME, threads, [&](int from, int to) { kernels.values(job, from, to); });
}

} // namespace

void add_network(nb::module_ &m) {
    m.def("network_gradient", &slopes, "Loss of a small network over samples, and its slopes into a given array.");
    m.def("train_network", &train, "Trains a small network in place; returns steps done and the last loss.");
    m.def("network_values", &values, "Residual of every pixel into a given array.");
}

} // namespace untone
