#!/bin/sh
# Exports a checkpoint to ../lung-nodules.onnx and writes its digest into ../model.yaml. usage: publish.sh checkpoint.pt
set -eu
cd "$(dirname "$0")"
python3 -W ignore export.py "$1" ../lung-nodules.part 2>/dev/null
mv ../lung-nodules.part ../lung-nodules.onnx
digest=$(sha256sum ../lung-nodules.onnx | cut -d' ' -f1)
sed -i "s/\(file: lung-nodules.onnx, sha256: \)\"[0-9a-f]*\", opset: [0-9]*/\1\"$digest\", opset: 17/" ../model.yaml
grep "$digest" ../model.yaml
