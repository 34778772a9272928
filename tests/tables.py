"""Long tables of cases, each in one test."""

import inspect
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any


def in_one_test(names: str, cases: Iterable[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """As `pytest.mark.parametrize`, in one test that tells all cases that fail: for long tables.

    The cases share the test's fixtures.
    """
    parameters, table = names.split(", "), list(cases)

    def decorate(test: Callable[..., None]) -> Callable[..., None]:
        @wraps(test)
        def try_all(**fixtures: Any) -> None:
            failures = []
            for case in table:
                values = dict(zip(parameters, case if len(parameters) > 1 else (case,), strict=True))
                try:
                    test(**fixtures, **values)
                except Exception as error:
                    error.add_note(f"with {values}")
                    failures.append((values, error))
            if failures:
                named = f"{[values for values, _ in failures]} of {len(table)} cases"
                raise ExceptionGroup(named, [error for _, error in failures])

        signature = inspect.signature(test)
        others = [each for name, each in signature.parameters.items() if name not in parameters]
        try_all.__signature__ = signature.replace(parameters=others)
        return try_all

    return decorate
