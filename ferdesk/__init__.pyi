from ferdesk.errors import FerdeskError as FerdeskError
from ferdesk.model.labels import EXPRESSIONS as EXPRESSIONS
from ferdesk.pipeline.baseline import Baseline as Baseline
from ferdesk.pipeline.types import FaceReading as FaceReading
from ferdesk.pipeline.types import Reading as Reading
from ferdesk.reader import Reader as Reader
from ferdesk.session.session import Session as Session
from ferdesk.vision.blendshapes import BLENDSHAPES as BLENDSHAPES

__version__: str
