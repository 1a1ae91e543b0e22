"""
Sensitivity against false positives of a checkpoint on tuning phantoms (never on the report's seeds), with subgroups and the misses.
The same windows, peaks and suppression as the gateway; the figures of the model card come from `npm run evaluate`, not from here.
usage: froc.py <folder> <split> <checkpoint.pt> [scans]
"""
import glob, math, sys
import numpy as np
import torch
from scipy.ndimage import maximum_filter
from network import Exported, NoduleNet
from patches import Scan, hounsfield

MARGIN, LARGEST_INNER, FLOOR = 12, 104, 0.02
RATES = [0.125, 0.25, 0.5, 1, 2, 4, 8]


def tiles(low, high):
    n = math.ceil((high - low) / LARGEST_INNER)
    inner = math.ceil((high - low) / n / 8) * 8
    return inner + 2 * MARGIN, [low - MARGIN + i * inner for i in range(n)]


def detect(net, scan):
    """Peaks of all windows as rows: score, hint, diameter, z, y, x."""
    where = np.argwhere(scan.mask)
    low, high = where.min(0) * 2, (where.max(0) + 1) * 2
    sizes, starts = zip(*[tiles(int(a), int(b)) for a, b in zip(low, high)])
    found, m = [], MARGIN // 2
    inside = lambda p: scan.mask[tuple(np.clip(np.round(p).astype(int) // 2, 0, np.array(scan.mask.shape) - 1))]
    for start in np.array(np.meshgrid(*starts, indexing='ij')).reshape(3, -1).T:
        index = [np.clip(np.arange(s, s + n), 0, k - 1) for s, n, k in zip(start, sizes, scan.volume.shape)]
        with torch.no_grad():
            maps = net(torch.from_numpy(hounsfield(scan.volume[np.ix_(*index)]))[None, None])[0].numpy()
        p = maps[0]
        peak = (p == maximum_filter(p, 3)) & (p >= FLOOR)
        for c in np.argwhere(peak[m:-m, m:-m, m:-m]) + m:
            cell = start + 2 * c + 0.5
            centre = cell + maps[(slice(3, 6), *c)]
            if inside(cell) or inside(centre):
                found.append([p[tuple(c)], maps[(1, *c)], maps[(2, *c)], *centre])
    found = np.array(sorted(found, key=lambda f: -f[0])).reshape(-1, 6)
    kept, free = [], np.ones(len(found), bool)
    for i, f in enumerate(found):
        if free[i]:
            kept.append(f)
            free &= np.linalg.norm(found[:, 3:] - f[3:], axis=1) >= np.maximum(5, 0.6 * np.maximum(found[:, 2], f[2]))
    return kept


def judge(scan, kept):
    """A hit lies within max(3 mm, d/2 + 1 mm) of the true centre; the strongest counts, further ones on the same nodule are not counted."""
    truth = [dict(n, found=0.0, hint=0.0, size=0.0) for n in scan.nodules]
    false = []
    for score, hint, size, *at in kept:
        hits = [n for n in truth if np.linalg.norm(n['voxel'] - at) < max(3, n['d'] / 2 + 1)]
        if not hits:
            false.append(score)
        for n in hits[:1]:
            if score > n['found']:
                n.update(found=score, hint=hint, size=size)
    return truth, false


def main():
    folder, split, checkpoint = sys.argv[1:4]
    net = NoduleNet()
    state = torch.load(checkpoint)
    net.load_state_dict(state['average'])
    net = Exported(net.eval()).eval()
    paths = sorted(glob.glob(f'{folder}/{split}_*.json'))[:int(sys.argv[4]) if len(sys.argv) > 4 else None]
    nodules, false = [], []
    for path in paths:
        scan = Scan(path)
        t, f = judge(scan, detect(net, scan))
        nodules += t; false.append(f)
    flat = np.sort(np.concatenate(false))[::-1]
    at = [flat[min(len(flat) - 1, int(r * len(paths)))] for r in RATES]
    sensitivity = [np.mean([n['found'] > t for n in nodules]) for t in at]
    print(state['step'], 'steps;', len(paths), 'scans,', len(nodules), 'nodules')
    print(' '.join(f'{r}:{s:.3f}@{t:.2f}' for r, s, t in zip(RATES, sensitivity, at)), f'CPM {np.mean(sensitivity):.3f}')
    t2 = at[4]
    for name, test in [('3-4', lambda n: n['d'] < 4), ('4-6', lambda n: 4 <= n['d'] < 6), ('6-10', lambda n: 6 <= n['d'] < 10), ('>=10', lambda n: n['d'] >= 10)] + \
            [(k, lambda n, k=k: n['kind'] == k) for k in ('solid', 'part-solid', 'ground-glass', 'calcified')] + [(k, lambda n, k=k: n['place'] == k) for k in ('free', 'juxta-pleural', 'vessel-attached')]:
        g = [n for n in nodules if test(n)]
        if g:
            print(f'  {name}: {np.mean([n["found"] > t2 for n in g]):.2f} of {len(g)}', end='')
    found = [n for n in nodules if n['found'] > t2]
    print('\n  diameter error mm', round(float(np.mean([abs(n['size'] - n['d']) for n in found])), 2), ' misses:', [(round(float(n['found']), 2), round(n['d'], 1), n['kind'], n['place']) for n in nodules if n['found'] <= t2])
    pos, neg = [n['hint'] for n in found if n['malignant']], [n['hint'] for n in found if not n['malignant']]
    print('  hint AUC', round(float(np.mean([(p > q) + 0.5 * (p == q) for p in pos for q in neg])), 3) if pos and neg else '-', len(pos), len(neg))


main()
