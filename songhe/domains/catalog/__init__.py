"""The catalogue of services: what is offered, in which steps, at which price (服务目录)."""
