"""Facts announced in the writer's transaction, and the jobs that hear of them.

`bus.publish(fact)` and `@bus.handles(Fact)`; `loops.register` for pumps and tickers.
"""
