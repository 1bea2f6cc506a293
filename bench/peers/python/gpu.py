"""What PyTorch takes on a GPU for a step that Millrace is compared with; one JSON line of nanoseconds. --step append: the
caller's side of buf[i].copy_(x); preprocess: 64 uint8 frames of 1080p, BGR, to normalised 3x224x224, by events."""

import argparse
import time

import torch
import torch.nn.functional as functional

from report import report

parser = argparse.ArgumentParser()
parser.add_argument("--step", choices=["append", "preprocess"], required=True)
parser.add_argument("--batch", type=int, default=32)
parser.add_argument("--runs", type=int, default=100)
options = parser.parse_args()
device = torch.device("cuda")


def appends():
    buffer = torch.zeros([options.batch, 3, 224, 224], device=device)
    element = torch.ones([3, 224, 224], device=device)
    for run in range(-3, options.runs):
        began = time.perf_counter_ns()
        for i in range(options.batch):
            buffer[i].copy_(element)
        taken = (time.perf_counter_ns() - began) / options.batch
        torch.cuda.synchronize()
        if run >= 0:
            yield taken


def preprocesses():
    frames = torch.zeros([64, 1080, 1920, 3], dtype=torch.uint8, device=device)
    mean = torch.tensor([0.485, 0.456, 0.406], device=device).view(1, 3, 1, 1)
    deviation = torch.tensor([0.229, 0.224, 0.225], device=device).view(1, 3, 1, 1)
    begin = torch.cuda.Event(enable_timing=True)
    end = torch.cuda.Event(enable_timing=True)
    for run in range(-3, options.runs):
        begin.record()
        planes = frames.permute(0, 3, 1, 2).flip(1).float()
        small = functional.interpolate(planes, size=(224, 224), mode="bilinear", align_corners=False)
        _ = (small / 255 - mean) / deviation
        end.record()
        torch.cuda.synchronize()
        if run >= 0:
            yield begin.elapsed_time(end) * 1e6


report(appends() if options.step == "append" else preprocesses(), torch.__version__)
