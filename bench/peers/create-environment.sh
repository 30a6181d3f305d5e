#!/usr/bin/env bash
# Makes the Python environment that the benchmarks compare with, and that the tests exchange files with. Usage: create-environment.sh [DIR]
# On Linux, PIP_EXTRA_INDEX_URL set to PyTorch's CPU index avoids the much larger CUDA build.
set -euo pipefail

dir=${1:-$(cd "$(dirname "$0")/.." && pwd)/.venv}
python=$dir/bin/python

[ -x "$python" ] || python3 -m venv "$dir"
# PyTorch by itself: a resolver that sees the other packages too may choose another build of it.
"$python" -m pip install --quiet 'torch==2.13.0'
"$python" -m pip install --quiet 'torch==2.13.0' 'diffusers==0.42.1' 'transformers>=5,<6' numpy scipy torchsde kornia accelerate safetensors onnx onnxruntime pillow 'openvino==2026.4.1'

echo "TESSERAE_PYTHON=$dir/bin/python npm test   # or: npm run bench"
