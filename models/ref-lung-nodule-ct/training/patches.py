"""Reads the phantoms that make_data.ts wrote and draws training patches with dense targets on the 2 mm grid."""
import glob, json
import numpy as np

PATCH = 48  # voxels = mm


class Scan:
    def __init__(self, path):
        truth = json.load(open(path))
        base = path[:-5]
        self.seed = truth['seed']
        self.volume = np.fromfile(base + '.u8', np.uint8).reshape(truth['dims'])
        self.mask = np.fromfile(base + '.mask', np.uint8).reshape(truth['maskDims'])
        self.nodules = truth['nodules']
        for n in self.nodules:
            n['voxel'], n['score'] = np.array(n['voxel']), 0.5
        cells = np.argwhere(self.mask)
        self.lung = cells[np.random.default_rng(0).permutation(len(cells))[:4000]]
        self.ends = self.lung[(self.lung[:, 0] < 3) | (self.lung[:, 0] > len(self.mask) - 4)]
        self.hard = []  # centres of patches with a strong false positive


def hounsfield(u8):
    return u8.astype(np.float32) * (1400 / 255) - 1000


def crop(volume, start, size):
    """Edge replication, as in inference."""
    index = [np.clip(np.arange(s, s + size), 0, n - 1) for s, n in zip(start, volume.shape)]
    return volume[np.ix_(*index)]


def is_hard_kind(n):
    return n['d'] < 6 or n['kind'] == 'ground-glass'


def targets(nodules, start):
    """(heat, ignore, regression, weight, which nodule) on the grid of a patch. Every nodule weighs about the same, small and faint ones more."""
    g = PATCH // 2
    heat, ignore, weight = (np.zeros((g, g, g), np.float32) for _ in range(3))
    regression = np.zeros((5, g, g, g), np.float32)  # malignant, log diameter, offset z y x
    axis = np.arange(g)
    inside = []
    for n in nodules:
        c = (n['voxel'] - start + 0.5) / 2 - 0.5  # in cells
        if np.any(c < -4) or np.any(c > g + 3):
            continue
        dz, dy, dx = axis[:, None, None] - c[0], axis[None, :, None] - c[1], axis[None, None, :] - c[2]
        distance = np.sqrt(dz ** 2 + dy ** 2 + dx ** 2)
        r = n['d'] / 4  # radius in cells
        core = distance <= max(0.87, 0.45 * r)
        ignore = np.maximum(ignore, distance <= max(1.9, r * 1.15))
        heat[core] = 1
        base = 6 if is_hard_kind(n) else 4
        weight[core] = base * (1 + 0.6 * (1 - n['score'])) / max(1, core.sum())  # nodules the net still misses count more
        regression[0][core] = n['malignant']
        regression[1][core] = np.log(n['d'])
        for k, offset in enumerate((dz, dy, dx)):
            regression[2 + k][core] = np.broadcast_to(-offset, distance.shape)[core]
        if np.all(c >= 2) and np.all(c <= g - 3):
            inside.append((n, np.round(c).astype(int)))
    return heat, np.where(heat > 0, 0, ignore).astype(np.float32), regression, weight, inside


class Sampler:
    def __init__(self, folder, seed):
        self.folder, self.known, self.scans = folder, set(), []
        self.rng = np.random.default_rng(seed)
        self.origins = []

    def find_new(self):
        for path in sorted(glob.glob(f'{self.folder}/train_*.json')):
            if path not in self.known:
                self.known.add(path)
                self.scans.append(Scan(path))

    def pick_nodule(self):
        """Over all scans; small, faint and so far missed ones more often."""
        pairs = self.pairs
        p = np.array([(1.6 if is_hard_kind(n) else 1.0) * (1 + 2.5 * (1 - n['score'])) for _, n in pairs])
        return pairs[self.rng.choice(len(pairs), p=p / p.sum())]

    def prepare(self):
        self.pairs = [(s, n) for s in self.scans for n in s.nodules]
        self.batch_choice = None

    def centre(self):
        """Nodules 52 %, known false positives 24 %, ends of the slab 6 %, anywhere in the lung 18 %."""
        u = self.rng.random()
        if u < 0.52:
            scan, n = self.pick_nodule()
            return scan, n['voxel'] + self.rng.uniform(-16, 16, 3)
        scan = self.scans[self.rng.integers(len(self.scans))]
        if u < 0.76 and scan.hard:
            return scan, scan.hard[self.rng.integers(len(scan.hard))] + self.rng.uniform(-14, 14, 3)
        cells = scan.ends if u < 0.82 and len(scan.ends) else scan.lung
        return scan, cells[self.rng.integers(len(cells))] * 2.0 + self.rng.uniform(-8, 8, 3)

    def patch(self):
        scan, centre = self.centre()
        start = np.round(centre - PATCH / 2).astype(int)
        hu = hounsfield(crop(scan.volume, start, PATCH))
        heat, ignore, regression, weight, inside = targets(scan.nodules, start)
        parts, moved = self.augment(hu, heat, ignore, regression, weight)
        self.origins.append((scan, centre, [(n, moved(c)) for n, c in inside]))
        return parts

    def augment(self, hu, heat, ignore, regression, weight):
        """Mirrors, exchange of rows and columns, density shift and gain, noise. Returns the arrays and where a cell went."""
        flips = self.rng.random(3) < 0.5
        for axis in np.flatnonzero(flips):
            hu, heat, ignore, weight = (np.flip(a, axis) for a in (hu, heat, ignore, weight))
            regression = np.flip(regression, axis + 1).copy()
            regression[2 + axis] *= -1
        swap = self.rng.random() < 0.5
        if swap:
            hu, heat, ignore, weight = (a.transpose(0, 2, 1) for a in (hu, heat, ignore, weight))
            regression = regression.transpose(0, 1, 3, 2)[[0, 1, 2, 4, 3]]
        hu = hu * self.rng.uniform(0.95, 1.05) + self.rng.uniform(-25, 25)
        if self.rng.random() < 0.3:
            hu = hu + self.rng.normal(0, self.rng.uniform(3, 25), hu.shape)

        def moved(cell):
            cell = np.where(flips, PATCH // 2 - 1 - cell, cell)
            return cell[[0, 2, 1]] if swap else cell
        return [np.ascontiguousarray(a, np.float32) for a in (hu, heat, ignore, regression, weight)], moved

    def batch(self, n):
        self.origins = []
        return [np.stack(parts) for parts in zip(*[self.patch() for _ in range(n)])]

    def learn(self, probability, false_positive):
        """Remembers what the net made of the last batch: scores of nodules, patches with a false positive above 0.25 (the latest 60 a scan)."""
        for (scan, centre, inside), p, worst in zip(self.origins, probability, false_positive):
            for n, c in inside:
                lo = np.maximum(c - 1, 0)
                n['score'] = 0.5 * n['score'] + 0.5 * float(p[lo[0]:c[0] + 2, lo[1]:c[1] + 2, lo[2]:c[2] + 2].max())
            if worst > 0.25:
                scan.hard = (scan.hard + [centre])[-60:]
