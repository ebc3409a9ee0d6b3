"""Coverage, vote and best-of at every number of samples, from the one pool that a run has drawn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

import numpy as np
