// Light to the signal of a film: BT.2020 PQ or HLG, as 10-bit limited-range luma, chroma, and the level of the brightest
// channel for statistics.
#pragma once

namespace untone::UNTONE_VARIANT {

// BT.2020 non-constant luminance: weights of R' and B' in Y', and what Cb and Cr are divided by (BT.2020 table 4)
constexpr float KR = 0.2627f, KG = 0.6780f, KB = 0.0593f, CB_SPAN = 1.8814f, CR_SPAN = 1.4746f;

// HLG of three shares of 10000 nits, for a display of 1000 nits (BT.2100: gamma 1.2), 0..1023, not rounded
static inline void hlg_signal(F (&v)[3]) {
    constexpr int N = 3;
    const F tiny = splat(1e-30f);
    UNTONE_ALL v[k] = clamp(mul(v[k], splat(10)), splat(0), splat(1));
    F scene[1] = {larger(fma(v[0], splat(KR), fma(v[1], splat(KG), mul(v[2], splat(KB)))), tiny)};
    log2(scene);
    scene[0] = mul(scene[0], splat(-1.0f / 6));
    exp2(scene); // luminance ** ((1 - 1.2) / 1.2)
    F upper[3];
    UNTONE_ALL v[k] = mul(v[k], scene[0]);
    hlg_upper(v, upper);
    UNTONE_ALL {
        const F lower = square_root(mul(v[k], splat(3 * 1023.0f * 1023.0f)));
        v[k] = choose(at_least(splat(1.0f / 12), v[k]), lower, upper[k]);
    }
}

template <bool HLG> struct Signal {
    static constexpr int N = 3;
    Eotf eotf;
    PqSignal pq;
    F offset, ceiling;
    F matrix[3][3]; // columns R, G, B of the source to shares of 10000 nits in BT.2020

    explicit Signal(const VideoJob &job)
        : eotf(job), pq(job.base.pq), offset(splat(job.base.offset)), ceiling(splat(job.ceiling)) {
        for (int from = 0; from < 3; ++from)
            for (int to = 0; to < 3; ++to) matrix[from][to] = splat(job.base.matrix[from][to]);
    }

    // No channel above the ceiling. Hue stays: all channels are scaled alike
    void limit(F (&m)[N], F &top) const {
        if (!any(at_least(top, ceiling))) return;
        const F large = splat(1073741824.0f), bound = mul(ceiling, large); // 2^30 keeps divide()'s divisor above 1
        const F scale = choose(at_least(ceiling, top), splat(1), divide(bound, larger(mul(top, large), bound)));
        UNTONE_ALL m[k] = mul(m[k], scale);
        top = mul(top, scale);
    }

    // Encoded RGB and factors of light to Y' in codes, Cb and Cr in codes around 0, and the level of the brightest
    // channel + 0.5
    void operator()(const F (&encoded)[N], const F (&gain)[N], F &y, F &cb, F &cr, F &level) const {
        F v[N], m[N];
        UNTONE_ALL v[k] = sub(mul(eotf(clamp(encoded[k], splat(0), splat(1))), gain[k]), offset);
        UNTONE_ALL m[k] = fma(v[0], matrix[0][k], fma(v[1], matrix[1][k], mul(v[2], matrix[2][k])));
        UNTONE_ALL m[k] = larger(m[k], splat(0));
        F top = larger(m[0], larger(m[1], m[2]));
        limit(m, top);
        if constexpr (HLG) {
            level = add(pq(top), splat(0.5f));
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
