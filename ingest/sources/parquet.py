"""Parquet, the form in which data sets of papers are published."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingest.sources.base import Entry, Reading, entry_from
from ingest.sources.columns import find_columns
from rag.plain import in_a_line

if TYPE_CHECKING:
    import pyarrow
    from pyarrow.parquet import ParquetFile

MAGIC = b"PAR1"
_ROWS = 1_024  # in memory at a time


def read_parquet(path: Path, source: str, reading: Reading) -> Iterator[Entry]:
    """The paper of each row; the line of a rejection is the number of the row. Streams.

    Raises OSError where the file breaks off.
    """
    with _opened(path) as file:
        header = file.schema_arrow.names
        columns = find_columns(header, reading.columns)
        number = 0
        for batch in file.iter_batches(_ROWS, columns=[header[place] for place in columns.needed]):
            cells = {place: _cells(batch.column(header[place])) for place in columns.needed}
            for row in range(batch.num_rows):
                number += 1
                yield entry_from(columns.record(_at(cells, row)), source, number)


def check_parquet(path: Path, name: str, reading: Reading) -> None:
    """Raises ValueError where title and abstract are in no column, OSError where it is no Parquet."""
    with _opened(path) as file:
        find_columns(file.schema_arrow.names, reading.columns)


@contextmanager
def _opened(path: Path) -> "Iterator[ParquetFile]":
    import pyarrow
    from pyarrow.parquet import ParquetFile

    try:
        with ParquetFile(path) as file:
            yield file
    except (pyarrow.ArrowException, MemoryError, OverflowError) as error:
        raise OSError(in_a_line(str(error))[:200] or type(error).__name__) from error


def _at(cells: dict[int, list[Any]], row: int) -> Callable[[int], Any]:
    return lambda place: cells[place][row]


def _cells(column: "pyarrow.Array") -> list[Any]:
    """The values of a column: dates as texts, as Python cannot hold all, None for what has no value."""
    import pyarrow

    try:
        if pyarrow.types.is_temporal(column.type):
            column = column.cast(pyarrow.string())
        return list(column.to_pylist())
    except (pyarrow.ArrowException, UnicodeDecodeError):
        return [_value(each) for each in column]


def _value(scalar: "pyarrow.Scalar") -> Any:
    import pyarrow

    try:
        return scalar.as_py()
    except UnicodeDecodeError:
        if isinstance(scalar, pyarrow.ListScalar):
            return [_value(each) for each in scalar]
        if not hasattr(scalar, "as_buffer"):  # a record, say, of which no field is a paper's
            return None
        return scalar.as_buffer().to_pybytes().decode("utf-8", "replace")
    except (pyarrow.ArrowException, ValueError, OverflowError):
        return None
