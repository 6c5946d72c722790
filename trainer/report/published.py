"""Figures from papers, each with where it was read. Never in one column with figures of our own."""

from __future__ import annotations

from dataclasses import dataclass

PAPER = (
    "Y. Sun, Facial Expression Recognition Method Based on Dynamic Weighted Attention and Noise "
    "Label Optimization, 2025"
)
NOT_COMPARABLE = (
    "These are other pictures: RAF-DB, with backbones trained on faces before. They cannot be "
    "compared with the figures measured here."
)


@dataclass(frozen=True, slots=True)
class Published:
    """One accuracy on the clean test pictures of RAF-DB, as its source prints it."""

    method: str
    noise: float
    """Share of the training labels that was changed, evenly to the other six expressions."""
    accuracy: float
    """In [0, 1]."""
    source: str
    std: float | None = None
    """Over training runs, where the source gives it."""
    backbone: str = ""
    """Image backbone, where the source gives it."""


def _rows(
    source: str, backbone: str, method: str, *percents: float, std: tuple[float, ...] = ()
) -> tuple[Published, ...]:
    """Accuracies at 10, 20 and 30 % noise; 0 where the source has none."""
    return tuple(
        Published(
            method, noise, round(value / 100, 4), source,
            round(std[i] / 100, 4) if std else None, backbone,
        )
        for i, (noise, value) in enumerate(zip((0.1, 0.2, 0.3), percents, strict=True))
        if value
    )  # fmt: skip


_TABLE_1 = "the paper, Table I"
_OURS = "IR50 + MobileFaceNet"
TABLE_1: dict[str, Published] = {
    "ours_baseline": Published("baseline", 0.3, 0.7143, _TABLE_1, backbone=_OURS),
    "ours_dwmca": Published("+DWMCA", 0.3, 0.7857, _TABLE_1, backbone=_OURS),
}
"""The ablation at 30 % noise by variant. Its last row is in Table IV, too; the paper has no row for
APCL alone."""

TABLES_2_TO_4: tuple[Published, ...] = (
    *_rows("the paper, Tables II–IV", "", "SCN", 82.18, 80.10, 77.46),
    *_rows("the paper, Tables II–IV", "", "DMUE", 83.19, 81.02, 79.41),
    *_rows("the paper, Tables II–IV", "", "RUL", 86.22, 84.34, 82.06),
    *_rows("the paper, Tables II–IV", "", "EAC", 88.02, 86.05, 84.42),
    *_rows("the paper, Tables II–IV", "", "Ada-DF", 87.81, 86.67, 84.38),
    *_rows("the paper, Tables II–IV", _OURS, "DWMCA+APCL", 89.97, 89.13, 87.22),
)

ELSEWHERE: tuple[Published, ...] = (
    *_rows("LA-Net's README", "ResNet-18", "cross entropy", 81.01, 77.98, 75.50),
    *_rows("D³FER, from notes on it", "ResNet-18", "cross entropy", 84.75, 81.45, 79.40),
    *_rows("EAC's README", "ResNet-50", "cross entropy", 83.44, 79.11, 71.67),
    *_rows("EAC's README", "ResNet-50", "EAC", 88.62, 87.35, 85.27),
    *_rows("LA-Net's README", "ResNet-18", "LA-Net", 88.75, 87.12, 85.33, std=(0.11, 0.16, 0.18)),
    *_rows("CLEX and D³FER, from notes on them", "ResNet-18", "NLA", 88.83, 0, 86.71),
    *_rows("D³FER, from notes on it", "2 × ResNet-18", "ReSup", 88.43, 0, 86.86),
    *_rows("from notes on it", "ResNet-18", "D³FER", 89.37, 87.29, 86.41),
    *_rows("from notes on it", "ResNet-18", "CLEX", 88.91, 0, 87.11, std=(0.09, 0, 0.08)),
    *_rows("from notes on it", "ResNet-18", "OTP-NS", 90.12, 88.91, 87.56),
    *_rows("a thread of EAC's author", "ResNet-50, no faces before", "EAC", 73.36, 71.21, 68.20),
)
"""Rows that the paper leaves out, among them baselines stronger than the ones it cites."""
