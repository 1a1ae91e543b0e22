"""Fully convolutional 3-D nodule detector: HU at 1 mm in, maps on a 2 mm grid out (one cell = 2 x 2 x 2 voxels)."""
import torch
from torch import nn
import torch.nn.functional as F


def conv_block(channels_in, channels_out):
    return nn.Sequential(nn.Conv3d(channels_in, channels_out, 3, padding=1, bias=False), nn.BatchNorm3d(channels_out), nn.ReLU(inplace=True))


class Residual(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.first = conv_block(channels, channels)
        self.second = nn.Sequential(nn.Conv3d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm3d(channels))

    def forward(self, x):
        return F.relu(x + self.second(self.first(x)), inplace=True)


class NoduleNet(nn.Module):
    """Small U-Net over cells of 2, 4 and 8 mm. Output: nodule logit, malignancy logit, log diameter (mm), centre offset z, y, x (cells)."""

    def __init__(self, c2=16, c4=32, c8=64):
        super().__init__()
        # Space to depth: the eight voxels of a cell become channels, in two windows. One-channel convolutions are an order slower on CPUs.
        self.stem = conv_block(16, c2)
        self.level2 = Residual(c2)
        self.down4 = conv_block(c2, c4)
        self.level4 = Residual(c4)
        self.down8 = conv_block(c4, c8)
        self.level8 = Residual(c8)
        self.up4 = conv_block(c8 + c4, c4)
        self.up2 = conv_block(c4 + c2, c2)
        self.head = nn.Conv3d(c2, 6, 1)
        self.head.bias.data[0] = -4.6  # nodules are rare: start at p = 0.01

    @staticmethod
    def windows(hu):
        """-1000..400 for solid and calcified nodules, -1000..-400 for ground glass."""
        return torch.cat([(hu.clamp(-1000, 400) + 500) / 500, (hu.clamp(-1000, -400) + 800) / 150], 1)

    @staticmethod
    def space_to_depth(x):
        return torch.cat([x[:, :, a::2, b::2, c::2] for a in (0, 1) for b in (0, 1) for c in (0, 1)], 1)

    def forward(self, hu):
        f2 = self.level2(self.stem(self.space_to_depth(self.windows(hu))))
        f4 = self.level4(self.down4(F.max_pool3d(f2, 2)))
        f8 = self.level8(self.down8(F.max_pool3d(f4, 2)))
        u4 = self.up4(torch.cat([F.interpolate(f8, scale_factor=2, mode='nearest'), f4], 1))
        u2 = self.up2(torch.cat([F.interpolate(u4, scale_factor=2, mode='nearest'), f2], 1))
        return self.head(u2)


class Exported(nn.Module):
    """With the activations the ONNX file has: 0 probability, 1 malignancy hint, 2 diameter mm (1 to 54.6), 3-5 centre offset z, y, x in mm."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, hu):
        y = self.net(hu)
        return torch.cat([torch.sigmoid(y[:, 0:2]), torch.exp(y[:, 2:3].clamp(0, 4)), 2 * y[:, 3:6]], 1)
