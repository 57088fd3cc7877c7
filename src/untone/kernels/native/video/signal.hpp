// Light to the signal of a film: BT.2020 PQ or HLG, as 10-bit limited-range luma, chroma, and the level of the brightest
// channel for statistics.
#pragma once

namespace untone::UNTONE_VARIANT {

// BT.2020 non-constant luminance: weights of R' and B' in Y', and what Cb and Cr are divided by (BT.2020 table 4)
constexpr float KR = 0.2627f, KG = 0.6780f, KB = 0.0593f, CB_SPAN = 1.8814f, CR_SPAN = 1.4746f;

// PQ of a share of 10000 nits, 0..1023, not rounded; 0 is met exactly, below what the table holds it is a ramp
struct PqSignal {
    Pq10 curve;
    explicit PqSignal(const VideoJob &job) : curve(job.base.pq) {}
    F operator()(F share) const {
        const F ramp = smaller(mul(share, splat(2147483648.0f)), splat(1)); // 2^31
        return mul(sub(curve(share), splat(0.5f)), ramp);
    }
};

// HLG of three shares of 10000 nits, for a display of 1000 nits (BT.2100: gamma 1.2), 0..1023, not rounded
static inline void hlg_signal(F (&v)[3]) {
    constexpr int N = 3;
    constexpr float A = 0.17883277f, B = 0.28466892f, C = 0.55991073f;
    const F tiny = splat(1e-30f);
    UNTONE_ALL v[k] = clamp(mul(v[k], splat(10)), splat(0), splat(1));
    F scene[1] = {larger(fma(v[0], splat(KR), fma(v[1], splat(KG), mul(v[2], splat(KB)))), tiny)};
    log2(scene);
    scene[0] = mul(scene[0], splat(-1.0f / 6));
    exp2(scene); // luminance ** ((1 - 1.2) / 1.2)
    F low[3], high[3];
    UNTONE_ALL {
        v[k] = mul(v[k], scene[0]);
        low[k] = larger(mul(v[k], splat(3)), tiny);
        high[k] = larger(fma(v[k], splat(12), splat(-B)), splat(1e-3f));
    }
    log2(low);
    UNTONE_ALL low[k] = mul(low[k], splat(0.5f));
    exp2(low);
    log2(high);
    UNTONE_ALL {
        const F bright = fma(high[k], splat(A * 0.69314718f), splat(C));
        v[k] = mul(choose(at_least(splat(1.0f / 12), v[k]), low[k], smaller(bright, splat(1))), splat(1023));
    }
}

template <bool HLG> struct Signal {
    static constexpr int N = 3;
    Curve curve;
    PqSignal pq;
    F offset, ceiling;
    F matrix[3][3]; // columns R, G, B of the source to shares of 10000 nits in BT.2020

    explicit Signal(const VideoJob &job)
        : curve(job.base), pq(job), offset(splat(job.base.offset)), ceiling(splat(job.ceiling)) {
        for (int from = 0; from < 3; ++from)
            for (int to = 0; to < 3; ++to) matrix[from][to] = splat(job.base.matrix[from][to]);
    }

    // Block pixels p..p+W-1 to Y' in codes, Cb and Cr in codes around 0, and the level of the brightest channel + 0.5
    void operator()(const Block &block, int p, F &y, F &cb, F &cr, F &level) const {
        F v[N];
        planes(block.reading + 3 * p, v[0], v[1], v[2]);
        curve.stops(v);
        exp2(v);
        UNTONE_ALL v[k] = sub(mul(v[k], load(block.light + k * BLOCK + p)), offset);
        F m[N];
        UNTONE_ALL m[k] = fma(v[0], matrix[0][k], fma(v[1], matrix[1][k], mul(v[2], matrix[2][k])));
        UNTONE_ALL m[k] = larger(m[k], splat(0));
        F top = larger(m[0], larger(m[1], m[2]));
        // hue stays: all channels are scaled alike. 2^30 keeps the divisor of divide() above 1
        const F large = splat(1073741824.0f), bound = mul(ceiling, large);
        const F scale = choose(at_least(ceiling, top), splat(1), divide(bound, larger(mul(top, large), bound)));
        UNTONE_ALL m[k] = mul(m[k], scale);
        if constexpr (HLG) {
            level = add(pq(mul(top, scale)), splat(0.5f));
            hlg_signal(m);
        } else {
            UNTONE_ALL m[k] = pq(m[k]);
            level = add(larger(m[0], larger(m[1], m[2])), splat(0.5f));
        }
        const F luma = fma(m[0], splat(KR), fma(m[1], splat(KG), mul(m[2], splat(KB))));
        y = fma(luma, splat(876.0f / 1023), splat(64));
        cb = mul(sub(m[2], luma), splat(896.0f / 1023 / CB_SPAN));
        cr = mul(sub(m[0], luma), splat(896.0f / 1023 / CR_SPAN));
    }
};

} // namespace untone::UNTONE_VARIANT
