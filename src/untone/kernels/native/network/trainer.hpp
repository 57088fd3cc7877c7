// Training of a small network by many small steps, over tables of the first layer: exact, a fraction of the work.
#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "threads/workers.hpp"
#include "network/network.hpp"

namespace untone {

struct TrainingSchedule {
    int steps, batch;
    double rate, last_rate;   // of Adam; a cosine from one to the other
    double seconds;           // stop by the clock; 0: by steps only
    double keep2;             // of the mean of squares in Adam
};

class NetworkTrainer {
public:
    // `vector` as ../../../gain_network.py lays it out; `basis` [rows, 24]; `mix` [inputs, inputs], or null for none:
    // what is trained is a first layer that `mix` turns into the one that the network has
    NetworkTrainer(const NetworkKernels &kernels, const float *basis, std::vector<int> start, int neurons,
                   TrainingSamples samples, int count, int batch, const float *mix = nullptr);
    // The first layer before `mix`
    void set(const float *vector);
    // The network after it
    void get(float *vector) const;
    // Loss and its slopes over samples `first`..`first` + batch - 1, by the workers
    double slopes(int first);
    void slopes_into(float *vector) const;
    // Runs the schedule; `interrupted` is asked now and then. Returns the steps done
    int train(const TrainingSchedule &schedule, int threads, const std::function<bool()> &interrupted);
    double conduct_slopes(int first, int threads);
    double last_loss() const { return loss_; }

private:
    struct Store { // parts of a network in one piece of memory
        std::vector<float> memory;
        NetworkParts parts{};
        void lay_out(int inputs, int padded);
    };

    void work(int kind, int item);
    void step(double progress, const TrainingSchedule &schedule, int number);
    void prepare();
    void sum_up();
    void carry(const Store &store, float *vector) const;

    const NetworkKernels &kernels_;
    const float *basis_, *mix_;
    std::vector<float> mix_transposed_, mixed_;
    std::vector<int> start_, chunks_; // chunks: section, first, last
    NetworkShape shape_;
    TrainingSamples samples_;
    int count_, batch_, inputs_, shares_, first_ = 0;
    double loss_ = 0;
    Store master_, used_, mean_, square_, slope_;
    std::vector<float> tables_, second_transposed_, third_transposed_;
    std::vector<Store> share_stores_;
    std::vector<BatchShare> share_;
    std::vector<std::vector<float>> share_bins_;
    std::vector<float *> bins_;
    std::vector<float> chunk_weights_, chunk_bias_;
    double power1_ = 1, power2_ = 1;
    Workers workers_;
};

} // namespace untone
