"""Parquet, the form in which data sets of papers are published. Needs the extra `parquet`."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow
from pyarrow.parquet import ParquetFile

from ingest.sources.base import Entry, ReadOptions, entry_from
from ingest.sources.columns import find_columns

_ROWS = 1_024  # in memory at a time


def read_parquet(path: Path, source: str, options: ReadOptions) -> Iterator[Entry]:
    """The paper of each row; the line of a rejection is the number of the row. Streams.

    Raises OSError where the file breaks off.
    """
    with _opened(path) as file:
        header = file.schema_arrow.names
        columns = find_columns(header, options.columns)
        number = 0
        for batch in file.iter_batches(_ROWS, columns=[header[place] for place in columns.needed]):
            cells = [_cells(batch.column(header[place])) for place in columns.needed]
            for row in zip(*cells, strict=True):
                number += 1
                cell = dict(zip(columns.needed, row, strict=True)).get
                yield entry_from(columns.record(cell), source, number)


def check_parquet(path: Path, options: ReadOptions) -> None:
    """Raises ValueError where no column holds titles or abstracts, OSError where it is no Parquet."""
    with _opened(path) as file:
        find_columns(file.schema_arrow.names, options.columns)


@contextmanager
def _opened(path: Path) -> Iterator[ParquetFile]:
    try:
        with ParquetFile(path) as file:
            yield file
    except (pyarrow.ArrowException, MemoryError, OverflowError) as error:
        raise OSError("it is no Parquet, or damaged") from error


def _cells(column: pyarrow.Array) -> list[Any]:
    """The values of a column: dates as texts, as Python cannot hold all, None for what has no value."""
    try:
        if pyarrow.types.is_temporal(column.type):
            column = column.cast(pyarrow.string())
        return list(column.to_pylist())
    except (pyarrow.ArrowException, UnicodeDecodeError):
        return [_value(scalar) for scalar in column]


def _value(scalar: pyarrow.Scalar) -> Any:
    try:
        return scalar.as_py()
    except UnicodeDecodeError:
        if isinstance(scalar, pyarrow.ListScalar):
            return [_value(item) for item in scalar]
        if not hasattr(scalar, "as_buffer"):  # a record, say, of which no field is a paper's
            return None
        return scalar.as_buffer().to_pybytes().decode("utf-8", "replace")
    except (pyarrow.ArrowException, ValueError, OverflowError):
        return None
