"""Who signs in, for the examples beside this one.

It comes from the environment: UCWA_ADDRESS and UCWA_PASSWORD, and where they are needed UCWA_URL and UCWA_CA_FILE.
"""

from __future__ import annotations

import os
import sys

import ucwa


def sign_in() -> ucwa.Application:
    """Sign in, or end the program and say what is missing."""
    try:
        address, password = os.environ["UCWA_ADDRESS"], os.environ["UCWA_PASSWORD"]
    except KeyError as missing:
        sys.exit(f"error: the environment has no {missing.args[0]}; UCWA_ADDRESS and UCWA_PASSWORD say who signs in")
    url, ca_file = os.environ.get("UCWA_URL"), os.environ.get("UCWA_CA_FILE")
    return ucwa.sign_in(address, password=password, discovery_url=url, ca_file=ca_file)
