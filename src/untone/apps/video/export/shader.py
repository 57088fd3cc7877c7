"""An mpv user shader of each scene (mpv manual, "--glsl-shaders"; libplacebo, "Custom shaders"): its grids and LUT as
textures, and what the kernels do to a pixel, from the film's R'G'B' to BT.2020 PQ.

The player is told that the film is PQ already, so that it shows what the shader gives: see docs/video.md. Textures are
read texel by texel and mixed here, as filters of graphics cards have 8 bits only.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ....kernels.video import EOTFS
from .scene_files import Scene


def content(scene: Scene) -> str:
    """The .glsl file of a scene."""
    operators = scene.operators
    grids, lut = grid_texels(operators.grids), operators.lut.transpose(2, 1, 0, 3)
    parts = [f"// {scene.about}", _texture("UNTONE_GRIDS", grids), _texture("UNTONE_LUT", lut)]
    return "\n\n".join([*parts, _HEAD + _constants(scene) + _BODY])


def grid_texels(grids: NDArray[np.float32]) -> NDArray[np.float32]:
    """[3 gy, gx, 8, 3] of [3, gy, gx, 8, 3]: along x the guide, along y the columns, along z the rows of each guide."""
    return grids.reshape(-1, *grids.shape[2:])


def _texture(name: str, values: NDArray[np.float32]) -> str:
    """A block of [depth, height, width, 3] float32."""
    depth, height, width, _ = values.shape
    texels = np.ones((depth, height, width, 4), "<f4")
    texels[..., :3] = values
    head = [f"//!TEXTURE {name}", f"//!SIZE {width} {height} {depth}", "//!FORMAT rgba32f", "//!FILTER NEAREST"]
    return "\n".join([*head, "//!BORDER CLAMP", texels.tobytes().hex()])


def _constants(scene: Scene) -> str:
    operators, rendering = scene.operators, scene.rendering
    top, left, rows, columns = scene.picture
    threshold, slope, scale, bias, power = EOTFS[rendering.eotf]
    gy, gx = operators.grids.shape[1:3]
    known = {
        "int ROWS": str(gy), "int COLUMNS": str(gx), "int NODES": str(operators.lut.shape[0]),
        "float QMAX": _number(operators.qmax_stops), "float OFFSET": _number(operators.offset),
        "float WHITE": _number(rendering.white_nits), "float CEILING": _number(rendering.ceiling_nits),
        "vec2 ORIGIN": f"vec2({_number(left / scene.width)}, {_number(top / scene.height)})",
        "vec2 EXTENT": f"vec2({_number(columns / scene.width)}, {_number(rows / scene.height)})",
        "float THRESHOLD": _number(threshold), "float SLOPE": _number(slope), "float SCALE": _number(scale),
        "float BIAS": _number(bias), "float POWER": _number(power),
        "mat3 TO_BT2020": f"mat3({', '.join(map(_number, rendering.to_bt2020.T.ravel().tolist()))})",
    }  # fmt: skip
    return "".join(f"const {name} = {value};\n" for name, value in known.items())


def _number(value: float) -> str:
    return np.format_float_positional(np.float32(value), trim="0")


_HEAD = """\
//!HOOK MAIN
//!BIND HOOKED
//!BIND UNTONE_GRIDS
//!BIND UNTONE_LUT
//!DESC untone: SDR to BT.2020 PQ

"""

_BODY = """
vec3 node(int guide, ivec2 at, int value) {
    return texelFetch(UNTONE_GRIDS, ivec3(value, at.x, guide * ROWS + at.y), 0).rgb;
}

// one guide's grid at a place in 0..1 and a value in 0..1, trilinear
vec3 slice(int guide, vec2 place, float value) {
    vec2 at = place * vec2(COLUMNS - 1, ROWS - 1);
    ivec2 low = clamp(ivec2(at), ivec2(0), ivec2(COLUMNS - 2, ROWS - 2));
    vec2 share = at - vec2(low);
    float height = value * 7.0;
    int lower = clamp(int(height), 0, 6);
    vec3 mixed[2];
    for (int k = 0; k < 2; k++) {
        vec3 above = mix(node(guide, low, lower + k), node(guide, low + ivec2(1, 0), lower + k), share.x);
        vec3 below = mix(node(guide, low + ivec2(0, 1), lower + k), node(guide, low + ivec2(1, 1), lower + k), share.x);
        mixed[k] = mix(above, below, share.y);
    }
    return mix(mixed[0], mixed[1], height - float(lower));
}

vec3 entry(ivec3 at) {
    return texelFetch(UNTONE_LUT, at, 0).rgb;
}

// the 3D LUT at a point in 0..1, tetrahedral: from the cell's lowest corner to its highest, largest share first
vec3 read_lut(vec3 point) {
    vec3 at = clamp(point, 0.0, 1.0) * float(NODES - 1);
    ivec3 low = clamp(ivec3(at), ivec3(0), ivec3(NODES - 2));
    vec3 share = at - vec3(low);
    float largest = max(share.r, max(share.g, share.b)), least = min(share.r, min(share.g, share.b));
    float middle = share.r + share.g + share.b - largest - least;
    ivec3 first = share.r >= share.g ? (share.r >= share.b ? ivec3(1, 0, 0) : ivec3(0, 0, 1))
                                     : (share.g >= share.b ? ivec3(0, 1, 0) : ivec3(0, 0, 1));
    ivec3 last = share.b <= share.r ? (share.b <= share.g ? ivec3(0, 0, 1) : ivec3(0, 1, 0))
                                    : (share.r < share.g ? ivec3(1, 0, 0) : ivec3(0, 1, 0));
    return entry(low) * (1.0 - largest) + entry(low + first) * (largest - middle)
         + entry(low + ivec3(1) - last) * (middle - least) + entry(low + ivec3(1)) * least;
}

vec4 hook() {
    vec4 color = HOOKED_tex(HOOKED_pos);
    vec3 rgb = clamp(color.rgb, 0.0, 1.0);
    vec2 place = (HOOKED_pos - ORIGIN) / EXTENT;
    bool inside = all(greaterThanEqual(place, vec2(0.0))) && all(lessThanEqual(place, vec2(1.0)));
    vec3 stops = vec3(0.0); // bars gain nothing
    if (inside) {
        vec3 inner = slice(0, place, rgb.r) + slice(1, place, rgb.g) + slice(2, place, rgb.b);
        stops = QMAX * tanh(clamp(read_lut(inner), -15.0, 15.0));
    }
    vec3 light = mix(pow(max(rgb * SCALE + BIAS, 0.0), vec3(POWER)), rgb * SLOPE, lessThanEqual(rgb, vec3(THRESHOLD)));
    light = (light + OFFSET) * exp2(stops) - OFFSET;
    vec3 nits = max(TO_BT2020 * light * WHITE, 0.0);
    nits *= min(1.0, CEILING / max(max(nits.r, max(nits.g, nits.b)), 1e-6));
    vec3 power = pow(nits / 10000.0, vec3(0.1593017578125)); // SMPTE ST 2084
    vec3 pq = pow((0.8359375 + 18.8515625 * power) / (1.0 + 18.6875 * power), vec3(78.84375));
    return vec4(pq, color.a);
}
"""
