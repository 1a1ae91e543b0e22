"""
Trains NoduleNet for a fixed wall time on the phantoms in a folder; picks up phantoms written meanwhile; resumes from its checkpoint.
usage: train.py <folder with phantoms> <checkpoint.pt> <minutes> [seed]
The checkpoint is written every 60 s; export.py makes a usable model of it at any time. Threads: OMP_NUM_THREADS.
"""
import math, os, sys, time
import torch
import torch.nn.functional as F
from network import NoduleNet
from patches import Sampler

FOLDER, OUT, MINUTES = sys.argv[1], sys.argv[2], float(sys.argv[3])
SEED = int(sys.argv[4]) if len(sys.argv) > 4 else 1
BATCH, PEAK_RATE, AVERAGE = 4, 2.5e-3, 0.998


def losses(y, heat, ignore, regression, weight):
    """Focal loss for nodules; cross entropy for malignancy, smooth L1 for log diameter and offset, on the nodules' cells only."""
    p = torch.sigmoid(y[:, 0])
    positive = -(weight * (1 - p) ** 2 * F.logsigmoid(y[:, 0])).sum()
    negative = -((1 - heat) * (1 - ignore) * p ** 2 * F.logsigmoid(-y[:, 0])).sum()
    total = weight.sum().clamp(min=1)
    malignancy = (F.binary_cross_entropy_with_logits(y[:, 1], regression[:, 0], reduction='none') * weight).sum() / total
    size = (F.smooth_l1_loss(y[:, 2], regression[:, 1], reduction='none', beta=0.1) * weight).sum() / total
    offset = (F.smooth_l1_loss(y[:, 3:6], regression[:, 2:5], reduction='none', beta=0.5).sum(1) * weight).sum() / total
    return (positive + negative) / (BATCH * 3), malignancy, size, offset


def update_average(average, net):
    with torch.no_grad():
        for a, b in zip(average.state_dict().values(), net.state_dict().values()):
            if a.dtype.is_floating_point:
                a.mul_(AVERAGE).add_(b, alpha=1 - AVERAGE)
            else:
                a.copy_(b)


def rate_at(done):
    """Warm-up over the first 5 % of the time, then a cosine to nearly zero."""
    return PEAK_RATE * (done / 0.05 if done < 0.05 else 0.5 * (1 + math.cos(math.pi * (done - 0.05) / 0.95))) + 1e-5


def save(state):
    torch.save(state, OUT + '.part')
    os.replace(OUT + '.part', OUT)


def main():
    torch.manual_seed(SEED)
    sampler = Sampler(FOLDER, SEED)
    sampler.find_new(); sampler.prepare()
    net, average = NoduleNet(), NoduleNet()
    average.load_state_dict(net.state_dict())
    optimiser = torch.optim.AdamW(net.parameters(), lr=1e-4, weight_decay=1e-3)
    spent, step = 0.0, 0
    if os.path.exists(OUT):
        state = torch.load(OUT)
        net.load_state_dict(state['net']); average.load_state_dict(state['average']); optimiser.load_state_dict(state['optimiser'])
        spent, step = state['spent'], state['step']
    begun, saved, running = time.time() - spent, time.time(), None
    while (done := (time.time() - begun) / (MINUTES * 60)) < 1:
        for group in optimiser.param_groups:
            group['lr'] = rate_at(done)
        hu, heat, ignore, regression, weight = (torch.from_numpy(a) for a in sampler.batch(BATCH))
        y = net(hu.unsqueeze(1))
        parts = losses(y, heat, ignore, regression, weight)
        optimiser.zero_grad()
        (parts[0] + 0.3 * parts[1] + 0.5 * parts[2] + 0.3 * parts[3]).backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimiser.step(); update_average(average, net)
        with torch.no_grad():
            probability = torch.sigmoid(y[:, 0])
            false_positive = (probability * (1 - heat) * (1 - ignore)).amax((1, 2, 3)).tolist()
        if done > 0.08:
            sampler.learn(probability.numpy(), false_positive)
        values = [float(v) for v in parts]
        running = values if running is None else [0.98 * r + 0.02 * v for r, v in zip(running, values)]
        step += 1
        if step % 50 == 0:
            sampler.find_new(); sampler.prepare()
        if step % 100 == 0:
            score = sum(n['score'] for _, n in sampler.pairs) / len(sampler.pairs)
            print(f'{(time.time() - begun) / 60:.1f} min, step {step}, {len(sampler.scans)} scans, mean score {score:.3f}, losses ' + ' '.join(f'{v:.3f}' for v in running), flush=True)
        if time.time() - saved > 60 or step == 1:
            saved = time.time()
            save({'net': net.state_dict(), 'average': average.state_dict(), 'optimiser': optimiser.state_dict(), 'spent': saved - begun, 'step': step, 'scans': len(sampler.scans)})
    save({'net': net.state_dict(), 'average': average.state_dict(), 'optimiser': optimiser.state_dict(), 'spent': time.time() - begun, 'step': step, 'scans': len(sampler.scans)})
    print('finished:', step, 'steps,', len(sampler.scans), 'scans', flush=True)


main()
