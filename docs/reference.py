"""Writes the reference of the Python module to target/pdoc. What pdoc warns of is a failure.

It needs the module itself and what docs/requirements.txt names.
"""

import warnings
from pathlib import Path

import pdoc
import ucwa

warnings.simplefilter("error")
# pdoc looks for what annotations name where a class says that it is from; these say that they are from where users find them.
for kind in [ucwa.UcwaError, *ucwa.UcwaError.__subclasses__()]:
    kind.__module__ = "ucwa._errors"
pdoc.pdoc("ucwa", "ucwa.aio", "ucwa.testing", output_directory=Path(__file__).parents[1] / "target/pdoc")
