"""Exports a checkpoint's averaged weights to ONNX, opset 17, any batch and window size. usage: export.py checkpoint.pt model.onnx"""
import os, sys
import torch
from network import Exported, NoduleNet

net = NoduleNet()
state = torch.load(sys.argv[1])
net.load_state_dict(state['average'])
model = Exported(net.eval()).eval()
axes = {'hu': {0: 'N', 2: 'D', 3: 'H', 4: 'W'}, 'maps': {0: 'N', 2: 'D2', 3: 'H2', 4: 'W2'}}
torch.onnx.export(model, torch.zeros(1, 1, 48, 48, 48), sys.argv[2], opset_version=17, input_names=['hu'], output_names=['maps'], dynamic_axes=axes, do_constant_folding=True)
print(state['step'], 'steps,', state['scans'], 'scans,', sum(p.numel() for p in net.parameters()), 'parameters,', os.path.getsize(sys.argv[2]), 'bytes')
