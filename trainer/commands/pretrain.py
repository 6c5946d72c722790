"""pretrain: first weights for an image network, from landmarks and without any label."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from jsonargparse import ArgumentParser, Namespace

from ferdesk.errors import FerdeskError
from trainer.commands.options import training_parser


def parser() -> ArgumentParser:
    """The arguments of `pretrain`."""
    pretrain = training_parser(
        "Teach --train.backbone where the landmarks of the training pictures lie. No label is "
        "looked at. OUT is for --train.image_weights of `train` and `benchmark`; epochs, batches, "
        "rate of the backbone, sizes, seed and augmentation are those of --train."
    )
    pretrain.add_argument("--data", type=str, default="", help="LAYOUT:PATH")
    pretrain.add_argument("--out", type=Path, required=True, help="file to write (.safetensors)")
    return pretrain


def run(options: Namespace) -> None:
    """Write the weights and say how well the landmarks are found."""
    import torch
    from safetensors.torch import save

    from ferdesk.files import replacing
    from trainer.data.packed import load_split
    from trainer.data.sets import prepare
    from trainer.methods.classifier import input_of
    from trainer.training.landmark_task import LandmarkTask, learn_landmarks
    from trainer.training.progress import Progress
    from trainer.training.run_data import as_trained

    config = options.train
    config = replace(config, data=options.data or config.data)
    if not config.data:
        raise FerdeskError("There is no data set to learn from; give --data LAYOUT:PATH.")
    if options.out.suffix != ".safetensors":
        raise FerdeskError("--out names a file that ends in .safetensors.")
    torch.set_num_threads(config.threads)
    folder = prepare(config.data, options.cache, config.align, geometry=True)
    training = as_trained(load_split(folder, "train"), config)
    backbone, preprocessing, size, stride = input_of(config)
    task = LandmarkTask(
        backbone=backbone,
        image_size=size,
        coarse_stride=stride,
        epochs=config.epochs,
        batch_size=config.batch_size,
        lr=config.lr_backbone,
        weight_decay=config.weight_decay,
        bf16=config.precision == "bf16",
        seed=config.seed,
        augment=config.augment,
    )
    with Progress(options.progress) as progress:
        learned, explained = learn_landmarks(training, preprocessing, task, progress)
    with replacing(options.out) as file:
        file.write(save({k: v.contiguous() for k, v in learned.state_dict().items()}))
    sys.stdout.write(f"{explained:.1%} of the landmarks' variance explained; wrote {options.out}\n")
