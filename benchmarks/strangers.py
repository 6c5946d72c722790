"""What the app says of faces that no training picture resembles, and may be shown to everybody.

    python -m benchmarks.strangers [CHECKPOINT] [--save FOLDER]

The built-in clip (a person acts sadness, worry and joy), every frame alone; the same faces under
each fault of `trainer.confidence.faults`; and pictures that are no faces of the training kind:
the portrait drawn, masked, bent to a scowl. There "unsure" is the right answer, or a label that
people would give. `--save` writes these pictures.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ferdesk.bootstrap import prepare_environment
from ferdesk.errors import FerdeskError
from ferdesk.files import make_folder
from ferdesk.pictures import read_picture
from ferdesk.pipeline.types import FaceReading, Reading
from ferdesk.reader import Reader
from ferdesk.resources import asset
from ferdesk.vision.crop import align_face
from trainer.confidence.faults import DEGRADATIONS, degrade

Picture = NDArray[np.uint8]

ACTS: Final = (("sadness", 0, 140, ("sadness",)), ("worry", 145, 230, ("fear", "sadness")),
               ("joy", 250, 472, ("happiness",)))  # fmt: skip
"""What she acts, from which frame to which, and the labels that mean it (assets/THIRD_PARTY.md)."""
_BORDER: Final = 56
"""Pixels round a crop, so that the landmarker finds the face in it."""
_BROWS: Final = (
    (55, 65, 52, 53, 46, 107, 66, 105, 63, 70),
    (285, 295, 282, 283, 276, 336, 296, 334, 293, 300),
)
"""Left and right in the picture, lower and upper edge, each from the nose outwards."""
_CORNERS: Final = (61, 291)
_JAW: Final = (234, 93, 132, 58, 172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397,
               288, 361, 323, 454, 280, 195, 50)  # fmt: skip
"""Of a mask: from ear to ear under the chin, and back over the cheeks and the nose."""


def moved(picture: Picture, points: NDArray[np.float32], moves: dict[int, tuple[float, float]],
          spread: float) -> Picture:  # fmt: skip
    """`picture` with landmarks pushed by (right, down), in distances between the eyes, smoothly."""
    unit = float(np.linalg.norm(points[263, :2] - points[33, :2]))
    height, width = picture.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    shift = np.zeros((2, height, width), np.float32)
    for index, way in moves.items():
        far = ((x - points[index, 0]) ** 2 + (y - points[index, 1]) ** 2) / (spread * unit) ** 2
        shift += np.exp(-far)[None] * (np.float32(unit) * np.array(way, np.float32))[:, None, None]
    out = cv2.remap(
        picture, x - shift[0], y - shift[1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(out, np.uint8)


def scowl(picture: Picture, points: NDArray[np.float32], strength: float) -> Picture:
    """Brows down and together, the corners of the mouth down; the skin keeps its smile."""
    moves: dict[int, tuple[float, float]] = {}
    for side, brow in enumerate(_BROWS):
        inwards = 1.0 if side == 0 else -1.0
        for k, index in enumerate(brow):
            inner = 1 - (k % 5) / 4
            moves[index] = (strength * 0.02 * inwards * inner, strength * 0.05 * inner)
    for index, outwards in zip(_CORNERS, (-1.0, 1.0), strict=True):
        moves[index] = (-0.05 * strength * outwards, 0.16 * strength)
    return moved(picture, points, moves, 0.2)


def strange(picture: Picture, points: NDArray[np.float32]) -> dict[str, Picture]:
    """(H, W, 3) uint8 BGR pictures that are no faces of the training kind, by what they are."""
    drawn = cv2.pencilSketch(picture, sigma_s=60, sigma_r=0.07, shade_factor=0.05)[0]
    masked = picture.copy()
    cv2.fillPoly(masked, [points[list(_JAW), :2].round().astype(np.int32)], (214, 208, 196))
    mouth = points[[61, 291, 0, 17], :2]
    left, top = np.floor(mouth.min(axis=0) - 6).astype(int)
    right, bottom = np.ceil(mouth.max(axis=0) + 6).astype(int)
    turned = picture.copy()
    turned[top:bottom, left:right] = turned[top:bottom, left:right][::-1]
    chance = np.random.default_rng(1)
    bent = {int(i): tuple(chance.normal(0, 0.12, 2)) for i in chance.choice(468, 60, replace=False)}
    return {
        "as it is": picture,
        "pencil drawing": np.asarray(cv2.cvtColor(drawn, cv2.COLOR_GRAY2BGR), np.uint8),
        "painting": np.asarray(cv2.stylization(picture, sigma_s=60, sigma_r=0.45), np.uint8),
        "negative": np.asarray(255 - picture, np.uint8),
        "mask over mouth and nose": masked,
        "mouth upside down": turned,
        "bent to a scowl": scowl(picture, points, 1.0),
        "bent to a strong scowl": scowl(picture, points, 2.0),
        "bent at random": moved(picture, points, bent, 0.12),
    }


def row(name: str, face: FaceReading | None, threshold: float) -> str:
    """One line of the table of pictures."""
    if face is None:
        return f"{name:28} no face is found\n"
    best = int(face.probabilities.argmax())
    says = "unsure" if face.abstains(threshold) else face.label
    return (
        f"{name:28} {face.label:10} {face.probabilities[best]:5.0%} "
        f"{face.reliability or 0.0:5.0%}   {says:10} {face.reason}\n"
    )


def by_act(readings: Sequence[Reading], threshold: float) -> str:
    """Of each act the share of frames with a label, and how many of those are right."""
    lines = []
    for act, start, end, meant in ACTS:
        faces = [r.faces[0] for r in readings[start:end] if r.faces]
        told = [face for face in faces if not face.abstains(threshold)]
        right = sum(face.label in meant for face in told)
        every = sum(face.label in meant for face in faces)
        lines.append(
            f"{act:10} {end - start:6} {len(faces):6} {every / max(1, len(faces)):9.0%} "
            f"{len(told) / max(1, len(faces)):9.0%} {right / max(1, len(told)):9.0%}\n"
        )
    return "".join(lines)


def under_faults(reader: Reader, readings: Sequence[Reading], threshold: float, step: int) -> str:
    """Every `step`-th frame of sadness and joy under each fault: accuracy and mean reliability."""
    crops, meant = [], []
    for act, start, end, labels in ACTS:
        if act == "worry":
            continue
        for reading in readings[start:end:step]:
            if reading.faces:
                picture = np.ascontiguousarray(reading.frame.image[:, :, ::-1])
                crops.append(align_face(picture, reading.faces[0].landmarks.points))
                meant.append(labels)
    lines = []
    for fault in ("", *DEGRADATIONS):
        changed = degrade(np.stack(crops), fault, 1) if fault else np.stack(crops)
        right, sure, told, found = 0, 0.0, 0, 0
        for crop, labels in zip(changed, meant, strict=True):
            border = np.pad(crop, ((_BORDER, _BORDER), (_BORDER, _BORDER), (0, 0)), "edge")
            large = np.asarray(cv2.resize(border, None, fx=2, fy=2), np.uint8)
            faces = reader.read_image(large, colours="RGB").faces
            if not faces:
                continue
            found += 1
            right += faces[0].label in labels
            sure += faces[0].reliability or 0.0
            told += not faces[0].abstains(threshold)
        if found:
            lines.append(
                f"{fault or 'as they are':16} {found:4} of {len(crops)} {right / found:9.0%} "
                f"{sure / found:12.0%} {told / found:9.0%}\n"
            )
    return "".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("checkpoint", type=Path, nargs="?", help="default: the built-in one")
    parser.add_argument("--step", type=int, default=6, help="of the frames under faults")
    parser.add_argument("--save", type=Path, help="folder for the strange pictures")
    args = parser.parse_args(argv)
    write: Callable[[str], Any] = sys.stdout.write
    try:
        with Reader(args.checkpoint, max_faces=1) as reader:
            table = reader.card.risk_coverage
            threshold = 0.0 if table is None else table.for_coverage(0.8).threshold
            portrait = read_picture(asset("portrait.png"))
            points = reader.read_image(portrait, colours="BGR").faces[0].landmarks.points
            write(f"{reader.card.name}; a label from a reliability of {threshold:.0%} on\n\n")
            write("The portrait, changed       would be                     shows\n")
            for name, picture in strange(portrait, points).items():
                faces = reader.read_image(picture, colours="BGR").faces
                write(row(name, faces[0] if faces else None, threshold))
                if args.save is not None:
                    make_folder(args.save)
                    cv2.imwrite(str(args.save / f"{name}.png"), picture)
            readings = list(reader.read("sample"))
            write("\nThe clip   frames  faces     right  labelled  right of those\n")
            write(by_act(readings, threshold))
            write("\nUnder faults     faces         right  reliability  labelled\n")
            write(under_faults(reader, readings, threshold, args.step))
    except FerdeskError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    prepare_environment()
    sys.exit(main())
