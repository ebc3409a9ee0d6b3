"""What methods would come to, if the model and its verifier were as good as one assumes: planted trees, no model."""

from passel.measure.planning.assumptions import Assumptions
from passel.measure.planning.forecast import METHODS, Forecast, MethodForecast, Rung, forecast
from passel.measure.planning.ladders import LADDERS, ladder
from passel.measure.planning.pilot import from_pilot
from passel.measure.planning.reach import Measured, measured, reach, tokens_to_reach

__all__ = ["LADDERS", "METHODS", "Assumptions", "Forecast", "Measured", "MethodForecast", "Rung"]
__all__ += ["forecast", "from_pilot", "ladder", "measured", "reach", "tokens_to_reach"]
