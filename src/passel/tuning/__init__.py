"""What methods would come to, if the model and its verifier were as good as one assumes: planted trees, no model."""

from passel.tuning.assumptions import Assumptions
from passel.tuning.forecast import METHODS, Forecast, MethodForecast, Rung, forecast
from passel.tuning.from_pilot import from_pilot
from passel.tuning.ladders import LADDERS, ladder
from passel.tuning.reach import Measured, measured, reach, tokens_to_reach

__all__ = ["LADDERS", "METHODS", "Assumptions", "Forecast", "Measured", "MethodForecast", "Rung"]
__all__ += ["forecast", "from_pilot", "ladder", "measured", "reach", "tokens_to_reach"]
