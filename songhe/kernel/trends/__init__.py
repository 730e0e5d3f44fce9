"""How a person's values move: slopes, change points, forecasts, and glucose metrics."""
