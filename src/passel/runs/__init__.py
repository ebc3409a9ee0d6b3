"""A plan, its session (opened models, driver, tools) and its record of trials."""
