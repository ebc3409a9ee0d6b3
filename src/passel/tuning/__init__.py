"""Forecasts of methods on simulated problems (planted trees), and sweeps over the options of a method."""

from passel.tuning.assumptions import Assumptions
from passel.tuning.forecast import METHODS, Forecast, MethodForecast, Rung, forecast
from passel.tuning.from_pilot import from_pilot
from passel.tuning.ladders import LADDERS, ladder
from passel.tuning.reach import Measured, measured, reach, tokens_to_reach

__all__ = ["LADDERS", "METHODS", "Assumptions", "Forecast", "Measured", "MethodForecast", "Rung"]
__all__ += ["forecast", "from_pilot", "ladder", "measured", "reach", "tokens_to_reach"]
