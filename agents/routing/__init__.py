"""Where a model is called: the deployments of a route, their order, limits, breakers and health."""
