#!/usr/bin/env bash
# From two packs of HDR sources to trained weights and tables, on one machine with one GPU and no network.
#
#   scripts/train_on_gpu.sh TRAIN.zip HELD_OUT.zip OUT
#
# The packs come from `untone data pack`. Everything resumes: run the same command again until it exits 0. It stops by
# itself after SLOT seconds (exit code 75), and goes on from OUT, which may move to another machine in between: all but
# OUT/pairs and OUT/held-out, which are made again from the packs, byte for byte.
#
# Settings, by the environment: SLOT (seconds, 540), COUNT (pairs, 40960), STEPS (of the model that is to be shipped,
# 30000), RECIPE and SEEDS (of the tables; ours, "1 2 3"), PHOTOS (a folder of JPEG photos with a gain map, to measure
# on), PRECISION (bf16), DEVICE (cuda), PYTHON (python3).
set -euo pipefail

[ $# = 3 ] || { sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0" >&2; exit 2; }
train_pack=$(realpath "$1") held_out_pack=$(realpath "$2")
mkdir -p "$3"
out=$(realpath "$3")
here=$(cd "$(dirname "$0")/.." && pwd)
PYTHON=${PYTHON:-python3} DEVICE=${DEVICE:-cuda}
cores=$(env -u OMP_NUM_THREADS nproc)
deadline=$((SECONDS + ${SLOT:-540}))
export PYTHONPATH="$here/src${PYTHONPATH:+:$PYTHONPATH}" PYTHONUNBUFFERED=1

step() { # one command of ours, until it is done or the slot is over
  local left=$((deadline - SECONDS)) code=0
  [ "$left" -gt 20 ] || { echo "the slot is over; the same command goes on" >&2; exit 75; }
  echo "== untone $*" >&2
  timeout --signal=TERM --kill-after=15 "$((left - 15))" "$PYTHON" -m untone "$@" || code=$?
  case $code in
    0) ;;
    124 | 130 | 137 | 143) echo "the slot is over; the same command goes on" >&2; exit 75 ;;
    *) exit "$code" ;;
  esac
}

"$PYTHON" -c "import untone.kernels._native" 2>/dev/null || make -C "$here" build PYTHON="$PYTHON" >&2
step synth "$held_out_pack" -o "$out/held-out" --count 256 --seed 1000 -j "$cores"
step synth "$train_pack" -o "$out/pairs" --count "${COUNT:-40960}" -j "$cores"
step draw "$out/pairs" -o "$out/pairs" --count "$((${COUNT:-40960} / 6))"

data=(--data "$out/pairs" --held-out "$out/held-out")
step train fastgamer "${data[@]}" -o "$out/fastgamer" --steps "${STEPS:-30000}" --device "$DEVICE" \
  --precision "${PRECISION:-bf16}" --ahead "$((cores > 2 ? cores - 2 : 1))" --note "$(basename "$train_pack")"
mkdir -p "$out/results"
step eval --model "$out/fastgamer/fastgamer.onnx" --data "$out/held-out" --train "$out/pairs" ${PHOTOS:+--photos "$PHOTOS"} \
  --fits "$out/fits.json" --csv "$out/eval.csv" --json "$out/results/eval.json" --html "$out/results/eval.html"
# shellcheck disable=SC2086  # SEEDS is a list
step experiment all "${data[@]}" ${PHOTOS:+--photos "$PHOTOS"} -o "$out/experiments" --device "$DEVICE" \
  --recipe "${RECIPE:-ours}" --ahead "$((cores > 2 ? cores - 2 : 1))" --seeds ${SEEDS:-1 2 3}

cp "$out/fastgamer/fastgamer.onnx" "$out/fastgamer/recipe.json" "$out/fastgamer/log.csv" "$out/fastgamer/log.png" "$out/results"
for kind in ablations table sr encoders; do cp "$out/experiments/$kind/table.md" "$out/results/$kind.md"; done
echo "$out/results"
