"""All options of a training run. The defaults suit a CPU.

The text under a field is what `train --help` says of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Literal

from ferdesk.errors import FerdeskError
from ferdesk.model.config import (
    ARCHITECTURES,
    ArchitectureConfig,
    Corrections,
    Fusion,
    Gate,
    ImageBackbone,
    LandmarkBackbone,
    Witness,
)
from ferdesk.model.labels import NUM_EXPRESSIONS
from trainer.augment_options import AugmentConfig
from trainer.choices import check_choice
from trainer.method_options import AdaDfConfig, DmueConfig, EacConfig, RulConfig, ScnConfig
from trainer.ranges import SEEDS, THREADS, check_ranges, within

NoiseKind = Literal["none", "symmetric", "symmetric-exact", "asymmetric", "natural", "file"]
AnchorForm = Literal["bounded", "arbex", "paper"]
PrecisionChoice = Literal["auto", "float32", "bf16"]


@dataclass(frozen=True)
class NoiseConfig:
    """Wrong labels put on the training pictures, never on others. docs/method.md, "Noise"."""

    kind: NoiseKind = "none"
    """How wrong labels are drawn: to any class, to the class it is mistaken for, the labels that
    FER2013 had (natural), or from a file."""
    rate: float = within("[0, 1)", 0.0)
    """Chance that a label is replaced by a wrong one; kinds natural and file do not use it."""
    seed: int = within(SEEDS, 1)
    """Seed of the draw of wrong labels."""
    file: str = ""
    """For kind file: a label file of SCN, EAC or ReSup, the noise.csv of a run, or la-net for
    the draws of LA-Net's loader at this rate and seed, of which its own is 0."""


@dataclass(frozen=True)
class NetworkChanges:
    """Parts of the architecture switched for an ablation; None keeps what the architecture has."""

    image_backbone: ImageBackbone | None = None
    """Network of the image stream; null: that of the architecture, as in all of this group."""
    landmark_backbone: LandmarkBackbone | None = None
    """What the landmark stream is: MediaPipe's landmarks and blendshapes, a network, or nothing."""
    witness: Witness | None = None
    """Whether landmarks alone give an answer of their own, and whether it corrects the other."""
    cross_attention: bool | None = None
    """Whether the streams are joined by DWMCA; false: they are concatenated."""
    corrections: Corrections | None = None
    """Corrections of the purification: both, one of them, or none, where L_final is p."""
    fusion: Fusion | None = None
    """How p and t are weighed: by c_p and c_t over their sum, or by c_p and 1 - c_p."""
    gate: Gate | None = None
    """How DWMCA weighs the other stream: per channel, by one number per token, or not at all."""
    anchors_per_class: int | None = within("[1, 1000]", None)
    """Learned anchors per expression of the geometric correction."""
    detach_confidence: bool | None = None
    """Whether no gradient passes through the confidences."""
    dropout: float | None = within("[0, 0.99]", None)
    """Chance that a feature before the classifier is set to 0."""
    image_size: int | None = within("[32, 448]", None)
    """Width in pixels of the crop as the image stream sees it."""
    coarse_stride: int | None = within("[1, 2]", None)
    """Stride of the image network's last halving, for all methods; 1 leaves it out, so that a crop
    of 56 pixels has maps of 7×7 and not of 3×3. Not for the architecture paper."""
    landmark_size: int | None = within("[32, 448]", None)
    """Width in pixels of the crop as the landmark stream sees it."""

    def applied(self, architecture: ArchitectureConfig) -> ArchitectureConfig:
        """`architecture` with these changes."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return replace(architecture, **{k: v for k, v in values.items() if v is not None})


@dataclass(frozen=True)
class TrainConfig:
    """One run. A YAML preset fills it, the command line overrides it, the run folder keeps it.

    FerdeskError for a number that is out of its range.
    """

    data: str = ""
    """The data set as LAYOUT:PATH, for example ferplus:FOLDER or synthetic:2000."""
    align: bool | None = None
    """Whether pictures are cropped by landmarks as in the app; null: what the layout needs."""
    pictures: int = within("[0, inf)", 0)
    """Number of training pictures to use, drawn with the seed; 0: all."""
    overrides: str = ""
    """A CSV of corrected labels (name,label), as the page of an audit saves it; they replace those
    of the data set and of the noise."""
    hard_labels: bool = False
    """Train on one label per picture even where the data set has votes; noise implies it."""
    noise: NoiseConfig = field(default_factory=NoiseConfig)

    name: str = "live"
    """Name of the checkpoint, shown in the app."""
    notes: str = ""
    """Free text for the checkpoint's card."""
    method: str = "ours"
    """The training method, a module of trainer.methods: ours, cross_entropy, scn, dmue, …"""
    architecture: str = "live"
    """The network of method ours: paper, live or tiny."""
    network: NetworkChanges = field(default_factory=NetworkChanges)
    backbone: str = "resnet18"
    """Image network of the methods other than ours; a name of ferdesk.model.backbones."""
    scn: ScnConfig = field(default_factory=ScnConfig)
    dmue: DmueConfig = field(default_factory=DmueConfig)
    rul: RulConfig = field(default_factory=RulConfig)
    eac: EacConfig = field(default_factory=EacConfig)
    ada_df: AdaDfConfig = field(default_factory=AdaDfConfig)
    start_from: str = ""
    """A checkpoint of the same architecture whose weights the run starts from."""
    landmark_weights: str = ""
    """File with published weights of the landmark stream, which is not trained."""
    image_weights: str = ""
    """File with published weights that the image stream starts from; empty: random ones."""
    grayscale: bool = True
    """Whether the network sees grey pictures."""
    detail: int = within("0 or [16, 112]", 56)
    """Detail the network sees: pixels across the crop; 0: all 112."""
    shrink_first: bool = False
    """Whether crops are shrunk to `detail` before they are augmented and not behind that, which is
    faster and nearly the same; the checkpoint takes crops of 112 pixels all the same."""

    epochs: int = within("[1, 100000]", 8)
    """Passes over the training pictures."""
    batch_size: int = within("[1, 65536]", 64)
    """Pictures per step."""
    micro_batches: int = within("[1, 65536]", 1)
    """Parts in which a batch is computed, one after the other or one per process."""
    sampler: Literal["full", "balanced", "square-root"] = "full"
    """Pictures of an epoch: each one once, as many of each class, or more of rare classes."""
    per_class: int = within("[1, 1000000]", 500)
    """Pictures per class and epoch of the balanced sampler."""
    optimizer: Literal["adamw", "adam"] = "adamw"
    """The optimiser that changes the weights."""
    schedule: Literal["cosine", "exponential"] = "cosine"
    """How learning rates fall after the warm-up."""
    gamma: float = within("(0, 1]", 0.9)
    """Factor on the learning rates per epoch of the exponential schedule."""
    lr_backbone: float = within("[0, inf)", 5e-4)
    """Learning rate of the backbone."""
    lr_head: float = within("[0, inf)", 1e-3)
    """Learning rate of all other layers."""
    weight_decay: float = within("[0, inf)", 1e-4)
    """Strength of the weight decay."""
    warmup_steps: int = within("[0, inf)", 100)
    """Steps over which learning rates rise to their value, at most a quarter of the run; the
    exponential schedule has none."""
    clip_norm: float = within("[0, inf)", 5.0)
    """Largest norm of the gradient; 0: no limit."""
    ema_decay: float = within("[0, 1)", 0.998)
    """Decay per step of the moving average of the weights; 0: no average."""
    precision: PrecisionChoice = "auto"
    """Numbers the network computes with; auto: bf16 where the GPU has it, else float32."""
    compile: bool = False
    """Whether torch.compile makes steps faster, after minutes at the start."""

    trust_ramp: float = within("[0, 1]", 0.33)
    """Share of the run over which the answer moves from p alone to the full purification; not in
    the paper, 0 is without."""
    lambda_cls: float = within("[0, inf)", 1.0)
    """Weight of the class loss on L_final."""
    lambda_anchor: float = within("[0, inf)", 1.0)
    """Weight of the anchor loss."""
    lambda_centre: float = within("[0, inf)", 0.1)
    """Weight of the centre loss. The paper asks for losses of one scale: a squared distance of 128
    numbers, it starts at 19, the class loss at 1.95."""
    lambda_primary: float = within("[0, inf)", 0.0)
    """Weight of a class loss on p itself; not in the paper."""
    anchor_form: AnchorForm = "bounded"
    """Form of the anchor loss: bounded is ours, paper as printed, arbex as in ARBEx's code;
    docs/method.md compares them."""
    refurbish: float = within("[0, 1]", 0.0)
    """Largest share of the network's own earlier answer in the target; not in the paper."""
    lambda_flip: float = within("[0, inf)", 0.0)
    """Weight of the disagreement with the mirrored, partly erased picture; not in the paper."""
    teacher: tuple[str, ...] = ()
    """Checkpoints whose mean L_final, over the picture and its mirror image, is taught besides the
    labels (distillation); they are asked once."""
    lambda_teacher: float = within("[0, inf)", 1.0)
    """Weight of the difference from the teachers."""
    lambda_witness: float = within("[0, inf)", 1.0)
    """Weight of the class loss of p_lm, which trains the witness alone."""

    holdout: float = within("[0, 1)", 0.05)
    """Share of the training part kept for watching and calibration."""
    measure_on: Literal["none", "valid", "test"] = "none"
    """Part with clean labels measured after every epoch for the report; nothing is chosen on it."""
    seed: int = within(SEEDS, 1)
    """Seed of all that is drawn: weights, order, changes of the pictures."""
    threads: int = within(THREADS, 2)
    """CPU threads."""
    tensorboard: bool = False
    """Whether TensorBoard's files are written."""
    augment: AugmentConfig = field(default_factory=AugmentConfig)

    def __post_init__(self) -> None:
        check_ranges(self, "--train.")
        if self.shrink_first and not self.detail:
            raise FerdeskError(
                "--train.shrink_first shrinks crops to --train.detail, which is 0; give both."
            )

    @property
    def takes_geometry(self) -> bool:
        """Whether the run needs the landmarks of its faces."""
        return self.method == "ours" and self.architecture_config().takes_geometry

    def updates_per_epoch(self, pictures: int) -> int:
        """Updates of the weights in an epoch on so many training pictures of all expressions."""
        draws = NUM_EXPRESSIONS * self.per_class if self.sampler == "balanced" else pictures
        return max(1, draws // self.batch_size)

    def architecture_config(self) -> ArchitectureConfig:
        """The architecture with its changes. FerdeskError for an unknown name, and for changes that
        it cannot have."""
        check_choice("architecture", self.architecture, ARCHITECTURES)
        found = self.network.applied(ARCHITECTURES[self.architecture])
        if found.scales == "pyramid" and found.coarse_stride != 2:
            raise FerdeskError(
                f"The architecture '{self.architecture}' needs a coarse_stride of 2; drop "
                "--train.network.coarse_stride or take another architecture."
            )
        return found
