#include "network/trainer.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>

namespace untone {
namespace {

constexpr int CHUNK = 256; // rows of the tables that one item works on
constexpr double KEEP1 = 0.9, PI = 3.14159265358979323846;
enum Kind { TABLES, LEARN, BINS };

// Shares of a batch: enough for the threads there may be, few enough that adding them up is nothing
int shares_of(int batch) { return batch >= 8192 ? 4 : batch >= 1024 ? 2 : 1; }

} // namespace

void NetworkTrainer::Store::lay_out(int inputs, int padded) {
    const std::size_t p = static_cast<std::size_t>(padded);
    const std::size_t sizes[] = {inputs * p, p, p * p, p, NETWORK_OUT * p, NETWORK_TILE};
    std::size_t total = 0;
    for (std::size_t size : sizes) total += size;
    memory.assign(total, 0.0f);
    float **places[] = {&parts.first, &parts.first_bias, &parts.second, &parts.second_bias, &parts.third,
                        &parts.third_bias};
    float *at = memory.data();
    for (int k = 0; k < 6; ++k) {
        *places[k] = at;
        at += sizes[k];
    }
}

NetworkTrainer::NetworkTrainer(const NetworkKernels &kernels, const float *basis, std::vector<int> start, int neurons,
                               TrainingSamples samples, int count, int batch, const float *mix)
    : kernels_(kernels), basis_(basis), mix_(mix), start_(std::move(start)), samples_(samples), count_(count),
      batch_(batch), workers_([this](int kind, int item) { work(kind, item); }) {
    const int sections = static_cast<int>(start_.size()) - 1;
    const int padded = (neurons + NETWORK_TILE - 1) / NETWORK_TILE * NETWORK_TILE;
    shape_ = {sections, neurons, padded, start_.data()};
    inputs_ = sections * NETWORK_EMBEDDED;
    shares_ = shares_of(batch);
    for (Store *store : {&master_, &used_, &mean_, &square_, &slope_}) store->lay_out(inputs_, padded);
    const std::size_t rows = static_cast<std::size_t>(start_.back()), p = static_cast<std::size_t>(padded);
    tables_.assign(rows * p, 0.0f);
    if (mix_) {
        const std::size_t n = static_cast<std::size_t>(inputs_);
        mix_transposed_.resize(n * n);
        for (std::size_t r = 0; r < n; ++r)
            for (std::size_t c = 0; c < n; ++c) mix_transposed_[c * n + r] = mix_[r * n + c];
        mixed_.assign(n * p, 0.0f);
    }
    second_transposed_.assign(p * p, 0.0f);
    third_transposed_.assign(p * NETWORK_TILE, 0.0f);
    share_stores_.resize(shares_);
    share_bins_.assign(shares_, std::vector<float>(rows * p, 0.0f));
    for (int k = 0; k < shares_; ++k) {
        share_stores_[k].lay_out(0, padded);
        share_.push_back({share_stores_[k].parts, share_bins_[k].data(), 0.0});
        bins_.push_back(share_bins_[k].data());
    }
    for (int section = 0; section < sections; ++section)
        for (int at = start_[section]; at < start_[section + 1]; at += CHUNK)
            chunks_.insert(chunks_.end(), {section, at, std::min(at + CHUNK, start_[section + 1])});
    chunk_weights_.assign(chunks_.size() / 3 * NETWORK_EMBEDDED * p, 0.0f);
    chunk_bias_.assign(chunks_.size() / 3 * p, 0.0f);
}

void NetworkTrainer::set(const float *vector) {
    const int n = shape_.neurons, p = shape_.padded;
    const auto rows = [&](float *to, int count) {
        for (int r = 0; r < count; ++r, vector += n) std::copy_n(vector, n, to + r * p);
    };
    rows(master_.parts.first, inputs_);
    rows(master_.parts.first_bias, 1);
    rows(master_.parts.second, n);
    rows(master_.parts.second_bias, 1);
    for (int k = 0; k < n; ++k)
        for (int c = 0; c < 3; ++c) master_.parts.third[c * p + k] = *vector++;
    std::copy_n(vector, 3, master_.parts.third_bias);
    for (Store *store : {&mean_, &square_}) std::fill(store->memory.begin(), store->memory.end(), 0.0f);
    power1_ = power2_ = 1;
    prepare();
}

void NetworkTrainer::carry(const Store &store, float *vector) const {
    const int n = shape_.neurons, p = shape_.padded;
    const auto rows = [&](const float *from, int count) {
        for (int r = 0; r < count; ++r, vector += n) std::copy_n(from + r * p, n, vector);
    };
    rows(store.parts.first, inputs_);
    rows(store.parts.first_bias, 1);
    rows(store.parts.second, n);
    rows(store.parts.second_bias, 1);
    for (int k = 0; k < n; ++k)
        for (int c = 0; c < 3; ++c) *vector++ = store.parts.third[c * p + k];
    std::copy_n(store.parts.third_bias, 3, vector);
}

void NetworkTrainer::get(float *vector) const { carry(used_, vector); }

void NetworkTrainer::slopes_into(float *vector) const { carry(slope_, vector); }

// The weights that the layers use, and their transposed copies
void NetworkTrainer::prepare() {
    const int n = shape_.neurons, p = shape_.padded;
    const NetworkParts &used = used_.parts;
    used_.memory = master_.memory;
    if (mix_) kernels_.mixed(mix_, master_.parts.first, inputs_, p, used.first);
    for (int i = 0; i < n; ++i) {
        for (int k = 0; k < n; ++k) second_transposed_[k * p + i] = used.second[i * p + k];
        for (int c = 0; c < 3; ++c) third_transposed_[i * NETWORK_TILE + c] = used.third[c * p + i];
    }
}

void NetworkTrainer::work(int kind, int item) {
    const int p = shape_.padded;
    if (kind == LEARN) {
        BatchShare &share = share_[item];
        share.loss = 0;
        std::fill(share_stores_[item].memory.begin(), share_stores_[item].memory.end(), 0.0f);
        const TrainingJob job{shape_, tables_.data(), &used_.parts, second_transposed_.data(), third_transposed_.data(),
                              {samples_.index + static_cast<std::size_t>(first_) * shape_.sections,
                               samples_.target + static_cast<std::size_t>(first_) * NETWORK_OUT,
                               samples_.weight + static_cast<std::size_t>(first_) * NETWORK_OUT},
                              2.0f / (3.0f * static_cast<float>(batch_))};
        const std::int64_t n = batch_;
        kernels_.learn(job, static_cast<int>(n * item / shares_), static_cast<int>(n * (item + 1) / shares_), share);
        return;
    }
    const int section = chunks_[3 * item], first = chunks_[3 * item + 1], last = chunks_[3 * item + 2];
    if (kind == TABLES) {
        const float *weights = used_.parts.first + static_cast<std::size_t>(section) * NETWORK_EMBEDDED * p;
        const float *bias = section == 0 ? used_.parts.first_bias : nullptr;
        kernels_.tables(basis_, weights, bias, first, last, p, tables_.data());
    } else {
        kernels_.bins(basis_, bins_.data(), shares_, first, last, p,
                      &chunk_weights_[static_cast<std::size_t>(item) * NETWORK_EMBEDDED * p],
                      &chunk_bias_[static_cast<std::size_t>(item) * p]);
    }
}

// Slopes of all shares and chunks into one, always in the same order
void NetworkTrainer::sum_up() {
    const int p = shape_.padded, items = static_cast<int>(chunks_.size() / 3);
    std::fill(slope_.memory.begin(), slope_.memory.end(), 0.0f);
    for (int item = 0; item < items; ++item) {
        const int section = chunks_[3 * item];
        float *to = slope_.parts.first + static_cast<std::size_t>(section) * NETWORK_EMBEDDED * p;
        const float *from = &chunk_weights_[static_cast<std::size_t>(item) * NETWORK_EMBEDDED * p];
        for (int i = 0; i < NETWORK_EMBEDDED * p; ++i) to[i] += from[i];
        for (int i = 0; section == 0 && i < p; ++i) slope_.parts.first_bias[i] += chunk_bias_[item * p + i];
    }
    const std::size_t rest = share_stores_[0].parts.second - share_stores_[0].memory.data();
    loss_ = 0;
    for (int k = 0; k < shares_; ++k) {
        const std::vector<float> &memory = share_stores_[k].memory;
        for (std::size_t i = rest; i < memory.size(); ++i) slope_.parts.second[i - rest] += memory[i];
        loss_ += share_[k].loss / (3.0 * batch_);
    }
}

double NetworkTrainer::slopes(int first) {
    const int chunks = static_cast<int>(chunks_.size() / 3);
    first_ = first;
    workers_.run(TABLES, chunks);
    workers_.run(LEARN, shares_);
    workers_.run(BINS, chunks);
    sum_up();
    if (mix_) {
        std::copy_n(slope_.parts.first, mixed_.size(), mixed_.data());
        kernels_.mixed(mix_transposed_.data(), mixed_.data(), inputs_, shape_.padded, slope_.parts.first);
    }
    return loss_;
}

double NetworkTrainer::conduct_slopes(int first, int threads) {
    workers_.conduct(threads, [&] { slopes(first); });
    return loss_;
}

void NetworkTrainer::step(double progress, const TrainingSchedule &schedule, int number) {
    const std::int64_t batches = count_ / batch_;
    // each time around, the batches begin elsewhere, so that they are not the same again
    const std::int64_t round = number / batches, shift = round * 7919 % (count_ - batches * batch_ + 1);
    slopes(static_cast<int>(number % batches * batch_ + shift));
    power1_ *= KEEP1;
    power2_ *= schedule.keep2;
    const double share = 0.5 + 0.5 * std::cos(PI * progress);
    const AdamStep adam{static_cast<float>(schedule.last_rate + (schedule.rate - schedule.last_rate) * share),
                       static_cast<float>(KEEP1), static_cast<float>(schedule.keep2),
                       static_cast<float>(1 / (1 - power1_)), static_cast<float>(1 / (1 - power2_))};
    kernels_.adam(adam, slope_.memory.data(), master_.memory.data(), mean_.memory.data(), square_.memory.data(),
                  slope_.memory.size());
}

int NetworkTrainer::train(const TrainingSchedule &schedule, int threads, const std::function<bool()> &interrupted) {
    using Clock = std::chrono::steady_clock;
    int number = 0;
    workers_.conduct(threads, [&] {
        const auto begin = Clock::now();
        auto asked = begin;
        while (number < schedule.steps) {
            double progress = static_cast<double>(number) / schedule.steps;
            const auto now = Clock::now();
            if (schedule.seconds > 0)
                progress = std::max(progress, std::chrono::duration<double>(now - begin).count() / schedule.seconds);
            if (progress >= 1) break;
            if (now - asked > std::chrono::milliseconds(100)) {
                asked = now;
                if (interrupted()) break;
            }
            prepare();
            step(progress, schedule, number++);
        }
        prepare();
    });
    return number;
}

} // namespace untone
