"""The table as arrays, and as a DataFrame where pandas is installed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from ferdesk.errors import FerdeskError
from ferdesk.table.columns import COLUMNS
from ferdesk.table.values import Value

if TYPE_CHECKING:
    import pandas

_TYPES: Final = {"text": np.dtype("U"), "count": np.dtype(np.int64), "number": np.dtype(float)}


def arrays(names: Sequence[str], rows: Sequence[Sequence[Value]]) -> dict[str, NDArray[np.generic]]:
    """One array per column, all (rows,): str, int64 or float64 by the kind of the column."""
    return {
        name: np.array([row[i] for row in rows], _TYPES[COLUMNS[name].kind])
        for i, name in enumerate(names)
    }


def dataframe(table: dict[str, NDArray[np.generic]]) -> pandas.DataFrame:
    """The same as a DataFrame. FerdeskError where pandas is not installed."""
    try:
        import pandas
    except ImportError as error:
        raise FerdeskError(
            "A DataFrame needs the package pandas; install it with 'pip install ferdesk[pandas]', "
            "or use the arrays."
        ) from error
    return pandas.DataFrame(table)
